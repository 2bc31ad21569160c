// Elections with pre-vote and refusal while a leader is heard: §5.2, §5.4.1, thesis §6.4.1, §9.6.
#include <algorithm>

#include "core/codec.hpp"
#include "core/rules.hpp"

namespace rafted::core::election {
namespace {

/// The end of the log by which candidates are judged. Who is being removed judges by what stands
/// before its removal: what comes from there on is committed by others alone, and of those one is
/// in every majority of the list before, too, and refuses by its own log. Judged by the whole log,
/// a removal that has reached nobody but the one removed could block all elections for ever.
Index judged_upto(const State& state) {
    const auto left = state.membership.left_at(state.self);
    return left ? *left - 1 : state.log.last();
}

bool is_up_to_date(const State& state, const VoteRequest& request) {
    const Index last = judged_upto(state);
    const LogPlace own{*state.log.term_at(last), last};
    return LogPlace{request.last_term, request.last_index} >= std::max(own, state.hard.let_go);
}

/// Never with less than it had when it was last removed. Who is being removed may be the only one
/// that holds what the others need to go on: it stands by the list without it, in which its own
/// vote counts for nothing (thesis §4.2.2); so does a newcomer that others need. Who owes entries
/// could not give them to anybody; its vote stays good, for what it acknowledged is known by index
/// and term.
bool may_stand(const State& state) {
    const bool counts = state.is_voter() || state.is_needed || state.membership.left_at(state.self);
    return counts && !state.log.owes() && state.log_end() >= state.hard.let_go;
}

/// A leader is alive as far as this member can tell: nobody else should be elected (§6, W5).
bool hears_a_leader(const Turn& turn) {
    const State& state = turn.state;
    return turn.leader() != nullptr || state.is_quiescent() ||
           turn.now < state.refuses_votes_until();
}

/// Candidates ask only those that have a vote by their list.
void note_need(Turn& turn, const VoteRequest& request) {
    State& state = turn.state;
    const bool stops_it = !hears_a_leader(turn) && !is_up_to_date(state, request);
    state.is_needed |= stops_it && !state.is_voter() && state.members().contains(state.self);
}

void ask_for_votes(Turn& turn, Term term, const VoteRequest& request) {
    for (const Peer& peer : turn.state.members().all()) {
        const bool asked = peer.id != turn.state.self && peer.standing == Standing::voter;
        if (asked) turn.promise(peer.id, term, request);
    }
}

VoteRequest request_of(const State& state, bool pre, bool handed_over) {
    return {state.log.last(), state.log.last_term(), pre, handed_over};
}

void become_leader(Turn& turn) {
    State& state = turn.state;
    state.role = Leader{};
    Leader& leader = *turn.leader();
    leader.since = turn.now;
    state.leader = state.self;
    state.is_needed = false;
    state.election_at = never;
    for (const Peer& peer : state.members().all()) {
        if (peer.id != state.self) leader.followers[peer.id] = replication::new_progress(turn);
    }
    // The full list goes with it, so that an election also heals lists that were forced (A9).
    const Bytes members = encode(state.members());
    leader.term_start = proposals::append(turn, EntryKind::elected, members);
}

/// A moment that is drawn, more than `least` and at most `most` from now.
Time some_time(Turn& turn, Duration least, Duration most) {
    const auto range = static_cast<std::uint64_t>((most - least).count());
    return turn.now + least + Duration(static_cast<std::int64_t>(turn.state.random.one_to(range)));
}

/// A vote refused in the candidate's own term has mostly gone to a rival that asked at the same
/// time (§5.2, split votes). Both ask again within half an election timeout, at moments drawn
/// anew: a whole one more would leave the group without a leader for up to four.
void ask_again_soon(Turn& turn) {
    State& state = turn.state;
    const Duration half = Duration(state.config().election_timeout) / 2;
    if (state.election_at <= turn.now + half) return;
    // Not before an attempt that may still be won has had its time.
    state.election_at = some_time(turn, half / 4, half);
}

void count(Turn& turn, const Members& members) {
    if (auto* pre = std::get_if<PreCandidate>(&turn.state.role)) {
        if (tally(members, pre->votes) == Tally::won) campaign(turn, false);
    } else if (auto* candidate = std::get_if<Candidate>(&turn.state.role)) {
        if (tally(members, candidate->votes) == Tally::won) become_leader(turn);
    }
}

void on_pre_request(Turn& turn, const Message& message, const VoteRequest& request) {
    const bool granted = message.term > turn.state.hard.term && !hears_a_leader(turn) &&
                         is_up_to_date(turn.state, request);
    const Term term = granted ? message.term : turn.state.hard.term;
    turn.promise(message.from, term, VoteReply{granted, true});
}

}  // namespace

bool tell_removed(Turn& turn, NodeId from) {
    const Leader* leader = turn.leader();
    const State& state = turn.state;
    // What was forced out here alone is for a leader to tell: its next list will say so to all.
    const bool settled = leader != nullptr
                             ? state.log.committed() >= leader->term_start
                             : state.leader && turn.now < state.refuses_votes_until() &&
                                   !state.membership.committed().contains(from);
    const bool sure = settled && !owed::lists_are_missing(state) &&
                      !state.membership.is_changing() && !state.members().empty() &&
                      !state.members().contains(from);
    if (sure) turn.promise(from, RemovedNotice{state.settled_list()});
    return sure && leader != nullptr;
}

void restart_timer(Turn& turn) {
    State& state = turn.state;
    if (auto* follower = std::get_if<Follower>(&state.role)) follower->quiescent = false;
    if (state.members().empty()) {
        state.election_at = never;
        return;
    }
    const Duration timeout = state.config().election_timeout;
    state.election_at = some_time(turn, timeout, 2 * timeout);
}

void on_timeout(Turn& turn) {
    State& state = turn.state;
    restart_timer(turn);
    if (turn.now < state.refuses_votes_until()) return;  // T has grown since the timer was set.
    state.leader = NodeId();
    if (may_stand(state)) {
        state.role = PreCandidate{{{state.self, true}}};
        if (state.members().is_only_voter(state.self)) return campaign(turn, false);
    }
    // Who may not stand, or is in nobody's list, asks as well but counts no answers: it may have
    // been removed without hearing of it, and the leader will say so.
    ask_for_votes(turn, state.hard.term + 1, request_of(state, true, false));
}

void campaign(Turn& turn, bool handed_over) {
    State& state = turn.state;
    state.hard.term = state.hard.term + 1;
    state.hard.vote = state.self;
    state.hard_written = false;
    state.leader = NodeId();
    state.role = Candidate{{}, handed_over};
    restart_timer(turn);
    ask_for_votes(turn, state.hard.term, request_of(state, false, handed_over));
}

void on_request(Turn& turn, const Message& message, const VoteRequest& request) {
    State& state = turn.state;
    // Who was trusted to lead does so no more.
    if (message.from == state.leader) quiescence::on_unquiesce(turn);
    if (tell_removed(turn, message.from)) return;
    note_need(turn, request);
    if (request.pre) return on_pre_request(turn, message, request);
    const bool wanted =
        message.term > state.hard.term && (request.handed_over || !hears_a_leader(turn));
    if (wanted) become_follower(turn, message.term, NodeId());
    const bool free = !state.hard.vote || state.hard.vote == message.from;
    const bool granted = message.term == state.hard.term && free && is_up_to_date(state, request);
    if (granted) {
        state.hard_written = state.hard_written && state.hard.vote == message.from;
        state.hard.vote = message.from;
        restart_timer(turn);
    }
    turn.promise(message.from, VoteReply{granted, false});
}

void on_reply(Turn& turn, const Message& message, const VoteReply& reply) {
    State& state = turn.state;
    if (!state.members().contains(message.from)) return;
    const bool is_pre_grant = reply.pre && reply.granted;
    if (message.term > state.hard.term && !is_pre_grant) {
        return become_follower(turn, message.term, NodeId());
    }
    auto* pre = std::get_if<PreCandidate>(&state.role);
    auto* candidate = std::get_if<Candidate>(&state.role);
    if (reply.pre && pre != nullptr) {
        // A grant carries the term it was asked for; one for an older attempt says nothing.
        const bool current = !reply.granted || message.term == state.hard.term + 1;
        if (current) pre->votes[message.from] = reply.granted;
    } else if (!reply.pre && candidate != nullptr && message.term == state.hard.term) {
        candidate->votes[message.from] = reply.granted;
        if (!reply.granted) ask_again_soon(turn);
    }
    count(turn, state.members());
}

void on_timeout_now(Turn& turn, const Message& message) {
    if (!replication::hear_leader(turn, message)) return;
    if (turn.state.is_voter() && may_stand(turn.state)) campaign(turn, true);
}

void on_hard_state_stable(Turn& turn) {
    State& state = turn.state;
    auto* candidate = std::get_if<Candidate>(&state.role);
    const bool stored =
        state.stable_hard.term == state.hard.term && state.stable_hard.vote == state.self;
    if (candidate == nullptr || !stored) return;
    candidate->votes[state.self] = true;
    count(turn, state.members());
}

void become_follower(Turn& turn, Term term, NodeId leader) {
    State& state = turn.state;
    if (term > state.hard.term) {
        state.hard.term = term;
        state.hard.vote = NodeId();
        state.hard_written = false;
    }
    if (Leader* led = turn.leader()) {
        state.leader = leader;
        for (const PendingRead& read : led->reads) {
            turn.refuse(read.request, ErrorCode::not_leader);
        }
        hand_over::on_lead_lost(turn);
    }
    state.role = Follower{};
    state.leader = leader;
    restart_timer(turn);
}

}  // namespace rafted::core::election
