// The network of a simulated world: what becomes of each message between two places. Messages are
// lost, late, doubled and out of order as the weather says; links are cut in one or both
// directions, or slow.
//   1. Each ordered pair of places has a stream of chance of its own: what one pair sends does not
//      change what becomes of another's messages.
//   2. A cut holds for what is under way, too: who arrives at a cut is lost.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/random.hpp"
#include "rafted/ids.hpp"
#include "sim/event_loop.hpp"

namespace rafted::sim {

/// Of all links; shares are per 10,000 messages, times in microseconds.
struct Weather {
    std::uint64_t least_delay = 200;
    std::uint64_t most_delay = 2'000;
    std::uint64_t lost = 0;
    std::uint64_t doubled = 0;
    std::uint64_t late = 0;  ///< Takes up to `most_late` instead, and is overtaken by others.
    std::uint64_t most_late = 200'000;
    bool operator==(const Weather&) const = default;
};

class Network {
public:
    /// What became of a message: when its copies arrive, or why it never will.
    struct Fate {
        core::Time first{};
        std::optional<core::Time> second{};
        std::string_view lost{};  ///< Empty: it arrives.
    };

    Network(EventLoop& loop, std::uint64_t seed) : loop_(loop), seed_(seed) {}

    void set_weather(const Weather& weather) { weather_ = weather; }
    const Weather& weather() const { return weather_; }

    /// Carries something between two nodes; `arrive` runs once for each copy that gets there.
    Fate send(NodeId from, NodeId to, std::function<void()> arrive);
    /// The same over a connection: late or lost, as connections are, but never twice.
    Fate send_once(NodeId from, NodeId to, std::function<void()> arrive);

    void cut_one_way(NodeId from, NodeId to) { cut_.insert({from, to}); }
    void cut(NodeId one, NodeId other) {
        cut_one_way(one, other);
        cut_one_way(other, one);
    }
    void mend(NodeId from, NodeId to) { cut_.erase({from, to}); }
    void mend_all() {
        cut_.clear();
        for (auto& [ends, link] : links_) link.slower = {};
    }
    bool is_cut(NodeId from, NodeId to) const { return cut_.contains({from, to}); }
    /// Everything between the two takes this much longer; zero: no more.
    void slow_down(NodeId one, NodeId other, core::Duration by);
    void slow_down_one_way(NodeId from, NodeId to, core::Duration by);

private:
    struct Link {
        core::Random random;
        core::Duration slower{};
    };
    Link& link(NodeId from, NodeId to);
    Fate carry(NodeId from, NodeId to, std::uint64_t doubled, std::function<void()> arrive);
    core::Duration travel(Link& link) const;

    EventLoop& loop_;
    std::uint64_t seed_;
    Weather weather_;
    std::map<std::pair<NodeId, NodeId>, Link> links_;
    std::set<std::pair<NodeId, NodeId>> cut_;
};

/// A stream of chance for one purpose: equal arguments, equal stream.
core::Random stream_of(std::uint64_t seed, std::uint64_t purpose, std::uint64_t one = 0,
                       std::uint64_t other = 0);

}  // namespace rafted::sim
