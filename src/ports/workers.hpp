// The port to the threads that run values: a value, hook or snapshot that takes seconds must not
// hold up the loop.
//   1. Jobs of one lane run one after the other, in the order given; lanes run side by side.
//   2. post() never blocks and never runs the job itself.
#pragma once

#include <cstdint>
#include <functional>

namespace rafted::ports {

using Lane = std::uint64_t;

class Workers {
public:
    virtual ~Workers() = default;
    virtual Lane open_lane() = 0;
    virtual void post(Lane lane, std::function<void()> job) = 0;
};

}  // namespace rafted::ports
