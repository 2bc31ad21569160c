// Linearizability: can a recorded history of calls be explained by one order of them in which each
// call takes effect at one moment between its start and its end?
//   check(model, calls)  for any sequential model: a value, a map, a queue.
// Not the reading of history files, nor the ready-made models; those are `rafted check`.
//   1. The answer is exact, or it is `undecided` because a limit was reached. Never a guess.
//   2. A call that is not known to have happened may take effect once after its start, or never.
//   3. The same calls and limits give the same answer and the same numbers everywhere.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rafted/bytes.hpp"

namespace rafted::history {

enum class Answer : std::uint8_t { linearizable, not_linearizable, undecided };

/// When to give up with `undecided`. Both bound memory as well as time.
struct Limits {
    /// Over all partitions together; and as many again to find the shortest beginning.
    std::uint64_t configurations = 4'000'000;
    std::uint64_t states = 1'000'000;  ///< Different states in one search.
};

/// One call as the search sees it; all that it means is in its kind.
struct Interval {
    std::uint64_t start = 0;  ///< Any clock; a call ending when another starts is no order.
    std::optional<std::uint64_t> end;  ///< None: it may have happened after start, or never.
    std::uint32_t kind = 0;            ///< Calls of one kind do the same to every state.
    std::uint32_t open_kind = 0;       ///< Its kind as long as its answer is not known.
    bool read_only = false;            ///< It never changes the state.
};

/// The sequential specification of one object, with its states as numbers.
class Steps {
public:
    using State = std::uint32_t;
    using Kind = std::uint32_t;

    virtual ~Steps() = default;
    /// What the search is about to be run on; hints may be taken from it. Nothing: no hints, and
    /// every state is told from every other.
    virtual void prepare(std::span<const Interval>) {}
    virtual State initial() = 0;
    /// The state after a call of this kind, or nothing if it could not have had its result here.
    virtual std::optional<State> step(State state, Kind kind) = 0;
    /// False only if no order of `available` calls leads to a state where `target` is possible.
    virtual bool reaches(State, Kind /*target*/, std::span<const Kind> /*available*/) {
        return true;
    }
    /// The answer for all of `intervals`, if this object has a faster way than a search.
    virtual std::optional<Answer> shortcut(std::span<const Interval>) { return std::nullopt; }
    /// Whether reaches() should be asked about reads that are still to come as well.
    virtual bool looks_ahead() const { return false; }
    /// True only if a call of kind `strong` can always stand in for one of kind `weak`: whatever
    /// state the weak one leads to, the strong one leads to from the same state.
    virtual bool covers(Kind /*strong*/, Kind /*weak*/) const { return false; }
    /// How many states there have been, for the limit.
    virtual std::uint64_t states() const = 0;
    /// For a reader of Violation::states.
    virtual std::string describe(State state) const = 0;
};

/// Why a history cannot be explained: the shortest part of it, from its start, that cannot.
struct Violation {
    std::string partition;            ///< The partition's key; empty if there is only one.
    std::size_t last = 0;             ///< The call with whose end the contradiction is complete.
    std::vector<std::size_t> around;  ///< Calls open at some moment of `last`, by their start.
    std::vector<std::size_t> prefix;  ///< All calls of the partition begun before its end.
    /// States possible just before `last` had to take effect; at most Verdict::most_states.
    std::vector<std::string> states;
    bool is_shortest = true;  ///< False if a limit kept the search from making sure.
};

struct Verdict {
    static constexpr std::size_t most_states = 8;

