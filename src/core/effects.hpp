// Everything a member may ask of the world. The order of the fields is the order in which the host
// performs them; this struct is the safety argument.
//   1. send_now holds only requests of a sitting leader: its term is on disk already, and its own
//      write may overlap with theirs (thesis §10.2.1).
//   2. Everything else that is said is a promise and stands in send_after_write.
//   3. The write is done as one: hard_state, truncate_from, append, repair, snapshot_to_save.
//      When it is durable the host sends send_after_write and returns when_durable as an input.
#pragma once

#include <optional>
#include <vector>

#include "core/input.hpp"

namespace rafted::core {

/// An accepted request stands at this place in the log; it is done when that entry is applied, and
/// its outcome unknown when the place goes to another entry or the lead is lost.
struct Accepted {
    RequestId request = 0;
    Index index;
    Term term;
    bool operator==(const Accepted&) const = default;
};

/// A read may be answered once the value has applied `index`.
struct ReadReady {
    RequestId request = 0;
    Index index;
    bool operator==(const ReadReady&) const = default;
};

/// The end of a request that needs no entry: refused, or done (no error).
struct Answer {
    RequestId request = 0;
    std::optional<ErrorCode> error;
    NodeId leader;  ///< With not_leader: who leads, if known.
    bool operator==(const Answer&) const = default;
};

struct RoleChange {
    Role role = Role::follower;
    Term term;
    NodeId leader;
    bool operator==(const RoleChange&) const = default;
};

/// A leader has another entry where one is committed here: one of the two has lost what a majority
/// had on disk, and no rule of the protocol says which.
struct Contradiction {
    Index index;
    Term here;
    Term there;
    NodeId leader;
    bool operator==(const Contradiction&) const = default;
};

struct Effects {
    std::vector<Message> send_now;
    std::optional<HardState> hard_state;
    bool let_go_log = false;  ///< What the disk has of a log is of no use: drop all of it.
    std::optional<Index> truncate_from;  ///< Drop this entry and all after it...
    std::vector<Entry> append;           ///< ...then append these.
    std::vector<Entry> repair;           ///< Put these in place of what the disk has damaged.
    std::vector<SnapshotPiece> snapshot_to_save;
    std::optional<Persisted> when_durable;  ///< Set exactly if there is something to write.
    std::vector<Message> send_after_write;
    std::optional<Index> compact_below;         ///< Storage may drop entries before this one.
    std::optional<SnapshotMeta> load_snapshot;  ///< The value becomes this, then goes on.
    std::vector<Entry> committed;               ///< Apply these, in order.
    std::optional<Index> hooks_done;            ///< The leader ran its hooks up to here.
    std::vector<Accepted> accepted;
    std::vector<ReadReady> reads_ready;
    std::vector<Answer> answers;
    std::optional<RoleChange> role_changed;
    std::optional<Members> members_changed;      ///< The list now in force (for addresses).
    std::optional<Contradiction> contradiction;  ///< This member must take no part any more.
    Time wake_at = never;                        ///< Give TimePassed then at the latest.

    bool operator==(const Effects&) const = default;
    /// As if new, but for memory that the next step can use again.
    void clear();
    bool has_write() const { return when_durable.has_value(); }
    /// The write and what stands behind it, without all that is done at once: for whoever performs
    /// a write later than the step.
    Effects write_alone() const;
};

}  // namespace rafted::core
