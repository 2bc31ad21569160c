// The switchboard: which rule takes which input, and how a step settles. No rule stands here.
#include "core/member.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/codec.hpp"
#include "core/rules.hpp"

namespace rafted::core {

void Turn::promise(NodeId to, Term term, Body body) const {
    effects.send_after_write.emplace_back(state.self, to, term, std::move(body));
}
void Turn::promise(NodeId to, Body body) const { promise(to, state.hard.term, std::move(body)); }
void Turn::request(NodeId to, Body body) const {
    // What goes to one follower mostly goes to all.
    if (effects.send_now.empty()) effects.send_now.reserve(state.members().all().size());
    effects.send_now.emplace_back(state.self, to, state.hard.term, std::move(body));
}
void Turn::answer(RequestId request) const { effects.answers.push_back({request, {}, {}}); }
void Turn::refuse(RequestId request, ErrorCode why) const {
    effects.answers.push_back({request, why, state.leader});
}

namespace {

struct Dispatch {
    Turn& turn;
    const Message* message = nullptr;

    // Inputs.
    void operator()(const Received& input) {
        if (input.message.to != turn.state.self || input.message.from == turn.state.self) return;
        if (turn.state.owes()) turn.state.owing.heard.insert(input.message.from);
        std::visit(Dispatch{turn, &input.message}, input.message.body);
    }
    void operator()(const Propose& input) { proposals::on_propose(turn, input); }
    void operator()(const Read& input) { reads::on_read(turn, input); }
    void operator()(const ChangeMembers& input) { changes::on_change(turn, input); }
    void operator()(const ChangeConfig& input) { changes::on_config(turn, input); }
    void operator()(const TransferLead& input) { hand_over::on_transfer(turn, input); }
    void operator()(const ForceRemove& input) { changes::on_force_remove(turn, input); }
    void operator()(const Persisted& input) {
        turn.state.stable_hard = input.hard_state;
        turn.state.log.stable_to(input.last, input.last_term);
        turn.state.log.repaired(input.repaired);
        if (input.let_go_log || input.snapshot) turn.state.old_log = OldLog::none;
        std::erase_if(turn.state.forced, [&](const ForcedRequest& waits) {
            const auto& stored = input.hard_state.forced_out;
            const auto& forced = turn.state.hard.forced_out;
            // A committed list may have made the note needless before it was on disk.
            const bool done = std::ranges::count(stored, waits.target) > 0 ||
                              std::ranges::count(forced, waits.target) == 0;
            if (done) turn.answer(waits.request);
            return done;
        });
        if (input.snapshot) snapshots::on_installed(turn, *input.snapshot);
        election::on_hard_state_stable(turn);
    }
    void operator()(const WriteRefused&) {
        State& state = turn.state;
        state.log.unwrite();
        state.hard_written = state.hard == state.stable_hard;
        if (state.old_log == OldLog::being_dropped) state.old_log = OldLog::on_disk;
        // Pieces are not kept here: a snapshot of which some were refused starts over.
        state.incoming.reset();
    }
    void operator()(const SnapshotBroken& input) { snapshots::on_broken(turn, input.meta); }
    void operator()(const SnapshotSaved& input) { snapshots::on_saved(turn, input.meta); }
    void operator()(const HooksRan& input) {
        turn.state.hooks_done = std::max(turn.state.hooks_done, input.upto);
    }
    void operator()(const Quiesce&) { quiescence::on_quiesce(turn); }
    void operator()(const Unquiesce&) { quiescence::on_unquiesce(turn); }
    void operator()(const TimePassed&) {}

