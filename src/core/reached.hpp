// What a majority of the voters in force has reached, as its leader knows it from their answers.
#pragma once

#include "core/quorum.hpp"
#include "core/state.hpp"

namespace rafted::core {

/// The largest value that a majority has reached: `own` is the leader's, theirs(progress) that of a
/// follower, T{} if nothing is known of it.
template <class T, class Theirs>
T reached_by_voters(const State& state, const Leader& leader, T own, const Theirs& theirs) {
    OfVoters<T> reached;
    for (const Peer& peer : state.members().all()) {
        if (peer.standing != Standing::voter) continue;
        if (peer.id == state.self) {
            reached.add(own);
            continue;
        }
        const auto at = leader.followers.find(peer.id);
        reached.add(at == leader.followers.end() ? T{} : theirs(at->second));
    }
    return reached_by_majority(reached.values());
}

}  // namespace rafted::core
