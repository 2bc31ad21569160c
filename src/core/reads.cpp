// Linearizable reads without a log entry: by lease, else by a round that a majority confirms and
// that all waiting reads share (thesis §6.4; D5). Both need an entry of the leader's own term to be
// committed, or the leader may not know of all that was (W4).
#include <algorithm>

#include "core/rules.hpp"

namespace rafted::core::reads {

bool lease_is_valid(const State& state, Time now) {
    const auto* leader = std::get_if<Leader>(&state.role);
    if (leader == nullptr || state.log.committed() < leader->term_start) return false;
    if (state.members().is_only_voter(state.self)) return true;
    return now < contact::lease_until(state, *leader, now);
}

void on_read(Turn& turn, const Read& input) {
    Leader* leader = turn.leader();
    if (leader == nullptr) return turn.refuse(input.request, ErrorCode::not_leader);
    const Index committed = turn.state.log.committed();
    if (lease_is_valid(turn.state, turn.now)) {
        turn.effects.reads_ready.push_back({input.request, committed});
        return;
    }
    const Index index = std::max(committed, leader->term_start);
    leader->reads.push_back({input.request, index, leader->round + 1});
}

bool want_round(const Turn& turn) {
    const Leader* leader = turn.leader();
    if (leader == nullptr || leader->reads.empty()) return false;
    const bool is_sent = leader->reads.back().round <= leader->read_round;
    // Reads that come while a round is out share the next one.
    const bool is_out = contact::majority_round(turn.state, *leader) < leader->read_round;
    return !is_sent && !is_out;
}

void release(Turn& turn) {
    Leader* leader = turn.leader();
    if (leader == nullptr || leader->reads.empty()) return;
    const State& state = turn.state;
    const bool alone = state.members().is_only_voter(state.self);
    const std::uint64_t confirmed = contact::majority_round(state, *leader);
    const auto is_ready = [&](const PendingRead& read) {
        return read.index <= state.log.committed() && (alone || read.round <= confirmed);
    };
    const auto first_waiting = std::ranges::find_if_not(leader->reads, is_ready);
    for (auto read = leader->reads.begin(); read != first_waiting; ++read) {
        turn.effects.reads_ready.push_back({read->request, read->index});
    }
    leader->reads.erase(leader->reads.begin(), first_waiting);
}

}  // namespace rafted::core::reads
