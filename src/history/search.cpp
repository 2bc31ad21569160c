#include "history/search.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace rafted::history {
namespace {

constexpr unsigned most_reads_ahead = 8;
constexpr std::uint64_t impossible = ~std::uint64_t{0};

/// The heap's order: its top is the node with the fewest calls placed, then the oldest.
constexpr auto comes_later = [](const auto& a, const auto& b) {
    return std::tuple(a.placed, a.arrival) > std::tuple(b.placed, b.arrival);
};

bool is_among(const auto& range, const auto& value) {
    return std::ranges::find(range, value) != range.end();
}

}  // namespace

Search::Search(Steps& steps, const Timeline& timeline, const Limits& limits, bool looks_ahead)
    : steps_(steps), timeline_(timeline), limits_(limits), looks_ahead_(looks_ahead) {
    limits_.states += steps.states();
    rank_endless();
}

void Search::rank_endless() {
    const auto& kinds = timeline_.endless_kinds();
    const auto count = static_cast<std::uint32_t>(kinds.size());
    std::vector<std::size_t> strength(count);
    endless_covers_.resize(count);
    for (std::uint32_t weak = 0; weak < count; ++weak) {
        endless_order_.push_back(weak);
        for (std::uint32_t strong = 0; strong < count; ++strong) {
            if (strong == weak || !steps_.covers(kinds[strong], kinds[weak])) continue;
            endless_covers_[weak].push_back(strong);
            ++strength[strong];
        }
    }
    std::ranges::sort(endless_order_, {},
                      [&](std::uint32_t i) { return std::pair(strength[i], i); });
}

/// Whether what is used up here is no more than there, call by call: the same, or a weaker one.
bool Search::is_as_good(const std::vector<std::uint32_t>& used,
                        const std::vector<std::uint32_t>& other) const {
    if (used.size() > other.size()) return false;
    std::vector<std::uint32_t> here;
    std::vector<std::uint32_t> there;
    std::ranges::set_difference(used, other, std::back_inserter(here));
    std::ranges::set_difference(other, used, std::back_inserter(there));
    // Nothing that covers is itself covered, so the first match is as good as any.
    return std::ranges::all_of(here, [&](std::uint32_t weak) {
        const auto found = std::ranges::find_if(
            there, [&](std::uint32_t strong) { return is_among(endless_covers_[weak], strong); });
        if (found == there.end()) return false;
        there.erase(found);
        return true;
    });
}

std::size_t Search::Hash::operator()(const std::vector<std::uint64_t>& key) const {
    std::uint64_t hash = 0x9e3779b97f4a7c15;
    for (const std::uint64_t word : key) {
        hash = (hash ^ word) * 0xff51afd7ed558ccd;
        hash ^= hash >> 32;
    }
    return hash;
}

bool Search::is_done(const Configuration& now, std::uint32_t interval) const {
    const std::uint32_t slot = timeline_.slot(interval);
    return (now.done[slot / 64] >> (slot % 64) & 1) != 0;
}

void Search::set_done(Configuration& now, std::uint32_t interval, bool done) const {
    const std::uint32_t slot = timeline_.slot(interval);
    const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
    if (done) {
        now.done[slot / 64] |= bit;
    } else {
        now.done[slot / 64] &= ~bit;
    }
}

std::optional<Steps::State> Search::step(Steps::State state, Steps::Kind kind) {
    const std::uint64_t key = std::uint64_t{state} << 32 | kind;
    const auto [place, is_first] = step_results_.try_emplace(key, impossible);
    if (is_first) {
        if (const auto next = steps_.step(state, kind)) place->second = *next;
    }
    if (place->second == impossible) return std::nullopt;
    return static_cast<Steps::State>(place->second);
}

/// Goes on to the next end whose call has not taken effect; moments().size() if there is none.
std::size_t Search::advance(Configuration& now, std::size_t moment) {
    const auto& moments = timeline_.moments();
    for (; moment < moments.size(); ++moment) {
        const std::uint32_t index = moments[moment].interval;
        const Interval& call = timeline_.interval(index);
        if (!moments[moment].is_end) {
            if (call.read_only && step(now.state, call.kind)) set_done(now, index, true);
        } else if (is_done(now, index)) {
            set_done(now, index, false);
        } else {
            break;
        }
    }
    return moment;
}

void Search::absorb_reads(Configuration& now, std::size_t moment) {
    for (const std::uint32_t index : timeline_.open_at(moment)) {
        const Interval& call = timeline_.interval(index);
        if (!call.read_only || is_done(now, index)) continue;
        if (step(now.state, call.kind)) set_done(now, index, true);
    }
}

/// Remembers the configuration; false if it, or a better one, has been there before.
bool Search::is_new(const Configuration& now, std::size_t moment) {
    std::vector<std::uint64_t> key{std::uint64_t{moment} << 32 | now.state};
    key.insert(key.end(), now.done.begin(), now.done.end());
    auto& earlier = tried_[std::move(key)];
    const auto is_better = [&](const auto& used) { return is_as_good(used, now.used); };
    if (std::ranges::any_of(earlier, is_better)) return false;
    std::erase_if(earlier, [&](const auto& used) { return is_as_good(now.used, used); });
    earlier.push_back(now.used);
    return true;
}

