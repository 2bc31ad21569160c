// When a seat has nothing to do, and whom it relies on while its group is silent.
#include "host/seat.hpp"

namespace rafted::host {

/// Hooks that wait are work: what they have done is told to the others.
bool Seat::step_idle_watch(core::Time now) {
    const core::State& state = member_.state();
    if (!member_.leads() || state.is_quiescent() || hooks_.size() > 0) return false;
    return idle_.step(now, state.log.last(), state.config().heartbeat_interval);
}

NodeId Seat::silent_under() const {
    const core::State& state = member_.state();
    return !stopped_ && state.is_quiescent() ? state.leader : NodeId();
}

Reliance Seat::relies_on() const {
    const core::State& state = member_.state();
    Reliance reliance;
    reliance.patience = state.config().election_timeout;
    if (!member_.leads()) {
        reliance.nodes = {state.leader};
        return reliance;
    }
    reliance.beat_interval = state.config().heartbeat_interval;
    for (const core::Peer& peer : state.members().all()) {
        if (peer.id != state.self) reliance.nodes.push_back(peer.id);
    }
    return reliance;
}

}  // namespace rafted::host
