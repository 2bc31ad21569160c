#include "history/cells.hpp"

#include <algorithm>

namespace rafted::history {
namespace {

constexpr std::string_view unseen = "(a value that nobody sees)";

constexpr std::string_view moves_of_model(Model model) {
    switch (model) {
        case Model::plain_register: return "read and write";
        case Model::cas_register: return "read, write and cas";
        case Model::kv: return "get, put, append, delete and cas";
        case Model::append: return "append, read, and txn of both";
        default: return "read, write, and txn of both";
    }
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

/// What can be added to a text: without quotes if it has them.
std::string_view body_of(std::string_view printed) {
    const bool is_quoted = printed.size() >= 2 && printed.front() == '"';
    return is_quoted ? printed.substr(1, printed.size() - 2) : printed;
}

std::string joined(std::string_view text, std::string_view more) {
    return "\"" + std::string(body_of(text)) + std::string(body_of(more)) + "\"";
}

std::string pushed(std::string_view list, std::string_view item) {
    const std::string_view inside = list == "nil" ? "" : list.substr(1, list.size() - 2);
    return "[" + std::string(inside) + (inside.empty() ? "" : " ") + std::string(item) + "]";
}

}  // namespace

std::uint32_t CellSteps::value_of(const Datum& datum) {
    const bool is_empty_list = datum.is_list() && datum.items.empty();
    if (choice_.model == Model::append && is_empty_list) return values_.number("nil");
    if (choice_.model == Model::kv && datum.is_nil()) return values_.number("\"\"");
    return values_.number(print(datum));
}

std::uint32_t CellSteps::first_value(const std::string& cell) {
    const Datum initial = choice_.initial.value_or(Datum::nil());
    if (choice_.model == Model::multi_register && initial.kind == Datum::Kind::map) {
        for (std::size_t i = 0; i + 1 < initial.items.size(); i += 2) {
            if (print(initial.items[i]) == cell) return value_of(initial.items[i + 1]);
        }
        return value_of(Datum::nil());
    }
    return value_of(initial);
}

CellSteps::Kind CellSteps::kind_of(const Moves& moves) {
    const auto [place, is_new] = kind_numbers_.try_emplace(moves, static_cast<Kind>(kinds_.size()));
    if (is_new) kinds_.push_back(moves);
    return place->second;
}

/// A read with an answer that is known. Without an initial value nil is an answer: unset.
Move CellSteps::read_of(const Wanted& wanted, bool is_known, Move move) {
    move.what = Move::What::look;
    if (!is_known) return move;
    const bool is_unset = !choice_.initial || choice_.initial->is_nil();
    const bool says_nothing = wanted.value.is_nil() && !is_unset;
    if (says_nothing) return move;
    move.what = Move::What::read;
    move.a = value_of(wanted.value);
    return move;
}

Result<Move> CellSteps::change_of(const Operation& operation, const Wanted& wanted, Move move) {
    const auto none = [&] { return no_such(operation, moves_of_model(choice_.model)); };
    const bool is_kv = choice_.model == Model::kv;
    const bool has_write = choice_.model != Model::append;
    if (is_one_of(wanted.name, {"write", "w", "put"}) && has_write) {
        move.what = Move::What::write;
        move.a = value_of(wanted.value);
        return move;
    }
    if (is_one_of(wanted.name, {"delete", "remove", "del"}) && is_kv) {
        move.what = Move::What::write;
        move.a = value_of(Datum::nil());
        return move;
    }
    if (wanted.name == "cas" && has_write && choice_.model != Model::plain_register) {
        if (!wanted.value.is_pair()) return none();
        move.what = wanted.answer.is_false() ? Move::What::refused : Move::What::cas;
        move.a = value_of(wanted.value.items[0]);
        if (move.what == Move::What::cas) move.b = value_of(wanted.value.items[1]);
        return move;
    }
    if (wanted.name == "append" && (is_kv || choice_.model == Model::append)) {
        if (is_kv && wanted.value.kind != Datum::Kind::text) return none();
        move.what = is_kv ? Move::What::join : Move::What::push;
        move.a = values_.number(print(wanted.value));
        extends_ = true;
        return move;
    }
    return none();
}

Result<Move> CellSteps::move_of(const Operation& operation, const Wanted& wanted) {
    Move move;
    move.cell = cells_.number(wanted.cell);
    if (is_one_of(wanted.name, {"read", "r", "get"})) {
        return read_of(wanted, operation.is_known(), move);
    }
    return change_of(operation, wanted, move);
}

Result<Moves> CellSteps::moves_of(const Operation& operation) {
    const auto wanted = wanted_of(operation);
    if (!wanted) return std::unexpected(wanted.error());
    Moves moves;
    for (const Wanted& one : *wanted) {
        const auto move = move_of(operation, one);
        if (!move) return std::unexpected(move.error());
        if (move->what != Move::What::look) moves.push_back(*move);
    }
    return moves;
}

Result<std::vector<Interval>> CellSteps::add(const Operation& operation) {
    Operation open = operation;
    open.input = argument_of(operation);
    open.end.reset();
    open.output = Datum::nil();
    open.result.reset();
    const auto moves = moves_of(operation);
    const auto open_moves = moves_of(open);
    if (!moves || !open_moves) return std::unexpected((moves ? open_moves : moves).error());
    if (moves->empty()) return std::vector<Interval>{};
    Interval interval = interval_at(operation);
    interval.read_only =
        std::ranges::all_of(*moves, [](const Move& move) { return move.what == Move::What::read; });
    interval.kind = kind_of(*moves);
    interval.open_kind = kind_of(*open_moves);
    return std::vector{interval};
}

Steps::State CellSteps::initial() {
    Cells cells;
    for (std::uint32_t i = 0; i < cells_.size(); ++i) cells.push_back(first_value(cells_.text(i)));
    return number(cells);
}

void CellSteps::prepare(std::span<const Interval> intervals) {
    is_seen_.clear();
    seen_.assign(intervals.empty() ? 0 : cells_.size(), {});
    if (seen_.empty()) return;
    for (const Interval& one : intervals) {
        if (one.read_only && !one.end) continue;
        for (const Move& move : kinds_[one.kind]) {
            if (move.looks()) seen_[move.cell].push_back(move.a);
        }
    }
    for (auto& values : seen_) {
        std::ranges::sort(values);
        values.erase(std::unique(values.begin(), values.end()), values.end());
    }
}

/// The value, or one name for all that nobody sees, neither as they are nor grown longer: no
/// operation can tell one of them from another.
std::uint32_t CellSteps::seen_or_any(std::uint32_t cell, std::uint32_t value) {
    if (seen_.empty()) return value;
    const auto [place, is_new] = is_seen_.try_emplace({cell, value}, false);
    if (is_new) {
        place->second = std::ranges::any_of(seen_[cell], [&](std::uint32_t seen) {
            return seen == value || (extends_ && is_start_of(value, seen));
        });
    }
    return place->second ? value : values_.number(std::string(unseen));
}

bool CellSteps::apply(Cells& cells, const Move& move) {
    std::uint32_t& held = cells[move.cell];
    if (move.extends() && values_.text(held) == unseen) return true;
    switch (move.what) {
        case Move::What::read: return held == move.a;
        case Move::What::refused: return held != move.a;
        case Move::What::write: held = seen_or_any(move.cell, move.a); return true;
        case Move::What::cas:
            if (held != move.a) return false;
            held = seen_or_any(move.cell, move.b);
            return true;
        case Move::What::push:
            held = values_.number(pushed(values_.text(held), values_.text(move.a)));
            held = seen_or_any(move.cell, held);
            return true;
        case Move::What::join:
            held = values_.number(joined(values_.text(held), values_.text(move.a)));
            held = seen_or_any(move.cell, held);
            return true;
        case Move::What::look: return true;
    }
    return false;
}

std::optional<Steps::State> CellSteps::step(State from, Kind kind) {
    Cells cells = state(from);
    for (const Move& move : kinds_[kind]) {
        if (!apply(cells, move)) return std::nullopt;
    }
    return number(cells);
}

/// Whether a longer list or text can start with this one.
bool CellSteps::is_start_of(std::uint32_t part, std::uint32_t whole) const {
    std::string_view short_one = values_.text(part);
    const std::string_view long_one = values_.text(whole);
    if (short_one == unseen) return false;
    if (part == whole || short_one == "nil" || short_one == "\"\"") return true;
    if (short_one.front() != long_one.front()) return short_one.front() != '[';
    if (short_one.front() == '"') return body_of(long_one).starts_with(body_of(short_one));
    if (short_one.front() != '[') return true;
    short_one.remove_suffix(1);
    return long_one.starts_with(short_one) &&
           std::string_view(" ]").find(long_one[short_one.size()]) != std::string::npos;
}

bool CellSteps::can_become(std::uint32_t from, const Move& needed,
                           std::span<const Kind> available) const {
    bool can_grow = false;
    bool can_start_over = false;
    for (const Kind kind : available) {
        for (const Move& move : kinds_[kind]) {
            if (move.cell != needed.cell || !move.changes()) continue;
            if (move.extends()) can_grow = true;
            if (!move.replaces()) continue;
            const std::uint32_t left = move.what == Move::What::cas ? move.b : move.a;
            if (left == needed.a) return true;
            can_start_over = can_start_over || is_start_of(left, needed.a);
        }
    }
    return can_grow && (can_start_over || is_start_of(from, needed.a));
}

bool CellSteps::reaches(State from, Kind target, std::span<const Kind> available) {
    const Cells& cells = state(from);
    const Moves& moves = kinds_[target];
    for (std::size_t i = 0; i < moves.size(); ++i) {
        const Move& move = moves[i];
        if (move.what != Move::What::read && move.what != Move::What::cas) continue;
        const auto is_changed_before = [&move](const Move& earlier) {
            return earlier.cell == move.cell && earlier.changes();
        };
        const std::span before(moves.data(), i);
        if (std::ranges::any_of(before, is_changed_before)) continue;
        if (cells[move.cell] == move.a) continue;
        if (!can_become(cells[move.cell], move, available)) return false;
    }
    return true;
}

/// A write does what a compare-and-set to the same value does, and can do it anywhere.
bool CellSteps::covers(Kind strong, Kind weak) const {
    const Moves& with = kinds_[strong];
    const Moves& without = kinds_[weak];
    if (with.size() != 1 || without.size() != 1) return false;
    return with[0].what == Move::What::write && without[0].what == Move::What::cas &&
           with[0].cell == without[0].cell && with[0].a == without[0].b;
}

/// Whether a read, or a compare-and-set that succeeded, needs a value of the only cell that
/// nothing can have put there by then.
bool CellSteps::lacks_a_source(std::span<const Interval> intervals) {
    std::map<std::uint32_t, std::uint64_t> sources{{first_value(cells_.text(0)), 0}};
    for (const Interval& one : intervals) {
        for (const Move& move : kinds_[one.kind]) {
            if (!move.replaces()) continue;
            const std::uint32_t left = move.what == Move::What::cas ? move.b : move.a;
            const auto [place, is_first] = sources.try_emplace(left, one.start);
            place->second = std::min(place->second, one.start);
        }
    }
    return std::ranges::any_of(intervals, [&](const Interval& one) {
        const Moves& moves = kinds_[one.kind];
        const bool needs = one.end && !moves.empty() &&
                           (moves[0].what == Move::What::read || moves[0].what == Move::What::cas);
        if (!needs) return false;
        const auto source = sources.find(moves[0].a);
        return source == sources.end() || source->second > *one.end;
    });
}

std::optional<Answer> CellSteps::shortcut(std::span<const Interval> intervals) {
    if (cells_.size() != 1 || extends_) return std::nullopt;
    if (lacks_a_source(intervals)) return Answer::not_linearizable;
    std::vector<RegisterUse> uses;
    for (const Interval& one : intervals) {
        const Moves& moves = kinds_[one.kind];
        if (!one.end && (one.read_only || moves.empty())) continue;
        const bool is_write = moves.size() == 1 && moves[0].what == Move::What::write;
        const bool is_read = moves.size() == 1 && moves[0].what == Move::What::read;
        if (!is_write && !is_read) return std::nullopt;
        uses.push_back({is_write, moves[0].a, one});
    }
    return judge_unique_writes(std::move(uses), first_value(cells_.text(0)));
}

std::string CellSteps::describe(State number) const {
    std::string all;
    const Cells& cells = state(number);
    for (std::uint32_t i = 0; i < cells.size(); ++i) {
        const std::string& value = values_.text(cells[i]);
        const std::string shown = value == "nil" ? "unset" : value;
        all += (all.empty() ? "" : ", ");
        all += cells.size() == 1 ? shown : cells_.text(i) + " = " + shown;
    }
    return all;
}

std::uint64_t CellSteps::states() const {
    constexpr std::uint64_t bytes_like_a_state = 256;
    return TableSteps::states() + values_.bytes() / bytes_like_a_state;
}

Result<std::unique_ptr<ObjectSteps>> make_cells(const ModelChoice& choice) {
    const Datum initial = choice.initial.value_or(Datum::nil());
    if (choice.model == Model::append && !initial.is_nil() && !initial.is_list()) {
        return fail(ErrorCode::invalid,
                    "the initial value of the model append is a list, as [1 2]");
    }
    return std::make_unique<CellSteps>(choice);
}

}  // namespace rafted::history
