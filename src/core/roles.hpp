// The roles as types: what a role does not have cannot be touched in it (Figure 4, with pre-vote).
//
//                     ┌──────── a current leader is heard, or a larger term ────────┐
//                     ▼                                                             │
//     start ──► Follower ──timeout──► PreCandidate ──majority──► Candidate ──majority──► Leader
//                     │                    ▲  │ timeout: again       │ timeout          │
//                     │ TimeoutNow         └──┴──────────────────────┘                  │
//                     ├──────────────────────────────────────► Candidate                │
//                     └──► Removed  (told so, or its own removal is committed)          │
//     Leader ──no majority heard for two election timeouts, or lead handed over──► Follower
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "core/effects.hpp"
#include "core/progress.hpp"
#include "core/quorum.hpp"

namespace rafted::core {

struct Follower {
    bool quiescent = false;  ///< It has agreed to hear no heartbeats, and holds no election.
    bool operator==(const Follower&) const = default;
};

/// Asks whether an election would be won, without touching any term (thesis §9.6).
struct PreCandidate {
    Votes votes;
    bool operator==(const PreCandidate&) const = default;
};

struct Candidate {
    Votes votes;  ///< Its own is in only once it is on disk.
    bool handed_over = false;
    bool operator==(const Candidate&) const = default;
};

/// A read that waits for a round to be confirmed by a majority (thesis §6.4).
struct PendingRead {
    RequestId request = 0;
    Index index;  ///< What must be applied before it is answered.
    std::uint64_t round = 0;
    bool operator==(const PendingRead&) const = default;
};

/// A leader that wants to fall silent, or has.
struct Quiescence {
    std::uint64_t round = 0;  ///< Of its request; answers to others do not count.
    std::set<NodeId> agreed{};
    std::optional<Time> agreed_at{};  ///< When all followers had: it is silent.
    bool operator==(const Quiescence&) const = default;
};

struct Leader {
    std::map<NodeId, Progress> followers;  ///< Everyone in the list in force but itself.
    Index term_start;                      ///< Its own `elected` entry.
    /// When it began to send, at first or after a silence: nobody could answer before.
    Time since{};
    std::uint64_t round = 0;         ///< Of the newest broadcast.
    std::uint64_t read_round = 0;    ///< The newest broadcast that went to every voter.
    std::vector<PendingRead> reads;  ///< In order of round.
    std::optional<Quiescence> quiescence;
    bool is_silent() const { return quiescence && quiescence->agreed_at; }
    bool operator==(const Leader&) const = default;
};

struct Removed {
    bool operator==(const Removed&) const = default;
};

using RoleState = std::variant<Follower, PreCandidate, Candidate, Leader, Removed>;

}  // namespace rafted::core
