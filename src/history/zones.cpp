// Registers in which every value is written at most once: which write a read saw is no question,
// so no search is needed. A value with its write and reads is a cluster; from its first end to its
// last start is its zone. If the end comes first, the cluster must own that stretch of time; if
// not, one moment in the stretch is enough for all of it.
#include <algorithm>
#include <limits>
#include <map>

#include "history/cells.hpp"
#include "history/timeline.hpp"

namespace rafted::history {
namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

struct Cluster {
    bool has_write = false;
    bool has_read = false;
    bool is_read_before_write = false;
    std::uint64_t write_start = 0;
    std::uint64_t first_end = never;
    std::uint64_t last_start = 0;
};

struct Place {
    std::uint64_t start = 0;
    std::uint64_t end = never;
};

/// Starts and ends by their ranks from 1, so that no two are alike.
std::vector<Place> places_of(const std::vector<RegisterUse>& uses) {
    std::vector<Interval> intervals;
    for (const RegisterUse& use : uses) intervals.push_back(use.when);
    std::vector<Place> places(uses.size());
    std::uint64_t rank = 0;
    for (const Moment& moment : moments_of(intervals)) {
        Place& place = places[moment.interval];
        (moment.is_end ? place.end : place.start) = ++rank;
    }
    return places;
}

void widen(Cluster& cluster, const Place& place) {
    cluster.first_end = std::min(cluster.first_end, place.end);
    cluster.last_start = std::max(cluster.last_start, place.start);
}

bool zones_fit(const std::vector<Cluster>& clusters) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> owned;
    for (const Cluster& one : clusters) {
        if (one.first_end < one.last_start) owned.emplace_back(one.first_end, one.last_start);
    }
    std::ranges::sort(owned);
    for (std::size_t i = 1; i < owned.size(); ++i) {
        if (owned[i].first < owned[i - 1].second) return false;
    }
    for (const Cluster& one : clusters) {
        if (one.first_end < one.last_start) continue;
        // The owned stretch that begins last before this one must not reach over its end.
        auto after = std::ranges::lower_bound(owned, std::pair(one.last_start, std::uint64_t{0}));
        if (after == owned.begin()) continue;
        if (std::prev(after)->second > one.first_end) return false;
    }
    return true;
}

}  // namespace

std::optional<Answer> judge_unique_writes(std::vector<RegisterUse> uses, std::uint32_t initial) {
    std::erase_if(uses, [](const auto& use) { return !use.is_write && !use.when.end; });
    const auto places = places_of(uses);
    std::map<std::uint32_t, Cluster> clusters;
    clusters[initial].has_write = true;
    clusters[initial].first_end = 0;
    for (std::size_t i = 0; i < uses.size(); ++i) {
        if (!uses[i].is_write) continue;
        Cluster& cluster = clusters[uses[i].value];
        if (cluster.has_write) return std::nullopt;
        cluster.has_write = true;
        cluster.write_start = places[i].start;
        widen(cluster, places[i]);
    }
    for (std::size_t i = 0; i < uses.size(); ++i) {
        if (uses[i].is_write) continue;
        const auto found = clusters.find(uses[i].value);
        if (found == clusters.end()) return Answer::not_linearizable;
        if (places[i].end < found->second.write_start) return Answer::not_linearizable;
        found->second.has_read = true;
        widen(found->second, places[i]);
    }
    std::vector<Cluster> counted;
    for (const auto& [value, cluster] : clusters) {
        // A write that nobody saw and that may never have happened asks for nothing.
        const bool is_idle = !cluster.has_read && cluster.first_end == never;
        if (!is_idle) counted.push_back(cluster);
    }
    return zones_fit(counted) ? Answer::linearizable : Answer::not_linearizable;
}

}  // namespace rafted::history
