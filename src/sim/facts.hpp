// What an onlooker sees of a group: the image of each node, and the facts that change it. Checkers
// judge by these alone, never by asking the code that is judged; a model of another system can be
// judged by the same checkers if it tells the same facts.
//   1. Times are true time: that of the world, whatever the nodes' clocks say.
//   2. An image's memory is what the node goes by; its disk is what would be there after a power
//      cut that loses everything that was not synced.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/hard_state.hpp"
#include "core/message.hpp"
#include "rafted/machine.hpp"
#include "rafted/status.hpp"
#include "sim/log_image.hpp"

namespace rafted::sim {

struct NodeImage {
    NodeId id;
    GroupId group;             ///< The incarnation it is a member of.
    bool is_up = false;        ///< A process runs and holds a seat in the group.
    bool is_gone = false;      ///< It and its disk are lost for good.
    bool was_removed = false;  ///< It has learnt so: of its disk only the hard state still binds.
    unsigned starts = 0;       ///< Of its process, so far.

    // In memory; meaningless while it is down.
    core::HardState hard;
    Role role = Role::follower;
    LogImage log;
    Index snapshot;  ///< Last entry the newest own snapshot covers.
    Index applied;   ///< Handed out to be applied.
    Index commit;
    core::Members members;     ///< In force here.
    Index members_at;          ///< The entry that brought them.
    bool is_changing = false;  ///< They are not known to be committed.
    bool owes = false;         ///< Its disk has damaged entries that it has yet to get back.
    bool has_lease = false;    ///< Would answer a linearizable read from its own state now.
    bool is_silent = false;    ///< Quiescent: no heartbeats go between it and the others.
    std::uint64_t log_bytes = 0;
    core::Time clock{};                 ///< Its own, at its last step.
    core::Duration election_timeout{};  ///< Of the config in force here.

