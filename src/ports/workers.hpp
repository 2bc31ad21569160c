// The port to the threads that run values: a value, hook or snapshot that takes seconds must not
// hold up the loop.
//   1. Jobs of one lane run one after the other, in the order given; lanes run side by side.
//   2. post() never blocks and never runs the job itself.
//   3. What is done in the background takes no thread from what somebody waits for.
#pragma once

#include <cstdint>

#include "ports/job.hpp"

namespace rafted::ports {

using Lane = std::uint64_t;

enum class Urgency : std::uint8_t { prompt, background };

class Workers {
public:
    virtual ~Workers() = default;
    virtual Lane open_lane(Urgency urgency) = 0;
    virtual void post(Lane lane, Job job) = 0;
};

}  // namespace rafted::ports
