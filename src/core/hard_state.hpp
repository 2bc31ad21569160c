// What a member must never forget: on disk before anything that follows from it is said.
#pragma once

#include <vector>

#include "rafted/ids.hpp"

namespace rafted::core {

struct HardState {
    Term term;
    NodeId vote;  ///< Voted for in `term`; none if zero.
    /// Removed by force on this member alone (A9), until a committed member list agrees.
    std::vector<NodeId> forced_out;
    bool operator==(const HardState&) const = default;
};

}  // namespace rafted::core
