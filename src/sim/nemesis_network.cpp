// Strikes that hurt no disk: messages and links, clocks, clients, slow values.
#include <algorithm>
#include <utility>

#include "sim/nemesis.hpp"

namespace rafted::sim {
namespace {

std::string percent(std::uint64_t of_ten_thousand) {
    return std::to_string(of_ten_thousand / 100) + " %";
}

}  // namespace

/// Of several storms at once the worst of each kind counts.
Nemesis::Done Nemesis::weather(const Strike& strike) {
    const auto set = [this] {
        Weather now = field_.plan.world.weather;
        for (const auto& [number, storm] : weathers_) {
            const std::uint64_t c = storm.choice;
            if (storm.fault == Fault::drop) now.lost = std::max(now.lost, 100 + c % 2'900);
            if (storm.fault == Fault::duplicate)
                now.doubled = std::max(now.doubled, 500 + c % 4'500);
            if (storm.fault == Fault::reorder) {
                now.late = std::max(now.late, 500 + c % 3'000);
                now.most_late = 20'000 + c % 400'000;
            }
            if (storm.fault == Fault::delay) {
                now.most_delay = std::max(now.most_delay, 5'000 + c % 150'000);
            }
        }
        field_.world.network().set_weather(now);
    };
    weathers_[strike.number] = strike;
    set();
    const std::uint64_t c = strike.choice;
    std::string text;
    if (strike.fault == Fault::drop) text = percent(100 + c % 2'900) + " of messages are lost";
    if (strike.fault == Fault::duplicate)
        text = percent(500 + c % 4'500) + " of messages come twice";
    if (strike.fault == Fault::reorder) text = percent(500 + c % 3'000) + " of messages come late";
    if (strike.fault == Fault::delay) {
        text = "messages take up to " + std::to_string((5'000 + c % 150'000) / 1'000) + " ms";
    }
    return {text, [this, set, number = strike.number] {
                weathers_.erase(number);
                set();
            }};
}

Nemesis::Done Nemesis::links(const Strike& strike) {
    Network& network = field_.world.network();
    const auto nodes = field_.world.nodes();
    const NodeId one = victim(strike.choice);
    if (!one || nodes.size() < 2) return {};
    NodeId other = nodes[strike.choice / 97 % nodes.size()];
    if (other == one) other = nodes.front() == one ? nodes.back() : nodes.front();
    std::vector<std::pair<NodeId, NodeId>> cuts;
    std::string text;
    switch (strike.fault) {
        case Fault::slow_link: {
            const auto by = std::chrono::milliseconds(20 + strike.choice % 400);
            network.slow_down(one, other, by);
            return {"everything between " + word(one) + " and " + word(other) + " takes " +
                        std::to_string(by.count()) + " ms longer",
                    [&network, one, other] { network.slow_down(one, other, {}); },
                    {one, other}};
        }
        case Fault::cut:
            cuts = {{one, other}, {other, one}};
            text = word(one) + " and " + word(other) + " cannot reach each other";
            break;
        case Fault::cut_one_way:
            cuts = {{one, other}};
            if (strike.choice / 7 % 2 == 0) cuts = {{other, one}};
            text = word(cuts[0].first) + " does not reach " + word(cuts[0].second);
            break;
        case Fault::isolate:
            for (const NodeId id : nodes) cuts.insert(cuts.end(), {{one, id}, {id, one}});
            text = word(one) + " reaches nobody";
            break;
        default:
            text = "the nodes are split:";
            for (const NodeId id : nodes) {
                const bool here = (strike.choice >> (id.value % 60)) % 2 == 0;
                text += here ? " " + word(id) : "";
                for (const NodeId far : nodes) {
                    const bool there = (strike.choice >> (far.value % 60)) % 2 != 0;
                    if (here && there) cuts.insert(cuts.end(), {{id, far}, {far, id}});
                }
            }
            text += " apart from the others";
            if (cuts.empty()) return {};
    }
    std::erase_if(cuts, [&](const auto& link) { return network.is_cut(link.first, link.second); });
    std::vector<NodeId> struck;
    if (strike.fault == Fault::isolate) struck = {one};
    for (const auto& [from, to] : cuts) {
        network.cut_one_way(from, to);
        if (cuts.size() <= 2) struck = {from, to};
    }
    return {text,
            [&network, cuts] {
                for (const auto& [from, to] : cuts) network.mend(from, to);
            },
            struck};
}

Nemesis::Done Nemesis::clocks(const Strike& strike) {
    const NodeId id = victim(strike.choice);
    if (!id) return {};
    SimClock& clock = field_.world.process(id).clock();
    if (strike.fault == Fault::jump_wall) {
        const auto by = std::chrono::hours(strike.choice % 2'000'000) - std::chrono::hours(900'000);
        clock.jump_wall(by);
        return {"the wall clock of " + word(id) + " jumps by " + std::to_string(by.count()) + " h"};
    }
    // Two clocks may drift apart by the margin during one election timeout, no more.
    const auto& config = field_.plan.config;
    const double margin = config.lease_is_on()
                              ? static_cast<double>(config.drift_margin().count()) /
                                    static_cast<double>(config.election_timeout.count())
                              : 0.5;
    const auto most = static_cast<std::uint64_t>(margin * 0.4 * 1e6);
    auto drift = static_cast<SimClock::Drift>(strike.choice / 3 % (most + 1));
    if (strike.fault == Fault::drift_beyond) drift = 400'000 + drift * 4;
    if (strike.choice % 3 == 0) drift = -drift;
    if (strike.fault == Fault::freeze_clock) drift = -SimClock::million;
    drift = std::max<SimClock::Drift>(drift, -SimClock::million);
    if (strike.fault != Fault::drift && config.lease_is_on()) field_.onlooker.clocks_off();
    clock.set_drift(drift);
    field_.world.process(id).clock_changed();
    const std::string text =
        strike.fault == Fault::freeze_clock
            ? "the clock of " + word(id) + " stands still"
            : "the clock of " + word(id) + " goes " + std::to_string(drift) + " ppm fast";
    return {text, [this, id] {
                if (!field_.world.is_up(id)) return;
                field_.world.process(id).clock().set_drift(0);
                field_.world.process(id).clock_changed();
            }};
}

Nemesis::Done Nemesis::values(const Strike& strike) {
    if (strike.fault == Fault::short_timeouts) {
        const auto timeout = std::chrono::milliseconds(20 + strike.choice % 500);
        field_.set_timeout(timeout);
        return {"clients wait no longer than " + std::to_string(timeout.count()) + " ms",
                [this] { field_.set_timeout({}); }};
    }
    if (strike.fault == Fault::pile_up) {
        const std::uint64_t count = 20 + strike.choice % 60;
        field_.pile_up(count);
        return {"clients ask for " + std::to_string(count) + " things at once"};
    }
    const NodeId id = victim(strike.choice);
    if (!id) return {};
    if (strike.fault == Fault::throwing_hooks) {
        field_.recorder.set_throwing(id, true);
        return {"hooks on " + word(id) + " throw",
                [this, id] { field_.recorder.set_throwing(id, false); }};
    }
    std::vector<LaneKind> kinds{LaneKind::value};
    std::string what = "commands and queries";
    if (strike.fault == Fault::slow_hooks) {
        kinds = {LaneKind::hooks};
        what = "hooks";
    }
    if (strike.fault == Fault::slow_snapshots) {
        kinds = {LaneKind::snapshots, LaneKind::pieces};
        what = "snapshots";
    }
    const auto by = std::chrono::milliseconds(5 + strike.choice % 900);
    for (const LaneKind kind : kinds) field_.world.process(id).slow_down(kind, by);
    return {what + " on " + word(id) + " take " + std::to_string(by.count()) + " ms longer",
            [this, id, kinds] {
                if (!field_.world.is_up(id)) return;
                for (const LaneKind kind : kinds) field_.world.process(id).slow_down(kind, {});
            }};
}

}  // namespace rafted::sim
