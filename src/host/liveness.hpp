// Whether the nodes are alive that silent groups rely on (core/quiescence.cpp), for all of them at
// once: beats from node to node in place of heartbeats from member to member.
//   1. Who leads a silent group sends beats to the nodes of its members; each beat is answered.
//   2. A node vouches for all its seats together, by an epoch. One that ends without a word takes
//      the epoch with it, and so does a restart: beats of another epoch vouch for nobody who
//      trusted this one.
//   3. A silent group costs nothing between its beginning and its end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "ports/storage.hpp"
#include "ports/transport.hpp"

namespace rafted::host {

/// What a silent seat relies on.
struct Reliance {
    std::vector<NodeId> nodes;
    core::Duration patience{};       ///< A node that was not heard for so long is gone.
    core::Duration beat_interval{};  ///< Zero: beats are sent by the other side.
};

class Liveness {
public:
    /// `random` makes epochs.
    Liveness(ports::Transport& transport, std::function<std::uint64_t()> random)
        : transport_(transport), random_(std::move(random)) {}

    /// The seat is silent from now on.
    void watch(ports::Slot slot, Reliance reliance, core::Time now);
    /// It is not any more.
    void unwatch(ports::Slot slot);
    void heard(NodeId node, const ports::Beat& beat, core::Time now);
    /// From now on this node vouches for the seats it has now; none that is silent here may stay
    /// so.
    void renew();

    /// Sends the beats that are due, and returns the seats that have nobody any more to rely on;
    /// they are not watched from now on.
    std::vector<ports::Slot> step(core::Time now);
    core::Time wake_at() const;
    /// When a node was heard that some seat relies on.
    core::Time last_heard(NodeId node) const { return nodes_.at(node).heard; }

private:
    using Seats = std::set<std::pair<core::Duration, ports::Slot>>;  ///< Shortest first.
    struct Watched {
        std::uint64_t epoch = 0;  ///< None heard yet.
        core::Time heard{};
        Seats by_patience;
        Seats by_interval;  ///< Those for which beats are sent.
        core::Time beaten = core::Time::min();
    };

    void beat_if_due(NodeId node, Watched& watched, core::Time now);
    void beat(NodeId node, bool is_answer);

    ports::Transport& transport_;
    std::function<std::uint64_t()> random_;
    std::uint64_t epoch_ = 0;  ///< Not needed yet.
    std::map<NodeId, Watched> nodes_;
    std::map<ports::Slot, Reliance> seats_;
    std::vector<ports::Slot> lost_;
};

}  // namespace rafted::host
