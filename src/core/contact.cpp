// What a leader may conclude from who has answered its requests, and when: leases (thesis §6.4.1),
// check-quorum (§6.2), confirmed rounds for reads (§6.4), unresponsive followers (B.4).
//   1. Only voters of the list in force count, the leader itself included.
//   2. Time counts from the sending of a request, never from its answer's arrival.
#include <algorithm>

#include "core/reached.hpp"
#include "core/rules.hpp"

namespace rafted::core::contact {
namespace {

/// The shortest lease among the config in force and those on their way. Voters refuse for the
/// longest of theirs, so that a change of T can never open a gap between the two.
Duration lease_time(const State& state) {
    Duration shortest = Duration::max();
    for (const ConfigVersion& version : state.configs) {
        const GroupConfig& config = version.config;
        const Duration time = config.election_timeout - config.drift_margin();
        shortest = std::min(shortest, time);
    }
    return shortest;
}

}  // namespace

Time majority_heard(const State& state, const Leader& leader, Time now) {
    const auto theirs = [](const Progress& progress) { return progress.acked.sent_at; };
    return reached_by_voters(state, leader, now, theirs);
}

std::uint64_t majority_round(const State& state, const Leader& leader) {
    const auto theirs = [](const Progress& progress) { return progress.acked.round; };
    return reached_by_voters(state, leader, leader.round, theirs);
}

bool has_gone_silent(const State& state, NodeId id, Time now) {
    const auto* leader = std::get_if<Leader>(&state.role);
    if (leader == nullptr) return false;
    const auto at = leader->followers.find(id);
    if (at == leader->followers.end()) return true;
    if (leader->is_silent()) return false;
    const Time heard = std::max(at->second.acked.sent_at, leader->since);
    return now >= heard + 2 * Duration(state.config().election_timeout);
}

bool is_unresponsive(const State& state, NodeId id, Time now) {
    const auto* leader = std::get_if<Leader>(&state.role);
    if (leader == nullptr) return false;
    const auto at = leader->followers.find(id);
    return at == leader->followers.end() || !at->second.answered || has_gone_silent(state, id, now);
}

Time quorum_deadline(const State& state, const Leader& leader, Time now) {
    if (state.members().is_only_voter(state.self) || leader.is_silent()) return never;
    const Time heard = std::max(majority_heard(state, leader, now), leader.since);
    return heard + 2 * Duration(state.config().election_timeout);
}

Time lease_until(const State& state, const Leader& leader, Time now) {
    const Duration time = lease_time(state);
    if (time <= Duration::zero()) return Time::min();
    // A voter that lacks the config in force may still refuse for a shorter time than it says.
    const auto theirs = [&](const Progress& progress) {
        const bool counts = progress.answered && progress.match >= state.configs.front().index;
        return counts ? progress.acked.sent_at : Time::min();
    };
    const Time heard = reached_by_voters(state, leader, now, theirs);
    return heard == Time::min() ? heard : heard + time;
}

}  // namespace rafted::core::contact
