// What a member must never forget: on disk before anything that follows from it is said.
#pragma once

#include <vector>

#include "rafted/ids.hpp"

namespace rafted::core {

/// An entry's place. As the end of a log, in the order of §5.4.1: the later term wins, then the
/// longer log.
struct LogPlace {
    Term term;
    Index index;
    auto operator<=>(const LogPlace&) const = default;
};

struct HardState {
    Term term;
    NodeId vote;  ///< Voted for in `term`; none if zero.
    /// Removed by force on this member alone (A9), until a committed member list agrees.
    std::vector<NodeId> forced_out;
    /// Where the log ended that was let go when this member was removed. Should it join again, old
    /// lists with its vote come along, and what it acknowledged then was committed with it: until
    /// its log is up to this again, it stands for nothing less and votes for nothing less.
    LogPlace let_go{};
    bool operator==(const HardState&) const = default;
};

}  // namespace rafted::core
