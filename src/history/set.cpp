// The set: add, remove, contains, and read of all elements at once.
//   1. Adding what is there and removing what is not changes nothing and is no error, unless the
//      history says that it was (a result of true or false).
#include <algorithm>

#include "history/objects.hpp"

namespace rafted::history {
namespace {

struct SetTurn {
    enum class What : std::uint8_t { add, remove, contains, read };
    enum class Was : std::uint8_t { unknown, there, not_there };
    What what = What::add;
    Was was = Was::unknown;  // the element, before
    std::uint32_t element = 0;
    std::vector<std::uint32_t> elements;  // of a read, sorted
    auto operator<=>(const SetTurn&) const = default;
};

constexpr std::string_view functions = "add, remove, contains and read";

std::vector<std::uint32_t> sorted_numbers(const Datum& elements, Numbering& values) {
    std::vector<std::uint32_t> numbers;
    for (const Datum& item : elements.items) numbers.push_back(values.number(print(item)));
    std::ranges::sort(numbers);
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
}

class SetSteps final : public TableSteps<std::vector<std::uint32_t>> {
public:
    explicit SetSteps(const Datum& initial) : first_(sorted_numbers(initial, values_)) {}

    Result<std::vector<Interval>> add(const Operation& operation) override {
        SetTurn turn;
        if (operation.name == "read") {
            const Datum& answer = answer_of(operation);
            if (!operation.is_known() || answer.is_nil()) return std::vector<Interval>{};
            if (!answer.is_list() && answer.kind != Datum::Kind::set) {
                return no_such(operation, functions);
            }
            turn = {SetTurn::What::read, SetTurn::Was::unknown, 0, sorted_numbers(answer, values_)};
        } else {
            const auto said = turn_of(operation);
            if (!said) return no_such(operation, functions);
            turn = *said;
            if (turn.what == SetTurn::What::contains && turn.was == SetTurn::Was::unknown) {
                return std::vector<Interval>{};
            }
        }
        Interval interval = interval_at(operation);
        interval.read_only =
            turn.what == SetTurn::What::read || turn.what == SetTurn::What::contains;
        removes_ = removes_ || turn.what == SetTurn::What::remove;
        interval.kind = kind_of(turn);
        turn.was = SetTurn::Was::unknown;
        interval.open_kind = kind_of(turn);
        return std::vector{interval};
    }

    State initial() override { return number(first_); }
    std::optional<State> step(State from, Kind kind) override;
    bool reaches(State from, Kind target, std::span<const Kind> available) override;
    bool looks_ahead() const override { return !removes_; }
    std::string describe(State number) const override {
        std::string all;
        for (const std::uint32_t value : state(number)) {
            all += (all.empty() ? "" : " ") + values_.text(value);
        }
        return "#{" + all + "}";
    }

private:
    std::optional<SetTurn> turn_of(const Operation& operation) {
        SetTurn turn;
        turn.element = values_.number(print(argument_of(operation)));
        const Datum answer = answer_of(operation);
        if (operation.name == "contains") {
            turn.what = SetTurn::What::contains;
            const Datum& says = answer.is_pair() ? answer.items[1] : answer;
            if (says.is_true()) turn.was = SetTurn::Was::there;
            if (says.is_false()) turn.was = SetTurn::Was::not_there;
            return turn;
        }
        const bool is_add = operation.name == "add";
        if (!is_add && operation.name != "remove") return std::nullopt;
        turn.what = is_add ? SetTurn::What::add : SetTurn::What::remove;
        if (!operation.result) return turn;
        const SetTurn::Was if_done = is_add ? SetTurn::Was::not_there : SetTurn::Was::there;
        const SetTurn::Was if_not = is_add ? SetTurn::Was::there : SetTurn::Was::not_there;
        if (answer.is_true()) turn.was = if_done;
        if (answer.is_false()) turn.was = if_not;
        return turn;
    }

    Kind kind_of(const SetTurn& turn) {
        const auto [place, is_new] =
            kind_numbers_.try_emplace(turn, static_cast<Kind>(kinds_.size()));
        if (is_new) kinds_.push_back(turn);
        return place->second;
    }

    Numbering values_;
    std::vector<std::uint32_t> first_;
    std::vector<SetTurn> kinds_;
    std::map<SetTurn, Kind> kind_numbers_;
    bool removes_ = false;
};

std::optional<Steps::State> SetSteps::step(State from, Kind kind) {
    const SetTurn& turn = kinds_[kind];
    std::vector<std::uint32_t> set = state(from);
    if (turn.what == SetTurn::What::read) {
        return set == turn.elements ? std::optional(from) : std::nullopt;
    }
    const auto place = std::ranges::lower_bound(set, turn.element);
    const bool is_there = place != set.end() && *place == turn.element;
    if (turn.was == SetTurn::Was::there && !is_there) return std::nullopt;
    if (turn.was == SetTurn::Was::not_there && is_there) return std::nullopt;
    if (turn.what == SetTurn::What::add && !is_there) set.insert(place, turn.element);
    if (turn.what == SetTurn::What::remove && is_there) set.erase(place);
    return number(set);
}

/// For a read of all: what it lacks must not be there, what it has must come.
bool SetSteps::reaches(State from, Kind target, std::span<const Kind> available) {
    const SetTurn& wanted = kinds_[target];
    if (wanted.what != SetTurn::What::read) return true;
    const auto can = [&](SetTurn::What what, std::uint32_t element) {
        return std::ranges::any_of(available, [&](Kind kind) {
            return kinds_[kind].what == what && kinds_[kind].element == element;
        });
    };
    const auto& set = state(from);
    const auto is_lost = [&](std::uint32_t element) {
        return !std::ranges::binary_search(wanted.elements, element) &&
               !can(SetTurn::What::remove, element);
    };
    const auto is_missing = [&](std::uint32_t element) {
        return !std::ranges::binary_search(set, element) && !can(SetTurn::What::add, element);
    };
    return std::ranges::none_of(set, is_lost) && std::ranges::none_of(wanted.elements, is_missing);
}

}  // namespace

std::optional<std::string> element_of(const Operation& operation) {
    if (operation.name == "read") return std::nullopt;
    return print(argument_of(operation));
}

Result<std::unique_ptr<ObjectSteps>> make_set(const ModelChoice& choice) {
    const Datum initial = choice.initial.value_or(Datum::list());
    if (!initial.is_list() && initial.kind != Datum::Kind::set && !initial.is_nil()) {
        return fail(ErrorCode::invalid,
                    "the initial value of the model set is a list or set, as [1 2] or #{1 2}");
    }
    return std::make_unique<SetSteps>(initial);
}

}  // namespace rafted::history