/// Whether the call that ends at `target` may still find a state that it can be placed in.
bool Search::can_reach(const Configuration& now, std::size_t moment, std::size_t target) {
    const auto& moments = timeline_.moments();
    available_.clear();
    for (const std::uint32_t index : timeline_.open_at(moment)) {
        const Interval& call = timeline_.interval(index);
        const bool is_target = index == moments[target].interval;
        if (!call.read_only && !is_target && !is_done(now, index)) available_.push_back(call.kind);
    }
    const auto& endless = timeline_.endless_kinds();
    for (std::uint32_t i = 0; i < endless.size(); ++i) {
        const auto used = std::ranges::equal_range(now.used, i);
        if (std::ssize(used) < timeline_.started(i, moment)) available_.push_back(endless[i]);
    }
    for (std::size_t later = moment; later < target; ++later) {
        const Interval& call = timeline_.interval(moments[later].interval);
        if (!moments[later].is_end && !call.read_only) available_.push_back(call.kind);
    }
    return steps_.reaches(now.state, timeline_.interval(moments[target].interval).kind, available_);
}

bool Search::is_hopeful(const Configuration& now, std::size_t moment) {
    if (!looks_ahead_) return true;
    const auto& moments = timeline_.moments();
    if (!is_done(now, moments[moment].interval) && !can_reach(now, moment, moment)) return false;
    if (!steps_.looks_ahead()) return true;
    const auto& open = timeline_.open_at(moment);
    unsigned reads = 0;
    for (std::size_t end = moment; reads < most_reads_ahead; ++end) {
        end = timeline_.next_read_end(end);
        if (end == moments.size()) break;
        const std::uint32_t read = moments[end].interval;
        if (is_among(open, read) && is_done(now, read)) continue;
        if (!can_reach(now, moment, end)) return false;
        ++reads;
    }
    return true;
}

bool Search::is_over_limit() const {
    return found_.configurations > limits_.configurations || steps_.states() > limits_.states;
}

void Search::open_frame(Configuration now, std::size_t moment) {
    Frame frame{moment, {}};
    offer(frame, std::move(now), 0);
    frames_.push_back(std::move(frame));
}

void Search::note_state(const Configuration& now, std::size_t moment) {
    if (moment < found_.furthest || is_done(now, timeline_.moments()[moment].interval)) return;
    if (moment > found_.furthest) {
        found_.furthest = moment;
        found_.states.clear();
    }
    if (found_.states.size() <= Verdict::most_states && !is_among(found_.states, now.state)) {
        found_.states.push_back(now.state);
    }
}

void Search::offer(Frame& frame, Configuration next, std::uint32_t placed) {
    if (!is_new(next, frame.moment)) return;
    note_state(next, frame.moment);
    if (!is_hopeful(next, frame.moment)) return;
    ++found_.configurations;
    frame.heap.push_back({std::move(next), placed, arrivals_++});
    std::ranges::push_heap(frame.heap, comes_later);
}

/// Offers every configuration that one more placed call leads to.
void Search::place_more(Frame& frame, const Node& node) {
    std::vector<Steps::Kind> taken;
    const auto place = [&](std::uint32_t index) {
        const Interval& call = timeline_.interval(index);
        if (is_done(node.now, index) || is_among(taken, call.kind)) return;
        if (call.read_only) return;
        taken.push_back(call.kind);
        const auto state = step(node.now.state, call.kind);
        if (!state) return;
        Configuration next = node.now;
        next.state = *state;
        set_done(next, index, true);
        absorb_reads(next, frame.moment);
        offer(frame, std::move(next), node.placed + 1);
    };
    // open_at() is in order of ends, so the call that ends here comes first.
    for (const std::uint32_t index : timeline_.open_at(frame.moment)) place(index);
    place_endless(frame, node, std::move(taken));
}

void Search::place_endless(Frame& frame, const Node& node, std::vector<Steps::Kind> taken) {
    const auto& endless = timeline_.endless_kinds();
    for (const std::uint32_t i : endless_order_) {
        if (is_among(taken, endless[i])) continue;
        const auto used = std::ranges::equal_range(node.now.used, i);
        if (std::ssize(used) >= timeline_.started(i, frame.moment)) continue;
        const auto state = step(node.now.state, endless[i]);
        if (!state || *state == node.now.state) continue;
        Configuration next = node.now;
        next.state = *state;
        next.used.insert(std::ranges::upper_bound(next.used, i), i);
        absorb_reads(next, frame.moment);
        offer(frame, std::move(next), node.placed + 1);
    }
}

Found Search::run() {
    Configuration first;
    first.state = steps_.initial();
    first.done.resize((timeline_.slot_count() + 63) / 64);
    const std::size_t all = timeline_.moments().size();
    const std::size_t start = advance(first, 0);
    if (start == all) return found_;
    open_frame(std::move(first), start);
    while (!frames_.empty()) {
        if (is_over_limit()) {
            found_.answer = Answer::undecided;
            return found_;
        }
        Frame& frame = frames_.back();
        if (frame.heap.empty()) {
            frames_.pop_back();
            continue;
        }
        std::ranges::pop_heap(frame.heap, comes_later);
        Node node = std::move(frame.heap.back());
        frame.heap.pop_back();
        if (!is_done(node.now, timeline_.moments()[frame.moment].interval)) {
            place_more(frame, node);
            continue;
        }
        const std::size_t next = advance(node.now, frame.moment);
        if (next == all) return found_;
        open_frame(std::move(node.now), next);
    }
    found_.answer = Answer::not_linearizable;
    return found_;
}

}  // namespace rafted::history
