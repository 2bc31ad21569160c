// What members of one group say to each other. The table of messages with a drawing per exchange
// is docs/protocol.md; the bytes are core/codec.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/entry.hpp"
#include "core/hard_state.hpp"
#include "core/members.hpp"
#include "core/time.hpp"
#include "rafted/config.hpp"
#include "rafted/ids.hpp"

namespace rafted::core {

/// Put on every request by the leader and echoed in the answer, so that leases count from the
/// sending and a read knows which round confirmed it. Only its author understands it.
struct Stamp {
    std::uint64_t round = 0;  ///< Counts the leader's broadcasts within its term.
    Time sent_at{};           ///< By the author's own steady clock.
    bool operator==(const Stamp&) const = default;
};

/// AppendEntries (Figure 2); without entries it is a heartbeat.
struct AppendRequest {
    Index prev_index;
    Term prev_term;
    Index commit;
    Index hooks_done;  ///< Leader hooks have run for everything up to here.
    Stamp stamp;
    std::vector<Entry> entries;
    bool operator==(const AppendRequest&) const = default;
};

struct AppendReply {
    bool accepted = false;
    /// Accepted: the last index *this request* proved (W1), never the log's own end.
    /// Refused: the newest index whose term may still agree with the leader's log (fast back-up).
    Index index;
    Term index_term;     ///< Refused: the term at `index` in the follower's log.
    Index refused_prev;  ///< Refused: the request's prev_index, so that old refusals are told.
    Stamp stamp;
    bool operator==(const AppendReply&) const = default;
};

struct VoteRequest {
    Index last_index;
    Term last_term;
    bool pre = false;          ///< Pre-vote (thesis §9.6): asks, changes nothing.
    bool handed_over = false;  ///< Sent on TimeoutNow: voters need not wait for the old leader.
    bool operator==(const VoteRequest&) const = default;
};

struct VoteReply {
    bool granted = false;
    bool pre = false;
    bool operator==(const VoteReply&) const = default;
};

/// What a snapshot stands for; the bytes are kept by the storage and fetched by this.
struct SnapshotMeta {
    Index index;  ///< Last entry it covers.
    Term term;    ///< Of that entry.
    LogTime time{};
    Members members;
    GroupConfig config;
    bool operator==(const SnapshotMeta&) const = default;
};

/// One piece of a snapshot (§7), of the bytes that its sender's storage has packed. The core leaves
/// `data`, `last` and `checksum` empty; the host puts the piece at `offset` in when it sends.
struct SnapshotPiece {
    SnapshotMeta meta;
    std::uint64_t offset = 0;
    Bytes data;
    bool last = false;
    Stamp stamp;
    std::uint64_t checksum = 0;  ///< SnapshotSource::checksum() of the whole, in every piece.
    bool operator==(const SnapshotPiece&) const = default;
};

/// Asks for the piece at `next_offset`. The whole is acknowledged by an AppendReply.
struct SnapshotReply {
    Index index;
    std::uint64_t next_offset = 0;
    Stamp stamp;
    bool operator==(const SnapshotReply&) const = default;
};

/// Take over: start an election at once (thesis §3.10).
struct TimeoutNow {
    bool operator==(const TimeoutNow&) const = default;
};

/// You are no member any more, by a committed list. A list comes after it if its entry does, in the
/// order of terms first: one that an outvoted leader has brought may lie at any index.
struct RemovedNotice {
    LogPlace list;  ///< The entry of that list, or a later one up to which nothing has changed.
    bool operator==(const RemovedNotice&) const = default;
};

/// From a follower to its leader, or to who asks it for a vote: a member is to be found elsewhere
/// than the list says.
struct MovedNotice {
    NodeId member;
    std::string address;
    bool operator==(const MovedNotice&) const = default;
};

/// Asks anybody for entries whose bytes the sender's disk has damaged; oldest first.
struct OwedRequest {
    static constexpr std::size_t most = 256;
    std::vector<LogPlace> places;
    bool has_nothing = false;  ///< All of its log: a leader starts over with it.
    bool operator==(const OwedRequest&) const = default;
};

/// Those of them that are here, as many as fit; says nothing of anybody's log.
struct OwedReply {
    std::vector<Index> lacking;  ///< Asked for, and not here.
    std::vector<Entry> entries;
    bool operator==(const OwedReply&) const = default;
};

/// Nothing is left to do: there will be no more heartbeats until something happens, if all agree
/// (quiescence). Until then it is a heartbeat itself.
struct QuiesceRequest {
    LogPlace end;      ///< Of the leader's log; everybody has it, and it is committed.
    Index hooks_done;  ///< As in AppendRequest.
    Stamp stamp;
    bool operator==(const QuiesceRequest&) const = default;
};

/// Agrees: expects no heartbeats from now on.
struct QuiesceReply {
    Stamp stamp;
    bool operator==(const QuiesceReply&) const = default;
};

using Body = std::variant<AppendRequest, AppendReply, VoteRequest, VoteReply, SnapshotPiece,
                          SnapshotReply, TimeoutNow, RemovedNotice, MovedNotice, OwedRequest,
                          OwedReply, QuiesceRequest, QuiesceReply>;

struct Message {
    NodeId from;
    NodeId to;
    Term term;  ///< The sender's term when it was made; a pre-vote carries the term it would have.
    Body body;
    bool operator==(const Message&) const = default;
};

}  // namespace rafted::core
