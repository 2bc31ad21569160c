// Somebody who looks on as a node's members are stepped, for simulations and traces: the one door
// through which every input and every effect of a member can be seen.
//   1. Called on the loop, after the step and before its effects are performed.
//   2. Looks, and changes nothing.
#pragma once

#include <span>
#include <string>

#include "core/member.hpp"

namespace rafted::host {

struct Stepped {
    const std::string& group;
    GroupId id;
    core::Time now;  ///< By the node's own clock.
    std::span<const core::Input> inputs;
    const core::Effects& effects;
    const core::Member& member;  ///< As it is after the step.
};

class Watch {
public:
    virtual ~Watch() = default;
    /// A member takes its seat with what it found, or was founded or invited with.
    virtual void seated(const std::string& group, GroupId id, const core::Start& start,
                        const core::Member& member) = 0;
    virtual void stepped(const Stepped& step) = 0;
};

}  // namespace rafted::host
