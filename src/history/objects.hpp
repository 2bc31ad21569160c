// The ready-made models: what the operations of a history mean to an object, as Steps.
//   1. One ObjectSteps is one partition; operations on it are added first, then it is searched.
//   2. An operation that says nothing (a read that is not known) is left out.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "history/operation.hpp"
#include "rafted/history.hpp"

namespace rafted::history {

enum class Model : std::uint8_t {
    cas_register,
    plain_register,
    kv,
    queue,
    counter,
    append,
    set,
    mutex,
    multi_register,
};

/// The names of all models, as --model takes them, in the order of the enum.
std::span<const std::string_view> model_names();
std::string_view name_of(Model model);
/// Fails with invalid, naming the models there are.
Result<Model> model_named(std::string_view name);

/// What to check against. `initial` is what objects hold at first; nothing and nil are unset.
struct ModelChoice {
    Model model = Model::cas_register;
    std::optional<Datum> initial;
};

class ObjectSteps : public Steps {
public:
    /// The intervals that the operation stands for: one mostly, none if it says nothing. Fails with
    /// invalid if the model has no such operation, or not with such a value.
    virtual Result<std::vector<Interval>> add(const Operation& operation) = 0;
};

/// Data as numbers: equal data, equal numbers.
class Numbering {
public:
    std::uint32_t number(const std::string& text);
    const std::string& text(std::uint32_t number) const { return texts_[number]; }
    std::uint64_t bytes() const { return bytes_; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(texts_.size()); }

private:
    std::map<std::string, std::uint32_t> numbers_;
    std::vector<std::string> texts_;
    std::uint64_t bytes_ = 0;
};

/// Steps whose states are values of T, numbered as they appear.
template <class T>
class TableSteps : public ObjectSteps {
public:
    std::uint64_t states() const override { return states_.size(); }

protected:
    State number(const T& state) {
        const auto [place, is_new] =
            numbers_.try_emplace(state, static_cast<State>(states_.size()));
        if (is_new) states_.push_back(&place->first);
        return place->second;
    }
    const T& state(State number) const { return *states_[number]; }

private:
    std::map<T, State> numbers_;
    std::vector<const T*> states_;
};

Result<std::unique_ptr<ObjectSteps>> make_cells(const ModelChoice& choice);
Result<std::unique_ptr<ObjectSteps>> make_queue(const ModelChoice& choice);
Result<std::unique_ptr<ObjectSteps>> make_set(const ModelChoice& choice);
Result<std::unique_ptr<ObjectSteps>> make_counter(const ModelChoice& choice);
Result<std::unique_ptr<ObjectSteps>> make_mutex(const ModelChoice& choice);

/// Whether the operation only touches cells, and which: the keys of a transaction. Fails with
/// invalid if its value is not one of a transaction.
Result<std::vector<std::string>> cells_of(const Operation& operation);
/// Whether the operation is about one element of a set; the element, printed.
std::optional<std::string> element_of(const Operation& operation);

/// An interval with the operation's times; kinds are to be filled in.
Interval interval_at(const Operation& operation);
/// What a read answered; nil if that is not known.
const Datum& answer_of(const Operation& operation);
/// What a change was asked for: the value it started with, or if there was none, ended with.
const Datum& argument_of(const Operation& operation);
/// The model has no such operation.
std::unexpected<Error> no_such(const Operation& operation, std::string_view there_are);

}  // namespace rafted::history
