// What is going to happen in a run, drawn from its seed before it begins: the group's config, the
// pace of everything, which faults are on, when each strikes, and when clients ask for what. What a
// strike does to whom is decided when it comes (nemesis.hpp), from the number it carries.
//   1. Equal options give equal plans. Leaving out a strike or an operation changes no other.
#pragma once

#include <vector>

#include "rafted/sim.hpp"
#include "sim/world.hpp"

namespace rafted::sim {

struct Strike {
    unsigned number = 0;  ///< Its place in the whole plan.
    core::Duration at{};  ///< Since the start of the weather.
    core::Duration lasts{};
    Fault fault = Fault::drop;
    std::uint64_t choice = 0;  ///< Decides who is hit, and how.
};

struct PlannedCall {
    unsigned number = 0;
    core::Duration at{};
    unsigned client = 0;
    std::uint64_t choice = 0;
};

struct Plan {
    Options options;
    Faults on;  ///< After the swarm's choice.
    bool durable = true;
    GroupConfig config;
    WorldOptions world;
    std::vector<Strike> strikes;
    std::vector<PlannedCall> calls;
    core::Duration time{};
};

/// Fails with invalid, naming the option and its range.
Result<Plan> plan_of(const Options& options);

}  // namespace rafted::sim
