// From partitions to the verdict: each is searched, and the shortest beginning that cannot be
// explained is found by halving. A beginning that cannot stays so however the history goes on.
#include <algorithm>
#include <tuple>

#include "history/search.hpp"
#include "rafted/history.hpp"

namespace rafted::history {
namespace {

constexpr std::uint64_t most_for_states = 5'000;  // configurations, to name the possible states

/// A beginning of one partition that cannot be explained: its first `ends` ends.
struct Failure {
    const Partition* partition = nullptr;
    std::size_t ends = 0;
    std::uint64_t at = 0;
    bool is_shortest = true;
};

std::vector<std::uint64_t> ends_of(const Partition& partition) {
    std::vector<std::uint64_t> ends;
    for (const Moment& moment : moments_of(partition.intervals)) {
        if (moment.is_end) ends.push_back(moment.at);
    }
    return ends;
}

class Checker {
public:
    explicit Checker(const Limits& limits)
        : limits_(limits), to_answer_(limits.configurations), to_tell_(limits.configurations) {}

    void look_at(const Partition& partition) {
        ++verdict_.partitions;
        for (const Interval& one : partition.intervals) {
            if (one.end || !one.read_only) ++verdict_.calls;
        }
        const Solved solved = solve(partition, partition.intervals, to_answer_);
        if (solved.answer == Answer::undecided) is_undecided_ = true;
        if (solved.answer == Answer::not_linearizable) look_for_shortest(partition, solved);
    }

    Verdict verdict() {
        if (first_) {
            verdict_.answer = Answer::not_linearizable;
            tell(*first_);
        } else if (is_undecided_) {
            verdict_.answer = Answer::undecided;
        }
        return std::move(verdict_);
    }

private:
    struct Solved {
        Answer answer = Answer::linearizable;
        std::size_t explained = 0;  // so many ends at least can be, if not all
    };

    Solved solve(const Partition& partition, std::span<const Interval> intervals,
                 std::uint64_t& budget) {
        partition.steps->prepare(intervals);
        if (const auto known = partition.steps->shortcut(intervals)) return {*known, 0};
        const Timeline timeline(intervals);
        Limits limits = limits_;
        limits.configurations = budget;
        const Found found = Search(*partition.steps, timeline, limits).run();
        budget -= std::min(budget, found.configurations);
        verdict_.configurations += found.configurations;
        const std::span before(timeline.moments().data(), found.furthest);
        const auto ends = std::ranges::count_if(before, &Moment::is_end);
        return {found.answer, static_cast<std::size_t>(ends)};
    }

    Answer solve_beginning(const Partition& partition, std::size_t ends) {
        return solve(partition, beginning_of(partition.intervals, ends).intervals, to_tell_).answer;
    }

    /// Makes this partition's failure first_ if it is earlier than the one there is.
    void look_for_shortest(const Partition& partition, const Solved& solved) {
        const auto ends = ends_of(partition);
        std::size_t fails = ends.size();
        std::size_t holds = solved.explained;
        bool is_shortest = true;
        if (first_) {
            const auto before = std::ranges::lower_bound(ends, first_->at) - ends.begin();
            fails = static_cast<std::size_t>(before);
            if (fails <= holds) return;
            if (solve_beginning(partition, fails) != Answer::not_linearizable) return;
        }
        // What the search could not pass is the likely place; then by halves.
        std::size_t middle = holds + 1;
        while (fails - holds > 1) {
            const Answer answer = solve_beginning(partition, middle);
            is_shortest = is_shortest && answer != Answer::undecided;
            (answer == Answer::not_linearizable ? fails : holds) = middle;
            middle = holds + (fails - holds) / 2;
        }
        first_ = Failure{&partition, fails, ends[fails - 1], is_shortest};
    }

    void tell(const Failure& failure) {
        const Partition& partition = *failure.partition;
        const auto [intervals, places] = beginning_of(partition.intervals, failure.ends);
        Violation violation;
        violation.partition = partition.key;
        violation.is_shortest = failure.is_shortest && !is_undecided_;
        std::size_t last = 0;
        std::size_t seen = 0;
        for (const Moment& moment : moments_of(intervals)) {
            if (moment.is_end && ++seen == failure.ends) last = moment.interval;
        }
        violation.last = partition.calls[places[last]];
        std::vector<std::pair<std::uint64_t, std::size_t>> around;
        for (std::size_t i = 0; i < places.size(); ++i) {
            const Interval& one = partition.intervals[places[i]];
            const std::size_t call = partition.calls[places[i]];
            violation.prefix.push_back(call);
            const bool is_over = one.end && *one.end < intervals[last].start;
            const bool counts = one.end || !one.read_only;
            if (i != last && !is_over && counts) around.emplace_back(one.start, call);
        }
        std::ranges::sort(around);
        for (const auto& [start, call] : around) violation.around.push_back(call);
        violation.states = states_before(partition, intervals, last);
        verdict_.violation = std::move(violation);
    }

    std::vector<std::string> states_before(const Partition& partition,
                                           std::span<const Interval> intervals, std::size_t last) {
        const Timeline timeline(intervals);
        Limits limits = limits_;
        limits.configurations = std::min(limits.configurations, most_for_states);
        partition.steps->prepare({});
        const Found found = Search(*partition.steps, timeline, limits, false).run();
        std::vector<std::string> states;
        if (timeline.moments()[found.furthest].interval != last) return states;
        for (const Steps::State state : found.states) {
            states.push_back(partition.steps->describe(state));
        }
        std::ranges::sort(states);
        if (states.size() > Verdict::most_states) states.resize(Verdict::most_states);
        return states;
    }

    Limits limits_;
    std::uint64_t to_answer_;
    std::uint64_t to_tell_;
    Verdict verdict_;
    bool is_undecided_ = false;
    std::optional<Failure> first_;
};

}  // namespace

Verdict check_partitions(std::span<const Partition> partitions, const Limits& limits) {
    Checker checker(limits);
    for (const Partition& partition : partitions) checker.look_at(partition);
    return checker.verdict();
}

}  // namespace rafted::history
