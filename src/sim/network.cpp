#include "sim/network.hpp"

namespace rafted::sim {

core::Random stream_of(std::uint64_t seed, std::uint64_t purpose, std::uint64_t one,
                       std::uint64_t other) {
    std::uint64_t mixed = seed;
    for (const std::uint64_t part : {purpose, one, other}) {
        mixed = core::Random(mixed ^ (part * 0x9e3779b97f4a7c15U)).next();
    }
    return core::Random(mixed);
}

Network::Link& Network::link(NodeId from, NodeId to) {
    const auto found = links_.find({from, to});
    if (found != links_.end()) return found->second;
    constexpr std::uint64_t purpose = 1;
    return links_
        .emplace(std::pair(from, to),
                 Link{stream_of(seed_, purpose, from.value, to.value), core::Duration{}})
        .first->second;
}

core::Duration Network::travel(Link& link) const {
    const bool is_late = weather_.late > 0 && link.random.one_to(10'000) <= weather_.late;
    const std::uint64_t most = is_late ? weather_.most_late : weather_.most_delay;
    const std::uint64_t spread = most > weather_.least_delay ? most - weather_.least_delay : 1;
    return std::chrono::microseconds(weather_.least_delay + link.random.one_to(spread)) +
           link.slower;
}

Network::Fate Network::send(NodeId from, NodeId to, std::function<void()> arrive) {
    return carry(from, to, weather_.doubled, std::move(arrive));
}

Network::Fate Network::send_once(NodeId from, NodeId to, std::function<void()> arrive) {
    return carry(from, to, 0, std::move(arrive));
}

Network::Fate Network::carry(NodeId from, NodeId to, std::uint64_t doubled,
                             std::function<void()> arrive) {
    Link& way = link(from, to);
    if (is_cut(from, to)) return {.lost = "cut"};
    if (weather_.lost > 0 && way.random.one_to(10'000) <= weather_.lost) return {.lost = "dropped"};
    const auto deliver = [this, from, to](std::function<void()> job) {
        return [this, from, to, job = std::move(job)] {
            if (!is_cut(from, to)) job();
        };
    };
    Fate fate{.first = loop_.now() + travel(way)};
    if (doubled > 0 && way.random.one_to(10'000) <= doubled) {
        fate.second = loop_.now() + travel(way);
        loop_.call_at(*fate.second, deliver(arrive));
    }
    loop_.call_at(fate.first, deliver(std::move(arrive)));
    return fate;
}

void Network::slow_down(NodeId one, NodeId other, core::Duration by) {
    slow_down_one_way(one, other, by);
    slow_down_one_way(other, one, by);
}

void Network::slow_down_one_way(NodeId from, NodeId to, core::Duration by) {
    link(from, to).slower = by;
}

}  // namespace rafted::sim
