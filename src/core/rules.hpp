// The rules of Raft as functions on a turn, one group per file. Only member.cpp calls across.
#pragma once

#include "core/state.hpp"

namespace rafted::core {

namespace election {  // election.cpp: §5.2, §5.4.1, thesis §3.10, §6.4.1, §9.6
/// Restarts the election timer: a random time in (T, 2T].
void restart_timer(Turn& turn);
void on_timeout(Turn& turn);
void campaign(Turn& turn, bool handed_over);
void on_request(Turn& turn, const Message& message, const VoteRequest& request);
void on_reply(Turn& turn, const Message& message, const VoteReply& reply);
void on_timeout_now(Turn& turn, const Message& message);
/// Who asks for something and is no member is told what became of it (a lost notice, T7): by a
/// leader, and by followers that hear one, as it may not know the leader. Whoever was added since,
/// or by a list that we have not seen, sees it by the index and takes no notice. Returns whether it
/// was told by a leader.
bool tell_removed(Turn& turn, NodeId from);
/// Own vote counts once it is on disk; a won tally makes a leader.
void on_hard_state_stable(Turn& turn);
/// Enters a larger term, or leaves a role in the same one.
void become_follower(Turn& turn, Term term, NodeId leader);
}  // namespace election

namespace replication {  // replication.cpp (leader), follower.cpp (follower): §5.3
Progress new_progress(const Turn& turn);
void on_append(Turn& turn, const Message& message, const AppendRequest& request);
void on_reply(Turn& turn, const Message& message, const AppendReply& reply);
/// Leader: an answer of this term to something this leader sent counts as contact. Returns who gave
/// it, or nothing if it proves nothing; a larger term ends the lead.
Progress* hear_follower(Turn& turn, const Message& message, const Stamp& stamp);
/// Leader: sends what each follower may get now; `everyone` forces a message to each.
void send(Turn& turn, bool everyone);
/// Leader: commits what a majority holds, own term only (§5.4.2).
void advance_commit(Turn& turn);
/// Anyone: hands out what is committed, in force from now on.
void take_committed(Turn& turn);
/// A leader of our term or a later one spoke: follow it. Returns whether it may be heard.
bool hear_leader(Turn& turn, const Message& message);
/// Whether a leader has an entry of this term where another is committed here. What it says is not
/// taken then, nor answered.
bool contradicts(Turn& turn, NodeId leader, Index index, Term term);
}  // namespace replication

namespace snapshots {  // snapshots.cpp: §7
void send_piece(Turn& turn, NodeId to, Progress& progress);
void on_piece(Turn& turn, const Message& message, const SnapshotPiece& piece);
void on_reply(Turn& turn, const Message& message, const SnapshotReply& reply);
void on_installed(Turn& turn, const SnapshotMeta& meta);
void on_broken(Turn& turn, const SnapshotMeta& meta);
void on_saved(Turn& turn, const SnapshotMeta& meta);
}  // namespace snapshots

namespace proposals {  // proposals.cpp: §5.3, §8
void on_propose(Turn& turn, const Propose& input);
/// Appends an entry of the current term and takes note of what it carries.
Index append(Turn& turn, EntryKind kind, BytesView payload);
/// Takes note of an entry's member list or config, whoever appended it.
void note(Turn& turn, const Entry& entry);
/// The same for the whole log, from the snapshot on; without one, `config` is in force at first.
void note_all(Turn& turn, GroupConfig config);
}  // namespace proposals

namespace owed {  // owed.cpp: entries whose bytes the disk has damaged
/// Something is missing that others are asked for.
bool asks(const State& state);
/// Asks them, from time to time.
void ask(Turn& turn);
void on_request(Turn& turn, const Message& message, const OwedRequest& request);
void on_reply(Turn& turn, const Message& message, const OwedReply& reply);
/// Takes what is missing out of these; returns whether there was something.
bool fill(Turn& turn, const std::vector<Entry>& entries);
/// A member list or config is missing: what this member knows of the group may be old.
bool lists_are_missing(const State& state);
/// What is missing, and nobody else in the list has.
std::vector<Index> lost(const State& state);
}  // namespace owed

namespace reads {  // reads.cpp: thesis §6.4
void on_read(Turn& turn, const Read& input);
/// Whether this member leads and may answer reads from its own state: lease and own-term commit.
bool lease_is_valid(const State& state, Time now);
/// Releases the reads whose round a majority has confirmed.
void release(Turn& turn);
/// Reads wait for a round that has not been sent to everyone.
bool want_round(const Turn& turn);
}  // namespace reads

namespace contact {  // contact.cpp: what a leader may conclude from who has answered
/// Send time of the newest request that a majority of voters (itself included) has answered.
Time majority_heard(const State& state, const Leader& leader, Time now);
std::uint64_t majority_round(const State& state, const Leader& leader);
/// Has answered nothing for two election timeouts (a new follower: since it is one).
bool has_gone_silent(const State& state, NodeId id, Time now);
/// Silent, or has not answered this leader yet: it is not counted on (B.4).
bool is_unresponsive(const State& state, NodeId id, Time now);
/// When a leader that hears nobody more steps down: two election timeouts after the majority.
Time quorum_deadline(const State& state, const Leader& leader, Time now);
/// Until when no other leader can have been elected; Time::min() if leases are off.
Time lease_until(const State& state, const Leader& leader, Time now);
}  // namespace contact

namespace changes {  // changes.cpp: §6, thesis §4; behaviour A7–A10
void on_change(Turn& turn, const ChangeMembers& input);
void on_config(Turn& turn, const ChangeConfig& input);
void on_force_remove(Turn& turn, const ForceRemove& input);
void on_removed_notice(Turn& turn, const Message& message, const RemovedNotice& notice);
void on_moved_notice(Turn& turn, const Message& message, const MovedNotice& notice);
/// The list in force has changed: a leader follows it with its followers.
void follow_members(Turn& turn);
/// Leader: who was forced out here is to be out of a committed list, by a change of its own.
void settle_forced(Turn& turn);
/// Leader: promotes a joining member that has caught up.
void promote_ready(Turn& turn);
void on_committed(Turn& turn, const Entry& entry);
/// A leader without a vote in its list gives up the lead once its term's beginning is committed,
/// and with it the list (thesis §4.2.2): a voter has all that it has, then.
void leave_without_vote(Turn& turn);
}  // namespace changes

namespace deferral {  // deferral.cpp: what may wait for the next input
bool can_wait(const State& state, const Input& input);
}  // namespace deferral

namespace quiescence {  // quiescence.cpp: no heartbeats while there is nothing to do
void on_quiesce(Turn& turn);
void on_unquiesce(Turn& turn);
void on_request(Turn& turn, const Message& message, const QuiesceRequest& request);
void on_reply(Turn& turn, const Message& message, const QuiesceReply& reply);
/// Something has happened: that nothing has is none.
bool is_news(const Input& input);
/// A leader that was silent speaks again.
void end_silence(Turn& turn);
}  // namespace quiescence

namespace hand_over {  // hand_over.cpp: thesis §3.10; behaviour A8
void on_transfer(Turn& turn, const TransferLead& input);
/// Fires when the target has everything; gives up at the deadline; sees the end.
void advance(Turn& turn);
void on_lead_lost(Turn& turn);
}  // namespace hand_over

}  // namespace rafted::core
