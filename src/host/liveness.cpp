#include "host/liveness.hpp"

#include <algorithm>

namespace rafted::host {

void Liveness::watch(ports::Slot slot, Reliance reliance, core::Time now) {
    unwatch(slot);
    for (const NodeId node : reliance.nodes) {
        const auto [at, is_new] = nodes_.try_emplace(node);
        if (is_new) at->second.heard = now;  // by the word of the member that is there
        at->second.by_patience.emplace(reliance.patience, slot);
        if (reliance.beat_interval > core::Duration::zero()) {
            at->second.by_interval.emplace(reliance.beat_interval, slot);
        }
    }
    seats_.emplace(slot, std::move(reliance));
}

void Liveness::unwatch(ports::Slot slot) {
    const auto seat = seats_.extract(slot);
    if (seat.empty()) return;
    const Reliance& reliance = seat.mapped();
    for (const NodeId node : reliance.nodes) {
        const auto at = nodes_.find(node);
        at->second.by_patience.erase({reliance.patience, slot});
        at->second.by_interval.erase({reliance.beat_interval, slot});
        if (at->second.by_patience.empty()) nodes_.erase(at);
    }
}

void Liveness::heard(NodeId node, const ports::Beat& beat, core::Time now) {
    if (!beat.is_answer) this->beat(node, true);
    const auto at = nodes_.find(node);
    if (at == nodes_.end()) return;
    Watched& watched = at->second;
    const bool is_another = watched.epoch != 0 && watched.epoch != beat.epoch;
    watched.epoch = beat.epoch;
    watched.heard = now;
    if (!is_another) return;
    for (const auto& [patience, slot] : watched.by_patience) lost_.push_back(slot);
}

void Liveness::renew() {
    epoch_ = 0;
    for (const auto& [slot, reliance] : seats_) lost_.push_back(slot);
}

std::vector<ports::Slot> Liveness::step(core::Time now) {
    for (auto& [node, watched] : nodes_) {
        for (const auto& [patience, slot] : watched.by_patience) {
            if (now < watched.heard + patience) break;
            lost_.push_back(slot);
        }
        beat_if_due(node, watched, now);
    }
    auto lost = std::exchange(lost_, {});
    std::ranges::sort(lost);
    const auto doubled = std::ranges::unique(lost);
    lost.erase(doubled.begin(), doubled.end());
    for (const ports::Slot slot : lost) unwatch(slot);
    return lost;
}

void Liveness::beat_if_due(NodeId node, Watched& watched, core::Time now) {
    if (watched.by_interval.empty()) return;
    const bool is_first = watched.beaten == core::Time::min();
    if (!is_first && now < watched.beaten + watched.by_interval.begin()->first) return;
    watched.beaten = now;
    beat(node, false);
}

void Liveness::beat(NodeId node, bool is_answer) {
    if (epoch_ == 0) epoch_ = random_() | 1U;
    transport_.beat(node, {epoch_, is_answer});
}

core::Time Liveness::wake_at() const {
    if (!lost_.empty()) return core::Time::min();
    core::Time wake = core::never;
    for (const auto& [node, watched] : nodes_) {
        wake = std::min(wake, watched.heard + watched.by_patience.begin()->first);
        if (watched.by_interval.empty()) continue;
        const bool is_first = watched.beaten == core::Time::min();
        wake = is_first ? core::Time::min()
                        : std::min(wake, watched.beaten + watched.by_interval.begin()->first);
    }
    return wake;
}

}  // namespace rafted::host
