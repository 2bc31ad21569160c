// Random small histories of all models, and a checker that is slow and obvious: it tries every
// order. Shares nothing with src/history but the form of an operation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "history/objects.hpp"

namespace rafted::test {

/// What an object of the model holds, and what an operation answers there.
class PlainObject {
public:
    explicit PlainObject(history::Model model) : model_(model) {}

    /// Carries it out. Nothing: the object refuses, so it cannot have succeeded here.
    std::optional<history::Datum> run(const history::Operation& operation);
    /// Carries it out if it can have answered what it did, or if its answer is not known.
    bool explains(const history::Operation& operation);

private:
    std::optional<history::Datum> run_on_list(const history::Operation& operation);
    std::optional<history::Datum> run_on_cell(const history::Operation& operation);
    history::Datum run_transaction(const history::Datum& steps);

    history::Model model_;
    std::vector<history::Datum> items_;  // a queue, a list, the elements of a set
    std::vector<std::pair<std::string, history::Datum>> cells_;
    std::int64_t number_ = 0;
};

/// A source of choices that shrinks well: it runs dry into zeros.
class Choices {
public:
    explicit Choices(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}
    std::uint8_t below(std::uint8_t bound) {
        if (place_ == bytes_.size()) return 0;
        return static_cast<std::uint8_t>(bytes_[place_++] % bound);
    }
    bool is_dry() const { return place_ == bytes_.size(); }

private:
    std::vector<std::uint8_t> bytes_;
    std::size_t place_ = 0;
};

/// Clients on a real object, some answers then falsified; at most `most` operations.
std::vector<history::Operation> small_history(history::Model model, Choices& choices,
                                              std::size_t most);

/// By trying every order of the operations.
bool is_linearizable_slowly(history::Model model,
                            const std::vector<history::Operation>& operations);

/// What is known when the first `ends` of the operations have ended.
std::vector<history::Operation> beginning_slowly(const std::vector<history::Operation>& operations,
                                                 std::size_t ends);

}  // namespace rafted::test
