// What may wait for a member's next input, because nobody waits for what it changes. A host saves
// a step for each: of an entry's way through three members, every follower's word that it is on its
// disk, and the leader's answers that do not complete a majority.
//   1. A step with nothing but what may wait has no effect; only wake_at may move.
//   2. It says so of one input at a time: with two, each may be what the other one lacked.
#include <algorithm>
#include <variant>

#include "core/reached.hpp"
#include "core/rules.hpp"

namespace rafted::core::deferral {
namespace {

/// What the leader would know: its own log on disk up to here, and one follower's up to `match`.
struct News {
    Index own;
    const Progress* whose = nullptr;
    Index match{};
};

bool would_commit(const State& state, const Leader& leader, const News& news) {
    const auto theirs = [&](const Progress& progress) {
        return &progress == news.whose ? std::max(news.match, progress.match) : progress.match;
    };
    const Index index = reached_by_voters(state, leader, news.own, theirs);
    return index > state.log.committed() && index >= leader.term_start;
}

/// Of the place on disk nothing but the log's end moves.
bool moves_log_alone(const State& state, const Persisted& input) {
    return input.hard_state == state.stable_hard && !input.snapshot && !input.let_go_log &&
           input.repaired.empty() && state.forced.empty();
}

bool can_wait(const State& state, const Persisted& input) {
    if (!moves_log_alone(state, input)) return false;
    if (std::holds_alternative<Follower>(state.role)) return true;
    const auto* leader = std::get_if<Leader>(&state.role);
    return leader != nullptr && !would_commit(state, *leader, {input.last});
}

/// Nothing that answers may bring on is waited for.
bool is_at_rest(const State& state, const Leader& leader) {
    return leader.reads.empty() && !leader.quiescence && !state.hand_over && !state.owes() &&
           state.membership.forced_out().empty();
}

bool can_wait(const State& state, const Message& message) {
    const auto* leader = std::get_if<Leader>(&state.role);
    const auto* reply = std::get_if<AppendReply>(&message.body);
    if (leader == nullptr || reply == nullptr || !reply->accepted) return false;
    if (message.term != state.hard.term || !is_at_rest(state, *leader)) return false;
    const auto at = leader->followers.find(message.from);
    const Peer* peer = state.members().find(message.from);
    if (at == leader->followers.end() || peer == nullptr) return false;
    const Progress& progress = at->second;
    const bool has_all_sent =
        progress.mode == Progress::Mode::replicate && progress.next > state.log.last();
    if (!has_all_sent || !progress.answered || peer->standing == Standing::joining) return false;
    return !would_commit(state, *leader, {state.log.stable(), &progress, reply->index});
}

}  // namespace

bool can_wait(const State& state, const Input& input) {
    if (const auto* persisted = std::get_if<Persisted>(&input)) return can_wait(state, *persisted);
    const auto* received = std::get_if<Received>(&input);
    return received != nullptr && can_wait(state, received->message);
}

}  // namespace rafted::core::deferral