    // On disk.
    bool is_durable = true;  ///< Off: it keeps nothing, and never comes back.
    core::HardState disk_hard;
    LogImage disk_log;
    Index disk_snapshot;
    Term disk_snapshot_term;
    /// Entries from here on may go with a truncation that is on its way to the disk.
    std::optional<Index> cut_pending{};
    /// A received snapshot that is on its way to the disk as a whole.
    std::optional<core::SnapshotMeta> installing{};
    /// Entries from here on may go by a write that is under way and has not been told of: cut off,
    /// or because the log begins anew behind a snapshot whose last entry it does not hold.
    std::optional<Index> may_go_from() const {
        const auto& meta = installing;
        const bool restarts = meta && disk_log.term_at(meta->index) != meta->term;
        if (!restarts) return cut_pending;
        return std::min(cut_pending.value_or(meta->index + 1), meta->index + 1);
    }
    /// What the disk held before its newest write, less what that write has taken away.
    struct Settled {
        core::HardState hard;
        Index last;
        Term last_term;
    } settled;
    std::uint64_t newest_write = 0;
};

using Images = std::map<NodeId, NodeImage>;

/// A process has started and sits in the group with what it found (or nothing: it is new).
struct Started {
    const NodeImage& node;         ///< As it is now.
    const NodeImage& before;       ///< As it was when it went down; only the disk's part counts.
    bool disk_was_harmed = false;  ///< Bits were flipped while it was down: it may know less.
    bool has_gap = false;          ///< Its entries do not follow each other.
};

/// What one step has changed. The image is as it is after the step. Entries that were handed to
/// the disk a second time, unchanged, are neither truncated nor appended.
struct Stepped {
    const NodeImage& node;
    core::HardState hard_before;
    Role role_before = Role::follower;
    Index commit_before;
    Index applied_before;
    Index last_before;
    Index members_at_before;
    const core::Members& members_before;  ///< In force before the step.
    std::optional<Index> truncated_from;
    std::span<const EntryMark> appended;
    /// The log was replaced by a received snapshot that ends here.
    std::optional<Index> restored_to;
    bool has_gap = false;  ///< What was appended does not follow the log.
    /// Whose answers to requests of its own term this leader has taken.
    std::span<const NodeId> heard{};
};

/// It has left its sender; whether it arrives is another matter. Told after the step that made it,
/// and after the write that it had to wait for.
struct Sent {
    const NodeImage& from;
    const core::Message& message;
};

/// A write of the node has become durable; the image's disk is as it is after it.
struct Synced {
    const NodeImage& node;
    core::HardState hard_before;
    bool has_gap = false;  ///< What was written does not follow the log on disk.
};

struct Crashed {
    const NodeImage& node;
};

/// A process could not start, for what it has read of its disk.
struct NotStarted {
    const NodeImage& node;
    bool disk_was_harmed = false;
    std::string why;
};

/// A node has answered that it has forced a member out.
struct ForcedOut {
    NodeId node;
    NodeId target;
    core::Time asked{};
};

/// The value of a node has run the command of an entry. Not told for a retry that the sessions have
/// answered; may be told or not for entries that hold no command.
struct Applied {
    NodeId node;
    Index index;
    Term term;
    std::uint64_t operation = 0;         ///< Of the client; zero: not a client's command.
    std::uint64_t result = 0;            ///< Digest of the result.
    std::optional<std::uint64_t> state;  ///< Digest of the value's bytes after it, if taken.
};

/// A query has been answered by the value of a node.
struct Queried {
    NodeId node;
    Index index;  ///< What the value had applied.
    std::uint64_t operation = 0;
    bool is_stale = false;
    std::uint64_t result = 0;  ///< Digest of the answer; zero: not told.
};

/// A snapshot, its own or a received one, stands in a node's storage.
struct Snapshotted {
    NodeId node;
    core::SnapshotMeta meta;
    std::uint64_t checksum = 0;  ///< Of all its bytes.
};

enum class HookKind : std::uint8_t { command, query, added, removed, elected, restored };

/// A leader hook begins to run.
struct HookRan {
    NodeId node;
    HookKind kind = HookKind::command;
    Index index;
    Term term;  ///< Of the leadership it runs under.
    bool replaying = false;
    std::uint64_t operation = 0;  ///< Of command and query hooks.
};

enum class CallKind : std::uint8_t { command, query, stale_query };

struct Called {
    std::uint64_t operation = 0;  ///< Unique; not zero.
    unsigned client = 0;
    CallKind kind = CallKind::command;
    core::Time at{};
};

enum class Outcome : std::uint8_t { ok, no, unknown };

struct Replied {
    std::uint64_t operation = 0;
    Outcome outcome = Outcome::unknown;  ///< no: it has not happened and never will.
    std::uint64_t result = 0;            ///< ok: digest of the result.
    core::Time at{};
};

/// The group goes on alone on this node, by force: what only the others had is given up. From now
/// on only members of the new incarnation are spoken of.
struct Recovered {
    const NodeImage& node;  ///< Of the new incarnation, not started yet.
    Index kept;             ///< The last entry of the history so far that lives on.
};

/// Clocks may drift further apart from now on than the configured margin allows, in a run whose
/// leases are on: what rests on leases is not judged any more. Never told in a run without leases,
/// which is judged in full whatever the clocks do.
struct ClocksOff {
    core::Time since{};
};

/// What is bounded, as it is now at a node.
struct Load {
    NodeId node;
    std::uint64_t log_bytes = 0;
    std::uint64_t uncommitted_bytes = 0;
    std::uint64_t inflight_bytes = 0;  ///< To the follower that has most.
    std::uint64_t sessions = 0;
    GroupConfig config;
};

/// Faults have stopped; this majority stays up and connected, and the group must come to rest.
struct Calm {
    core::Time since{};
    std::vector<NodeId> live;
    core::Duration election_timeout{};
};

/// The end of the run, after the calm.
struct Ended {
    core::Time at{};
    bool fresh_write_ok = false;  ///< A write made after the calm began was acknowledged.
    bool fresh_read_ok = false;
    std::optional<core::Time> leader_since{};  ///< When the one leader of the calm was there.
    std::optional<core::Time> equal_since{};   ///< When all live members had become equal.
    std::uint64_t messages_per_second = 0;     ///< In the last second of rest, per member.
};

}  // namespace rafted::sim
