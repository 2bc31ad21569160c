// Handing the lead to a chosen member (thesis §3.10; behaviour A8), with a deadline (W24).
//
//     accepted ──target answers, has all──► fired: TimeoutNow, step down ──► seen leading: done
//        │                                         │
//        └──deadline, cancelled──► serves on       └──another leads, deadline──► outcome unknown
#include "core/quorum.hpp"
#include "core/rules.hpp"

namespace rafted::core::hand_over {
namespace {

void fire(Turn& turn) {
    State& state = turn.state;
    state.hand_over->fired = true;
    // Stepping down ends the lease before anybody else can lead (D5). The word does not wait for
    // this member's disk: that it hangs may be why the lead goes.
    turn.request(state.hand_over->target, TimeoutNow{});
    election::become_follower(turn, state.hard.term, NodeId());
}

void finish(Turn& turn, std::optional<ErrorCode> error) {
    auto& waiting = turn.state.hand_over;
    error ? turn.refuse(waiting->request, *error) : turn.answer(waiting->request);
    waiting.reset();
}

/// The target lives and has all of the log.
bool is_ready(const State& state, const Leader& leader) {
    const auto at = leader.followers.find(state.hand_over->target);
    return at != leader.followers.end() && at->second.mode == Progress::Mode::replicate &&
           at->second.acked.round > state.hand_over->after_round &&
           at->second.match == state.log.last();
}

/// A majority of the voters has all of the log, not counting the leader.
bool others_suffice(const State& state, const Leader& leader) {
    std::size_t complete = 0;
    for (const auto& [id, progress] : leader.followers) {
        const bool has_all = progress.match == state.log.last();
        if (has_all && state.members().is_voter(id)) ++complete;
    }
    return complete >= majority(state.members().voter_count());
}

std::optional<ErrorCode> refusal(const Turn& turn, NodeId target) {
    const State& state = turn.state;
    const Leader* leader = turn.leader();
    const bool settled = state.log.committed() >= leader->term_start;
    if (!settled || state.membership.is_changing()) return ErrorCode::change_in_progress;
    if (target == state.self) return ErrorCode::already_leader;
    if (!state.members().is_voter(target)) return ErrorCode::not_member;
    // One that has not answered yet may still do so: it will be asked.
    if (contact::has_gone_silent(state, target, turn.now)) return ErrorCode::unresponsive;
    return std::nullopt;
}

}  // namespace

void on_transfer(Turn& turn, const TransferLead& input) {
    State& state = turn.state;
    if (turn.leader() == nullptr) return turn.refuse(input.request, ErrorCode::not_leader);
    if (!input.target) {
        if (state.hand_over) finish(turn, ErrorCode::cancelled);
        return turn.answer(input.request);
    }
    if (const auto why = refusal(turn, *input.target)) return turn.refuse(input.request, *why);
    if (state.hand_over) finish(turn, ErrorCode::cancelled);
    Leader& leader = *turn.leader();
    const Time deadline = turn.now + Duration(state.config().leader_transfer_timeout);
    state.hand_over = HandOver{input.request, *input.target, deadline,
                               leader.round,  false,         input.if_others_suffice};
    // It is asked at once whether it still lives: what it answered before proves too little.
    leader.followers.at(*input.target).sent_at =
        turn.now - Duration(state.config().heartbeat_interval);
}

void advance(Turn& turn) {
    State& state = turn.state;
    if (!state.hand_over) return;
    const HandOver& waiting = *state.hand_over;
    if (const Leader* leader = turn.leader(); leader != nullptr && !waiting.fired) {
        const bool can_go_on = !waiting.if_others_suffice || others_suffice(state, *leader);
        if (can_go_on && is_ready(state, *leader)) return fire(turn);
    } else if (state.leader) {
        const bool done = state.leader == waiting.target;
        return finish(turn, done ? std::nullopt : std::optional(ErrorCode::lost_lead));
    }
    if (turn.now >= waiting.deadline) finish(turn, ErrorCode::timeout);
}

void on_lead_lost(Turn& turn) {
    auto& waiting = turn.state.hand_over;
    if (waiting && !waiting->fired) finish(turn, ErrorCode::lost_lead);
}

}  // namespace rafted::core::hand_over