    // Messages.
    void operator()(const AppendRequest& body) { replication::on_append(turn, *message, body); }
    void operator()(const AppendReply& body) { replication::on_reply(turn, *message, body); }
    void operator()(const VoteRequest& body) { election::on_request(turn, *message, body); }
    void operator()(const VoteReply& body) { election::on_reply(turn, *message, body); }
    void operator()(const SnapshotPiece& body) { snapshots::on_piece(turn, *message, body); }
    void operator()(const SnapshotReply& body) { snapshots::on_reply(turn, *message, body); }
    void operator()(const TimeoutNow&) { election::on_timeout_now(turn, *message); }
    void operator()(const RemovedNotice& body) { changes::on_removed_notice(turn, *message, body); }
    void operator()(const MovedNotice& body) { changes::on_moved_notice(turn, *message, body); }
    void operator()(const OwedRequest& body) { owed::on_request(turn, *message, body); }
    void operator()(const OwedReply& body) { owed::on_reply(turn, *message, body); }
    void operator()(const QuiesceRequest& body) { quiescence::on_request(turn, *message, body); }
    void operator()(const QuiesceReply& body) { quiescence::on_reply(turn, *message, body); }
};

/// One that was removed does nothing any more, but whoever asks it gets an answer.
void refuse_removed(const Turn& turn, const Input& input) {
    std::visit(
        [&turn](const auto& what) {
            if constexpr (requires { what.request; }) {
                turn.refuse(what.request, ErrorCode::removed);
            }
        },
        input);
}

void collect_write(Turn& turn) {
    State& state = turn.state;
    Effects& effects = turn.effects;
    auto [truncate_from, append, repair] = state.log.take_unwritten();
    // Of an old log nothing is cut off: it is let go as a whole, or left alone.
    if (state.old_log != OldLog::on_disk) effects.truncate_from = truncate_from;
    effects.append = std::move(append);
    effects.repair = std::move(repair);
    if (!state.hard_written) effects.hard_state = state.hard;
    state.hard_written = true;
    const bool writes = effects.hard_state || effects.truncate_from || !effects.append.empty() ||
                        !effects.repair.empty() || !effects.snapshot_to_save.empty();
    if (!writes) return;
    effects.when_durable = {state.hard, state.log.last(), state.log.last_term(), {}, {}, false};
    for (const Entry& entry : effects.repair) {
        effects.when_durable->repaired.push_back(entry.index());
    }
    for (const SnapshotPiece& piece : effects.snapshot_to_save) {
        if (piece.last) effects.when_durable->snapshot = piece.meta;
    }
    const bool replaces = !effects.append.empty() || effects.when_durable->snapshot;
    if (state.old_log != OldLog::on_disk || !replaces) return;
    state.old_log = OldLog::being_dropped;
    effects.let_go_log = effects.when_durable->let_go_log = true;
}

/// When a leader that hears nothing more must step down; never for anybody else.
Time quorum_deadline(const Turn& turn) {
    const Leader* leader = turn.leader();
    return leader == nullptr ? never : contact::quorum_deadline(turn.state, *leader, turn.now);
}

Time next_wake(const Turn& turn, Time deadline) {
    const State& state = turn.state;
    Time wake = std::min(state.election_at, deadline);
    if (state.hand_over) wake = std::min(wake, state.hand_over->deadline);
    if (owed::asks(state)) wake = std::min(wake, state.owing.ask_at);
    if (const Leader* leader = turn.leader(); leader != nullptr && !leader->is_silent()) {
        for (const auto& [id, progress] : leader->followers) {
            wake = std::min(wake, progress.sent_at + Duration(state.config().heartbeat_interval));
        }
    }
    return wake;
}

/// Deadlines are compared here, after all inputs: a message that came in time always counts (W23).
void settle(Turn& turn) {
    State& state = turn.state;
    Time deadline = quorum_deadline(turn);
    const bool leads = turn.leader() != nullptr;
    if (turn.now >= deadline) election::become_follower(turn, state.hard.term, NodeId());
    if (turn.leader() == nullptr && turn.now >= state.election_at) election::on_timeout(turn);
    replication::advance_commit(turn);
    replication::take_committed(turn);
    changes::leave_without_vote(turn);
    changes::settle_forced(turn);
    changes::promote_ready(turn);
    hand_over::advance(turn);
    owed::ask(turn);
    replication::send(turn, reads::want_round(turn));
    reads::release(turn);
    collect_write(turn);
    // Seldom: the deadline is the same as above for all other steps.
    const bool is_other_quorum =
        leads != (turn.leader() != nullptr) || turn.effects.members_changed;
    if (is_other_quorum) deadline = quorum_deadline(turn);
    turn.effects.wake_at = next_wake(turn, deadline);
}

}  // namespace

Member::Member(Start start, Time now) {
    state_.self = start.self;
    state_.random = Random(start.seed);
    state_.hard = state_.stable_hard = std::move(start.hard_state);
    const auto& snapshot = start.snapshot;
    const Index base = snapshot ? snapshot->index : Index();
    const Term base_term = snapshot ? snapshot->term : Term();
    if (start.is_log_lost) {
        state_.old_log = OldLog::on_disk;
        state_.owing.heard = {start.peers.begin(), start.peers.end()};
        state_.owing.heard.erase(start.self);
        state_.hard_written = false;  // what was let go is known from the log alone
    }
    if (snapshot) state_.log_time = snapshot->time;
    state_.snapshot = snapshot;
    state_.log = Log(base, base_term, std::move(start.entries));
    // A snapshot may be on disk before the term in which its last entry was committed, if the power
    // goes while the journal hangs. Nobody is in an earlier term than its log.
    if (state_.log.last_term() > state_.hard.term) {
        state_.hard.term = state_.log.last_term();
        state_.hard.vote = NodeId();
        state_.hard_written = false;
    }

    Effects unused;
    Turn turn{now, state_, unused};
    proposals::note_all(turn, std::move(start.config));
    election::restart_timer(turn);
    if (state_.members().is_only_voter(state_.self)) {
        state_.election_at = now;
    } else if (start.restarted) {
        state_.heard_at = now;
    }
}

void Member::step(Time now, std::span<const Input> inputs, Effects& effects) {
    const Role role_before = role();
    const Term term_before = state_.hard.term;
    const NodeId leader_before = state_.leader;
    Turn turn{now, state_, effects};
    for (const Input& input : inputs) {
        if (std::holds_alternative<Removed>(state_.role)) {
            refuse_removed(turn, input);
            continue;
        }
        if (quiescence::is_news(input)) quiescence::end_silence(turn);
        std::visit(Dispatch{turn, nullptr}, input);
    }
    settle(turn);
    if (role() != role_before || term_before != state_.hard.term ||
        leader_before != state_.leader) {
        effects.role_changed = {role(), state_.hard.term, state_.leader};
    }
}

bool Member::can_wait(const Input& input) const { return deferral::can_wait(state_, input); }

Role Member::role() const {
    constexpr Role roles[] = {Role::follower, Role::pre_candidate, Role::candidate, Role::leader,
                              Role::removed};
    return roles[state_.role.index()];
}

bool Member::has_lease(Time now) const { return reads::lease_is_valid(state_, now); }

std::vector<NodeId> Member::unresponsive(Time now) const {
    std::vector<NodeId> silent;
    if (const auto* leader = std::get_if<Leader>(&state_.role)) {
        for (const auto& [id, progress] : leader->followers) {
            const bool counts = state_.members().contains(id);
            if (counts && contact::is_unresponsive(state_, id, now)) silent.push_back(id);
        }
    }
    return silent;
}

Entry founding_entry(const Peer& founder, const GroupConfig& config, LogTime time) {
    const Founding founding{Members({founder}), config};
    return Entry::make({Term(), Index(1), EntryKind::founding, time}, encode(founding));
}

}  // namespace rafted::core
