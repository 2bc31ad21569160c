#include "history/timeline.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace rafted::history {

std::vector<Moment> moments_of(std::span<const Interval> intervals) {
    std::vector<Moment> moments;
    for (std::uint32_t i = 0; i < intervals.size(); ++i) {
        const Interval& one = intervals[i];
        if (!one.end && one.read_only) continue;
        moments.push_back({one.start, i, false});
        if (one.end) moments.push_back({*one.end, i, true});
    }
    std::ranges::sort(moments, {}, [](const Moment& moment) {
        return std::tuple(moment.at, moment.is_end, moment.interval);
    });
    return moments;
}

Beginning beginning_of(std::span<const Interval> intervals, std::size_t ends) {
    std::vector<bool> started(intervals.size());
    std::vector<bool> ended(intervals.size());
    std::size_t seen = 0;
    for (const Moment& moment : moments_of(intervals)) {
        if (seen == ends) break;
        if (moment.is_end) ++seen;
        (moment.is_end ? ended : started)[moment.interval] = true;
    }
    Beginning beginning;
    for (std::size_t i = 0; i < intervals.size(); ++i) {
        if (!started[i]) continue;
        Interval one = intervals[i];
        if (!ended[i]) {
            // A call that turned out to change nothing might have changed something.
            if (one.end && one.kind != one.open_kind) one.read_only = false;
            one.end.reset();
            one.kind = one.open_kind;
        }
        beginning.intervals.push_back(one);
        beginning.places.push_back(i);
    }
    return beginning;
}

Timeline::Timeline(std::span<const Interval> intervals)
    : intervals_(intervals.begin(), intervals.end()),
      moments_(moments_of(intervals)),
      slots_(intervals.size()),
      open_(moments_.size()) {
    std::vector<std::uint32_t> free_slots;
    std::vector<std::uint32_t> open;
    const auto end_of = [this](std::uint32_t index) {
        return std::pair(*intervals_[index].end, index);
    };
    for (std::uint32_t place = 0; place < moments_.size(); ++place) {
        const Moment& moment = moments_[place];
        if (!intervals_[moment.interval].end) {
            add_endless(moment, place);
        } else if (!moment.is_end) {
            if (free_slots.empty()) free_slots.push_back(slot_count_++);
            slots_[moment.interval] = free_slots.back();
            free_slots.pop_back();
            const auto after = std::ranges::upper_bound(open, end_of(moment.interval), {}, end_of);
            open.insert(after, moment.interval);
        } else {
            open_[place] = open;
            std::erase(open, moment.interval);
            free_slots.push_back(slots_[moment.interval]);
        }
    }
    look_back();
}

void Timeline::add_endless(const Moment& moment, std::uint32_t place) {
    const Steps::Kind kind = intervals_[moment.interval].kind;
    const auto found = std::ranges::find(endless_kinds_, kind);
    const auto index = static_cast<std::size_t>(found - endless_kinds_.begin());
    if (found == endless_kinds_.end()) {
        endless_kinds_.push_back(kind);
        endless_starts_.emplace_back();
    }
    endless_starts_[index].push_back(place);
}

void Timeline::look_back() {
    next_read_end_.assign(moments_.size() + 1, moments_.size());
    for (std::size_t place = moments_.size(); place-- > 0;) {
        const Moment& moment = moments_[place];
        const bool is_read_end = moment.is_end && intervals_[moment.interval].read_only;
        next_read_end_[place] = is_read_end ? place : next_read_end_[place + 1];
    }
}

std::uint32_t Timeline::started(std::uint32_t endless, std::size_t moment) const {
    const auto& starts = endless_starts_[endless];
    return static_cast<std::uint32_t>(std::ranges::lower_bound(starts, moment) - starts.begin());
}

}  // namespace rafted::history
