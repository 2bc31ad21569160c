// What a majority of the voters in force has reached, as its leader knows it from their answers.
#pragma once

#include "core/quorum.hpp"
#include "core/state.hpp"

namespace rafted::core {

/// The largest value that a majority has reached: `own` is the leader's, theirs(progress) that of a
/// follower, T{} if nothing is known of it.
template <class T, class Theirs>
T reached_by_voters(const State& state, const Leader& leader, T own, const Theirs& theirs) {
    OfVoters<T> values;
    auto at = leader.followers.begin();
    for (const Peer& peer : state.members().all()) {
        if (peer.standing != Standing::voter) continue;
        if (peer.id == state.self) {
            values.add(own);
            continue;
        }
        while (at != leader.followers.end() && at->first < peer.id) ++at;  // both go by id
        const bool is_known = at != leader.followers.end() && at->first == peer.id;
        values.add(is_known ? theirs(at->second) : T{});
    }
    return values.reached();
}

}  // namespace rafted::core