    Answer answer = Answer::linearizable;
    std::size_t calls = 0;             ///< That had to be placed, or could be.
    std::size_t partitions = 0;        ///< Searched one by one.
    std::uint64_t configurations = 0;  ///< Looked at in all searches.
    std::optional<Violation> violation;
};

/// One object's calls. `calls[i]` is what the caller knows intervals[i] as.
struct Partition {
    std::string key;
    std::vector<Interval> intervals;
    std::vector<std::size_t> calls;
    Steps* steps = nullptr;  ///< Not owned.
};

/// Whether every partition can be explained. Requires: partitions that share no state. Source: Wing
/// and Gong 1993; Lowe 2017.
Verdict check_partitions(std::span<const Partition> partitions, const Limits& limits = {});

/// A call to a user's own value: what was asked and answered, as bytes.
struct Call {
    std::uint64_t client = 0;
    Bytes input;
    std::optional<Bytes> output;       ///< None: the answer is not known.
    std::uint64_t start = 0;           ///< On the clock of all calls of the history.
    std::optional<std::uint64_t> end;  ///< None: not known to have happened.
    bool read_only = false;            ///< A query: it never changes the state.
};

/// What a sequential model of calls must have. `step` answers nothing if the call could not have
/// had this output in this state; with no output, any result is right. Equal fingerprints must
/// mean equal states. A model may also have `std::string partition(const Call&) const`, the object
/// that a call is on, and `std::string describe(const State&) const`, for Violation::states.
template <class M>
concept SequentialModel =
    requires(const M& model, const typename M::State& state, const Call& call) {
        { model.initial() } -> std::same_as<typename M::State>;
        { model.step(state, call) } -> std::same_as<std::optional<typename M::State>>;
        { model.fingerprint(state) } -> std::convertible_to<std::string>;
    };

namespace detail {

/// A user's model with its states numbered in the order of their appearance.
template <SequentialModel M>
class NumberedSteps final : public Steps {
public:
    explicit NumberedSteps(const M& model) : model_(model) {}

    State initial() override { return number(model_.initial()); }
    std::optional<State> step(State state, Kind kind) override {
        auto next = model_.step(states_[state], examples_[kind]);
        if (!next) return std::nullopt;
        return number(std::move(*next));
    }
    std::uint64_t states() const override { return states_.size(); }
    std::string describe(State state) const override {
        if constexpr (requires { model_.describe(states_[state]); }) {
            return model_.describe(states_[state]);
        } else {
            return model_.fingerprint(states_[state]);
        }
    }
    Interval interval_of(const Call& call) {
        const Call open{call.client, call.input, std::nullopt,
                        call.start,  call.end,   call.read_only};
        return {call.start, call.end, kind_of(call), kind_of(open), call.read_only};
    }

private:
    /// Calls with equal bytes are of one kind.
    Kind kind_of(const Call& call) {
        const auto [place, is_new] =
            kinds_.try_emplace({call.input, call.output}, static_cast<Kind>(examples_.size()));
        if (is_new) examples_.push_back(call);
        return place->second;
    }
    State number(typename M::State state) {
        const auto [place, is_new] =
            numbers_.try_emplace(model_.fingerprint(state), static_cast<State>(states_.size()));
        if (is_new) states_.push_back(std::move(state));
        return place->second;
    }

    const M& model_;
    std::vector<typename M::State> states_;
    std::map<std::string, State> numbers_;
    std::map<std::pair<Bytes, std::optional<Bytes>>, Kind> kinds_;
    std::vector<Call> examples_;
};

template <class M>
std::string partition_of(const M& model, const Call& call) {
    if constexpr (requires { model.partition(call); }) {
        return model.partition(call);
    } else {
        return {};
    }
}

}  // namespace detail

/// Whether `calls`, in any order, are a linearizable history of `model`. Calls that are known not
/// to have happened are to be left out. Violation's numbers are places in `calls`.
template <SequentialModel M>
Verdict check(const M& model, const std::vector<Call>& calls, const Limits& limits = {}) {
    std::map<std::string, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        groups[detail::partition_of(model, calls[i])].push_back(i);
    }
    std::vector<detail::NumberedSteps<M>> steps;
    steps.reserve(groups.size());
    std::vector<Partition> partitions;
    for (auto& [key, members] : groups) {
        auto& one = steps.emplace_back(model);
        Partition partition{key, {}, std::move(members), &one};
        for (const std::size_t call : partition.calls) {
            partition.intervals.push_back(one.interval_of(calls[call]));
        }
        partitions.push_back(std::move(partition));
    }
    return check_partitions(partitions, limits);
}

}  // namespace rafted::history
