// The counter and the mutex: objects whose state is one whole number.
//   1. A mutex has no owner: whoever asks may release it, as in the histories that are published.
//   2. A counter counts in 64 bits and wraps around.
#include "history/objects.hpp"

namespace rafted::history {
namespace {

struct NumberTurn {
    std::int64_t more = 0;               // what it adds
    std::optional<std::int64_t> before;  // what must have been there
    std::optional<std::int64_t> after;   // what must be there then
    auto operator<=>(const NumberTurn&) const = default;
};

std::int64_t sum_of(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

class NumberSteps : public TableSteps<std::int64_t> {
public:
    explicit NumberSteps(std::int64_t first) : first_(first) {}

    State initial() override { return number(first_); }
    std::optional<State> step(State from, Kind kind) override {
        const NumberTurn& turn = kinds_[kind];
        const std::int64_t held = state(from);
        const std::int64_t next = sum_of(held, turn.more);
        if (turn.before && *turn.before != held) return std::nullopt;
        if (turn.after && *turn.after != next) return std::nullopt;
        return number(next);
    }

protected:
    std::vector<Interval> interval_of(const Operation& operation, NumberTurn turn) {
        Interval interval = interval_at(operation);
        interval.read_only = turn.more == 0;
        interval.kind = kind_of(turn);
        turn.after.reset();
        interval.open_kind = kind_of(turn);
        return {interval};
    }
    std::int64_t held(State number) const { return state(number); }

private:
    Kind kind_of(const NumberTurn& turn) {
        const auto [place, is_new] =
            kind_numbers_.try_emplace(turn, static_cast<Kind>(kinds_.size()));
        if (is_new) kinds_.push_back(turn);
        return place->second;
    }

    std::int64_t first_;
    std::vector<NumberTurn> kinds_;
    std::map<NumberTurn, Kind> kind_numbers_;
};

class CounterSteps final : public NumberSteps {
public:
    using NumberSteps::NumberSteps;

    Result<std::vector<Interval>> add(const Operation& operation) override {
        const std::string& name = operation.name;
        constexpr std::string_view there_are = "add, inc, dec and read, all with whole numbers";
        if (name == "read" || name == "get") {
            const Datum& answer = answer_of(operation);
            if (!operation.is_known() || answer.is_nil()) return std::vector<Interval>{};
            if (!answer.integer()) return no_such(operation, there_are);
            return interval_of(operation, {0, {}, answer.integer()});
        }
        const bool is_up = name == "add" || name == "inc" || name == "incr" || name == "increment";
        const bool is_down = name == "dec" || name == "decr" || name == "decrement";
        const Datum& asked = argument_of(operation);
        const auto amount = asked.is_nil() && name != "add" ? 1 : asked.integer();
        if ((!is_up && !is_down) || !amount) return no_such(operation, there_are);
        NumberTurn turn;
        turn.more = is_up ? *amount : sum_of(~*amount, 1);
        if (operation.result) turn.after = operation.result->integer();
        return interval_of(operation, turn);
    }
    std::string describe(State number) const override { return std::to_string(held(number)); }
};

class MutexSteps final : public NumberSteps {
public:
    using NumberSteps::NumberSteps;

    Result<std::vector<Interval>> add(const Operation& operation) override {
        const std::string& name = operation.name;
        if (name == "acquire" || name == "lock") return interval_of(operation, {1, 0, {}});
        if (name == "release" || name == "unlock") return interval_of(operation, {-1, 1, {}});
        return no_such(operation, "acquire and release");
    }
    std::string describe(State number) const override { return held(number) ? "held" : "free"; }
};

}  // namespace

Result<std::unique_ptr<ObjectSteps>> make_counter(const ModelChoice& choice) {
    const Datum initial = choice.initial.value_or(Datum::nil());
    if (!initial.is_nil() && !initial.integer()) {
        return fail(ErrorCode::invalid, "the initial value of the model counter is a whole number");
    }
    return std::make_unique<CounterSteps>(initial.integer().value_or(0));
}

Result<std::unique_ptr<ObjectSteps>> make_mutex(const ModelChoice& choice) {
    const Datum initial = choice.initial.value_or(Datum::nil());
    if (!initial.is_nil() && !initial.is_name("free") && !initial.is_name("held")) {
        return fail(ErrorCode::invalid, "the initial value of the model mutex is free or held");
    }
    return std::make_unique<MutexSteps>(initial.is_name("held") ? 1 : 0);
}

}  // namespace rafted::history
