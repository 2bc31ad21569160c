// Which cells an operation touches, and how: from the ways in which histories write that down.
#include "history/cells.hpp"

namespace rafted::history {
namespace {

constexpr std::string_view only_cell = "";

std::unexpected<Error> no_transaction(const Operation& operation) {
    return bad_line(operation.line,
                    "the value of a txn is a list of [f key value], as "
                    "[[:read :x nil] [:write :y 2]], not " +
                        print(operation.input).substr(0, 60));
}

/// [f key value], as one of a transaction.
bool is_step(const Datum& datum) {
    return datum.is_list() && (datum.items.size() == 2 || datum.items.size() == 3) &&
           datum.items[0].is_name();
}

bool are_steps(const Datum& datum) {
    if (!datum.is_list()) return false;
    for (const Datum& item : datum.items) {
        if (!is_step(item)) return false;
    }
    return true;
}

Result<std::vector<Wanted>> transaction_of(const Operation& operation, const Datum& value) {
    if (!are_steps(value)) return no_transaction(operation);
    std::vector<Wanted> all;
    for (const Datum& item : value.items) {
        Wanted one{item.items[0].text, print(item.items[1]), {}, {}};
        if (item.items.size() == 3) one.value = item.items[2];
        all.push_back(std::move(one));
    }
    return all;
}

/// {:x 1, :y 2} read or written at once.
std::vector<Wanted> all_of(const std::string& name, const Datum& value) {
    std::vector<Wanted> all;
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
        all.push_back({name, print(value.items[i]), value.items[i + 1], {}});
    }
    return all;
}

}  // namespace

Result<std::vector<Wanted>> wanted_of(const Operation& operation) {
    const bool is_read =
        operation.name == "read" || operation.name == "get" || operation.name == "r";
    const bool is_txn = operation.name == "txn";
    // What a transaction did stands at its end; there its reads are filled in.
    const bool has_answers = operation.is_known() && !answer_of(operation).is_nil();
    const Datum& value = (is_read || is_txn) && has_answers ? answer_of(operation)
                         : is_read                          ? operation.output
                                                            : argument_of(operation);
    const Datum& shape = value.is_nil() ? operation.input : value;
    if (is_txn) return transaction_of(operation, shape);
    const bool is_plain = operation.key.has_value();
    if (!is_plain && shape.kind == Datum::Kind::map) return all_of(operation.name, shape);
    if (!is_plain && !shape.items.empty() && are_steps(shape)) {
        return transaction_of(operation, shape);
    }
    Wanted one{operation.name, std::string(only_cell), value, answer_of(operation)};
    if (operation.key) one.cell = print(*operation.key);
    return std::vector{std::move(one)};
}

Result<std::vector<std::string>> cells_of(const Operation& operation) {
    const auto wanted = wanted_of(operation);
    if (!wanted) return std::unexpected(wanted.error());
    std::vector<std::string> cells;
    for (const Wanted& one : *wanted) cells.push_back(one.cell);
    return cells;
}

}  // namespace rafted::history
