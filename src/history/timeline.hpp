// The calls of one partition as a sequence of starts and ends, prepared for the search.
//   1. Starts come before ends of the same moment: calls that touch are concurrent.
//   2. A call without an end that changes nothing is not there at all.
//   3. A slot belongs to one call with an end from its start to its end.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rafted/history.hpp"

namespace rafted::history {

/// The start or the end of a call.
struct Moment {
    std::uint64_t at = 0;
    std::uint32_t interval = 0;
    bool is_end = false;
};

/// Starts and ends of all intervals in order; intervals without an end have a start only.
std::vector<Moment> moments_of(std::span<const Interval> intervals);

/// What is known of the history when its first `ends` ends have been seen: calls that end later,
/// or start later, are open or gone. Returns the intervals and their places in `intervals`.
struct Beginning {
    std::vector<Interval> intervals;
    std::vector<std::size_t> places;
};
Beginning beginning_of(std::span<const Interval> intervals, std::size_t ends);

class Timeline {
public:
    explicit Timeline(std::span<const Interval> intervals);

    const std::vector<Moment>& moments() const { return moments_; }
    const Interval& interval(std::uint32_t index) const { return intervals_[index]; }
    std::uint32_t slot(std::uint32_t index) const { return slots_[index]; }
    std::uint32_t slot_count() const { return slot_count_; }
    /// Calls with an end that are open at this end (a place in moments()), by their ends.
    const std::vector<std::uint32_t>& open_at(std::size_t moment) const { return open_[moment]; }
    /// Kinds of calls without an end; what `used` numbers in the search.
    const std::vector<Steps::Kind>& endless_kinds() const { return endless_kinds_; }
    /// How many endless calls of this kind have started before the moment.
    std::uint32_t started(std::uint32_t endless, std::size_t moment) const;
    /// The first end at or after `moment` of a read, by moments; moments().size() if none.
    std::size_t next_read_end(std::size_t moment) const { return next_read_end_[moment]; }

private:
    void add_endless(const Moment& moment, std::uint32_t place);
    void look_back();

    std::vector<Interval> intervals_;
    std::vector<Moment> moments_;
    std::vector<std::uint32_t> slots_;
    std::uint32_t slot_count_ = 0;
    std::vector<std::vector<std::uint32_t>> open_;
    std::vector<Steps::Kind> endless_kinds_;
    std::vector<std::vector<std::uint32_t>> endless_starts_;
    std::vector<std::size_t> next_read_end_;
};

}  // namespace rafted::history
