// Quiescence: a leader whose group has nothing to do falls silent once all others have agreed.
// Whether the nodes are alive is for the hosts to watch, for all such groups at once
// (host/liveness.hpp); what they find out comes back as Unquiesce.
//   1. Nothing that is true rests on it: a silent leader's lease runs out as ever, and only votes
//      are refused for longer, by those who trust it.
//   2. All or nobody: one that does not agree, or is not there, keeps the heartbeats going.
//   3. Whatever happens ends it. The first to notice is the leader, who speaks again: followers
//      ask for votes when nobody vouches for its node any more, and whoever has not agreed, or has
//      forgotten, asks it for votes and so wakes it.
#include <algorithm>

#include "core/rules.hpp"

namespace rafted::core::quiescence {
namespace {

bool has_everything(const State& state, NodeId id, const Progress& progress, Time now) {
    const Peer* peer = state.members().find(id);
    return peer != nullptr && peer->standing != Standing::joining &&
           progress.mode == Progress::Mode::replicate && progress.match == state.log.last() &&
           progress.answered && !contact::has_gone_silent(state, id, now);
}

/// All that was ever asked of this member is done, on its disk, and known to be.
bool is_settled(const State& state) {
    const Log& log = state.log;
    return log.committed() == log.last() && log.stable() == log.last() && !state.owes() &&
           state.hard == state.stable_hard && !state.incoming;
}

bool has_nothing_to_do(const State& state, const Leader& leader, Time now) {
    const bool is_done = is_settled(state) && state.log.committed() >= leader.term_start &&
                         leader.reads.empty() && !state.hand_over && state.forced.empty() &&
                         state.membership.forced_out().empty() && !state.membership.is_changing() &&
                         state.configs.size() == 1;
    return is_done && std::ranges::all_of(leader.followers, [&](const auto& follower) {
               return has_everything(state, follower.first, follower.second, now);
           });
}

}  // namespace

void on_quiesce(Turn& turn) {
    Leader* leader = turn.leader();
    const bool may = leader != nullptr && !leader->is_silent();
    if (!may || !has_nothing_to_do(turn.state, *leader, turn.now)) return;
    leader->quiescence = Quiescence{.round = ++leader->round};
    const State& state = turn.state;
    for (auto& [id, progress] : leader->followers) {
        progress.sent_at = turn.now;
        turn.request(id,
                     QuiesceRequest{state.log_end(), state.hooks_done, {leader->round, turn.now}});
    }
}

void on_request(Turn& turn, const Message& message, const QuiesceRequest& request) {
    if (!replication::hear_leader(turn, message)) return;
    State& state = turn.state;
    if (state.log_end() != request.end || !state.members().contains(state.self)) return;
    // The same last entry, the same log (§5.3); all of it is committed, says who committed it.
    if (!state.log.owes()) state.log.commit_to(request.end.index);
    if (!is_settled(state)) return;
    state.hooks_done = std::max(state.hooks_done, request.hooks_done);
    turn.effects.hooks_done = state.hooks_done;
    state.role = Follower{.quiescent = true};
    state.election_at = never;
    turn.promise(message.from, QuiesceReply{request.stamp});
}

void on_reply(Turn& turn, const Message& message, const QuiesceReply& reply) {
    if (replication::hear_follower(turn, message, reply.stamp) == nullptr) return;
    Leader& leader = *turn.leader();
    const bool is_asked = leader.quiescence && leader.quiescence->round == reply.stamp.round;
    if (!is_asked || !has_nothing_to_do(turn.state, leader, turn.now)) return;
    auto& agreed = leader.quiescence->agreed;
    agreed.insert(message.from);
    const bool all = std::ranges::all_of(
        leader.followers, [&](const auto& follower) { return agreed.contains(follower.first); });
    if (all) leader.quiescence->agreed_at = turn.now;
}

void on_unquiesce(Turn& turn) {
    State& state = turn.state;
    if (turn.leader() != nullptr || !state.is_quiescent()) return;
    election::restart_timer(turn);
    // It has heard nobody for an election timeout: only the part left to chance is to come.
    state.election_at -= Duration(state.config().election_timeout);
}

bool is_news(const Input& input) {
    return !std::holds_alternative<TimePassed>(input) && !std::holds_alternative<Quiesce>(input);
}

void end_silence(Turn& turn) {
    Leader* leader = turn.leader();
    if (leader == nullptr || !leader->is_silent()) return;
    // One that ends in the step in which it began was none: who was heard counts as ever.
    if (*leader->quiescence->agreed_at < turn.now) leader->since = turn.now;
    leader->quiescence.reset();
}

}  // namespace rafted::core::quiescence
