// Everything that can happen to a member. Each input that somebody waits for carries a RequestId;
// the effects of some later step answer it.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "core/hard_state.hpp"
#include "core/message.hpp"

namespace rafted::core {

/// Chosen by the host, unique among the requests that wait at one member.
using RequestId = std::uint64_t;

struct Received {
    Message message;
    bool operator==(const Received&) const = default;
};

/// Append a command (or the opening of a session).
struct Propose {
    RequestId request = 0;
    EntryKind kind = EntryKind::command;
    Bytes payload;
    LogTime wall_time{};  ///< The host's wall clock, for log time.
    bool operator==(const Propose&) const = default;
};

/// Ask for an index at which a linearizable read may be served (thesis §6.4).
struct Read {
    RequestId request = 0;
    bool operator==(const Read&) const = default;
};

struct ChangeMembers {
    enum class Act : std::uint8_t { add, promote, remove, set_address };
    RequestId request = 0;
    Act act = Act::add;
    /// add: whole, standing joining or learner. Else only `id` (and `address` for set_address).
    /// A follower refuses all of them, and passes an address on to its leader.
    Peer peer;
    bool operator==(const ChangeMembers&) const = default;
};

struct ChangeConfig {
    RequestId request = 0;
    GroupConfig config;
    bool operator==(const ChangeConfig&) const = default;
};

/// Hand the lead to `target`; without one, give up a hand-over that is under way.
struct TransferLead {
    RequestId request = 0;
    std::optional<NodeId> target;
    /// Not before a majority has all of the log without this leader: else whoever leads next could
    /// begin its term no better than this one can end its own.
    bool if_others_suffice = false;
    bool operator==(const TransferLead&) const = default;
};

/// Forget a member on this member alone: recovery from a lost majority, never safe by itself (A9).
struct ForceRemove {
    RequestId request = 0;
    NodeId target;
    bool operator==(const ForceRemove&) const = default;
};

/// A write the effects asked for is durable. The host returns what Effects::when_durable held.
struct Persisted {
    HardState hard_state;
    Index last;                            ///< Last entry of the log that is durable...
    Term last_term;                        ///< ...if it still has this term.
    std::optional<SnapshotMeta> snapshot;  ///< A received snapshot is whole, verified and in place.
    std::vector<Index> repaired{};         ///< Damaged entries that are whole again.
    bool let_go_log = false;               ///< The log that was of no use is gone.
    bool operator==(const Persisted&) const = default;
};

/// Writes were refused for want of space, and none is under way any more: what they held is not
/// durable and must be given out again. What had to wait for them is not to be sent.
struct WriteRefused {
    bool operator==(const WriteRefused&) const = default;
};

/// The received snapshot did not verify; start over. Or, to a leader: this snapshot, which it is
/// sending, cannot be read any more; if there is a newer one, that goes instead.
struct SnapshotBroken {
    SnapshotMeta meta;
    bool operator==(const SnapshotBroken&) const = default;
};

/// The member's own value has been saved up to here; the log may let go of what it covers.
struct SnapshotSaved {
    SnapshotMeta meta;
    bool operator==(const SnapshotSaved&) const = default;
};

/// The leader hooks of this member have run for everything up to here.
struct HooksRan {
    Index upto;
    bool operator==(const HooksRan&) const = default;
};

/// The group has had nothing to do for long enough: a leader falls silent if all others agree.
struct Quiesce {
    bool operator==(const Quiesce&) const = default;
};

/// Nobody vouches any more for those who have fallen silent: a leader speaks again, a follower has
/// heard nobody for an election timeout.
struct Unquiesce {
    bool operator==(const Unquiesce&) const = default;
};

/// Effects::wake_at has come (any time will do; too early is harmless).
struct TimePassed {
    bool operator==(const TimePassed&) const = default;
};

using Input = std::variant<Received, Propose, Read, ChangeMembers, ChangeConfig, TransferLead,
                           ForceRemove, Persisted, WriteRefused, SnapshotBroken, SnapshotSaved,
                           HooksRan, Quiesce, Unquiesce, TimePassed>;

}  // namespace rafted::core
