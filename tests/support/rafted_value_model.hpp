// A small model of one server of RaftedValue, the reference: what it answers, writes and sends, by
// its own rules (behaviour.md, B.3-B.6) and not by ours. Not our core, and no use but to be caught.
//   1. Each weakness is a switch; sound() has all of them off.
//   2. A process that ends never comes back, as there: a pid is not used twice. So files hold
//      nothing but an older snapshot to be sent (P3); recovery (W7, W8) is not modelled.
//   3. Kept simple, since both ways are sound: a change's entry carries the whole new list; commit
//      counts by the list in force; a snapshot has the list of its own place; replies of clients
//      are told, hooks and handing over the lead are left out.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/hard_state.hpp"
#include "core/message.hpp"
#include "core/random.hpp"
#include "rafted/result.hpp"
#include "rafted/status.hpp"
#include "sim/onlooker.hpp"

namespace rafted::test {

/// On: as the reference does it. Off: mended.
struct ReferenceRules {
    bool w1_keeps_stale_suffix = true;   ///< And acknowledges its own last index.
    bool w2_snapshot_sets_term = true;   ///< To that of its maker when it was made.
    bool w3_takes_old_snapshots = true;  ///< Whatever it has acknowledged or applied.
    bool w4_reads_before_own = true;     ///< A lease counts before an own-term commit.
    bool w5_refuses_for_lease = true;    ///< Voters refuse no longer than the leader's lease.
    bool w6_changes_before_own = true;   ///< Members may change before an own-term commit.
    bool counts_late_replies = true;     ///< Also answers to an earlier lead of its own.
    bool forgets_vote_of_lead = true;    ///< A leader that steps down may vote again in its term.
    static constexpr ReferenceRules sound() {
        return {false, false, false, false, false, false, false, false};
    }
};

struct ReferenceConfig {
    ReferenceRules rules{};
    core::Duration election_timeout = std::chrono::milliseconds(1000);
    core::Duration heartbeat = std::chrono::milliseconds(200);
    core::Duration drift_margin = std::chrono::milliseconds(1000);
    std::uint64_t entries_kept = 100;  ///< Below what was committed (R8).
    bool has_files = false;            ///< Sends the newest snapshot file instead of its state.
    std::uint64_t file_every = 100;    ///< Entries between two snapshot files.
    std::size_t results_kept = 100;    ///< By command id (R7).
};

/// What a command does: it puts its number at the end of a chain, and answers with the chain.
struct ReferenceValue {
    std::uint64_t chain = 0;
    std::deque<std::pair<std::uint64_t, std::uint64_t>> results;  ///< Command id and answer.
    std::uint64_t digest() const;
    bool operator==(const ReferenceValue&) const = default;
};

/// All that follows from one event at a server.
struct ReferenceTurn {
    struct Answer {
        std::uint64_t operation = 0;
        std::uint64_t result = 0;
    };
    struct File {
        core::SnapshotMeta meta;
        std::uint64_t digest = 0;
    };
    std::optional<Index> changed_from;   ///< First place of the log that was written...
    std::vector<sim::EntryMark> stored;  ///< ...and all that stands from there on.
    std::optional<core::SnapshotMeta> restored;
    std::vector<File> snapshots;  ///< Made or received.
    std::vector<sim::Applied> applied;
    std::vector<sim::Queried> queried;
    std::vector<Answer> answers;
    std::vector<core::Message> messages;
};

class ReferenceServer {
public:
    /// With a founding list it is one of those; without, it waits for a snapshot (T2).
    struct Birth {
        NodeId id;
        ReferenceConfig config{};
        std::uint64_t seed = 0;
        core::Time now{};
        std::optional<core::Members> founders{};
    };
    explicit ReferenceServer(const Birth& birth);

    void receive(core::Time now, const core::Message& message);
    /// The alarm: whatever is due by now.
    void wake(core::Time now);
    core::Time wake_at() const;
    void election_timeout(core::Time now);
    void heartbeat(core::Time now);
    /// False if it does not lead.
    bool command(core::Time now, std::uint64_t operation);
    bool query(core::Time now, std::uint64_t operation);
    std::optional<ErrorCode> add(core::Time now, const core::Peer& peer);
    std::optional<ErrorCode> remove(core::Time now, NodeId id);
    /// To be called after each event: makes a snapshot file and drops old entries, if due (P2, R8).
    void compact();
    /// What the last events led to; empties it.
    ReferenceTurn take_turn() { return std::exchange(turn_, {}); }

    NodeId id() const { return id_; }
    const core::HardState& hard() const { return hard_; }
    Role role() const { return role_; }
    bool leads() const { return role_ == Role::leader; }
    Index commit() const { return commit_; }
    Index first() const { return base_ + 1; }
    Index last() const { return base_ + log_.size(); }
    Index snapshot() const { return config_.has_files ? file_.meta.index : commit_; }
    const core::Entry& entry(Index index) const { return log_[std::size_t(index - base_ - 1)]; }
    std::optional<Term> term_at(Index index) const;
    const core::Members& members() const { return lists_.back().members; }
    Index members_at() const { return lists_.back().index; }
    bool is_changing() const { return members_at() > commit_ && lists_.size() > 1; }
    bool has_read_lease(core::Time now) const;
    std::uint64_t log_bytes() const;

private:
    struct Progress {
        Index next;
        Index match;
    };
    struct List {
        Index index;
        core::Members members;
    };
    struct File {
        core::SnapshotMeta meta;
        Bytes bytes;
    };

    // Roles.
    void become_follower(core::Time now, Term term);
    void become_leader(core::Time now);
    void restart_election_timer(core::Time now);
    bool authority_timed_out(core::Time now) const;
    std::optional<core::Time> quorum_reached_at() const;
    bool has_lease(core::Time now) const;

    // Messages.
    void take_append(core::Time now, const core::Message& message);
    void take_append_reply(core::Time now, const core::Message& message);
    void take_vote_request(core::Time now, const core::Message& message);
    void take_vote_reply(core::Time now, const core::Message& message);
    void take_snapshot(core::Time now, const core::Message& message);
    void heard_leader(core::Time now);
    void responded(core::Time now, NodeId from, core::Time sent_at);
    void say(NodeId to, core::Body body);
    void broadcast(core::Time now);
    void send_append(core::Time now, NodeId to);
    void send_snapshot(core::Time now, NodeId to);

    // Log.
    void propose(core::EntryKind kind, BytesView payload);
    void change_members(core::Time now, const core::Members& members);
    void store(const core::Entry& entry);
    void append(const core::Entry& entry);
    void changed(Index index);
    void refresh_lists();
    void commit_by_count();
    void commit_to(Index index);
    void apply(const core::Entry& entry);
    void answer_query(std::uint64_t operation);
    void apply_command(const core::Entry& entry, std::uint64_t operation);
    void apply_members(Index index);
    core::Members members_as_of(Index index) const;
    File make_snapshot() const;
    bool own_is_committed() const { return commit_ >= own_; }

    NodeId id_;
    ReferenceConfig config_;
    core::Random random_;
    bool is_waiting_ = false;

    core::HardState hard_;
    Role role_ = Role::follower;
    Index base_;
    Term base_term_;
    std::vector<core::Entry> log_;
    std::vector<List> lists_;  ///< The first as of base_ or before, the others in the log.
    Index commit_;
    ReferenceValue value_;
    File file_;

    core::Time election_at_ = core::never;
    std::optional<core::Time> leader_heard_at_;
    std::set<NodeId> votes_;

    std::map<NodeId, Progress> followers_;
    std::map<NodeId, core::Time> responded_;
    core::Time heartbeat_at_ = core::never;
    core::Time quorum_since_{};
    Index own_;  ///< The first entry of its own term as a leader.

    ReferenceTurn turn_;
};

}  // namespace rafted::test
