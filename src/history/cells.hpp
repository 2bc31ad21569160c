// Cells: registers, keys and lists, and transactions over several of them. One class for the
// models register, cas-register, multi-register, kv and append.
//   1. A cell that was never written holds the initial value; `unset` is nil, in kv "".
//   2. An operation is a sequence of moves that take effect together, or it is impossible.
#pragma once

#include "history/objects.hpp"

namespace rafted::history {

/// One move on one cell.
struct Move {
    enum class What : std::uint8_t {
        read,     ///< It held `a`.
        refused,  ///< It did not hold `a`: a compare-and-set that answered so.
        write,    ///< Now it holds `a`.
        cas,      ///< It held `a`, now it holds `b`.
        push,     ///< Its list is longer by `a`.
        join,     ///< Its text is longer by `a`.
        look,     ///< It was read, with an answer that is not known.
    };
    What what = What::read;
    std::uint32_t cell = 0;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    auto operator<=>(const Move&) const = default;

    bool changes() const { return what >= What::write && what <= What::join; }
    bool replaces() const { return what == What::write || what == What::cas; }
    bool looks() const { return what == What::read || what == What::refused || what == What::cas; }
    bool extends() const { return what == What::push || what == What::join; }
};
using Moves = std::vector<Move>;

/// An operation's moves before names and values have become numbers.
struct Wanted {
    std::string name;  ///< As in the file: "r", "get", "write".
    std::string cell;
    Datum value;
    Datum answer;  ///< Of what answers apart from its value.
};

/// The moves that the operation asks for. Fails with invalid if there is no reading it as such.
Result<std::vector<Wanted>> wanted_of(const Operation& operation);

class CellSteps final : public TableSteps<std::vector<std::uint32_t>> {
public:
    explicit CellSteps(ModelChoice choice) : choice_(std::move(choice)) {}

    Result<std::vector<Interval>> add(const Operation& operation) override;
    void prepare(std::span<const Interval> intervals) override;
    State initial() override;
    std::optional<State> step(State from, Kind kind) override;
    bool reaches(State from, Kind target, std::span<const Kind> available) override;
    bool covers(Kind strong, Kind weak) const override;
    bool looks_ahead() const override { return extends_; }
    std::optional<Answer> shortcut(std::span<const Interval> intervals) override;
    std::string describe(State state) const override;
    std::uint64_t states() const override;

private:
    using Cells = std::vector<std::uint32_t>;

    Result<Moves> moves_of(const Operation& operation);
    Result<Move> move_of(const Operation& operation, const Wanted& wanted);
    Result<Move> change_of(const Operation& operation, const Wanted& wanted, Move move);
    Move read_of(const Wanted& wanted, bool is_known, Move move);
    Kind kind_of(const Moves& moves);
    std::uint32_t value_of(const Datum& datum);
    std::uint32_t first_value(const std::string& cell);
    std::uint32_t seen_or_any(std::uint32_t cell, std::uint32_t value);
    bool apply(Cells& cells, const Move& move);
    bool lacks_a_source(std::span<const Interval> intervals);
    bool can_become(std::uint32_t from, const Move& needed, std::span<const Kind> available) const;
    bool is_start_of(std::uint32_t part, std::uint32_t whole) const;

    ModelChoice choice_;
    Numbering cells_;
    Numbering values_;
    std::vector<Moves> kinds_;
    std::map<Moves, Kind> kind_numbers_;
    bool extends_ = false;
    std::vector<std::vector<std::uint32_t>> seen_;  // per cell, if hints are given
    std::map<std::pair<std::uint32_t, std::uint32_t>, bool> is_seen_;
};

/// The answer for reads and writes of one register, if every value is written at most once; in
/// time n log n. Source: Gibbons and Korach, "Testing shared memories", 1997, theorem 4.1.
struct RegisterUse {
    bool is_write = false;
    std::uint32_t value = 0;
    Interval when;
};
std::optional<Answer> judge_unique_writes(std::vector<RegisterUse> uses, std::uint32_t initial);

}  // namespace rafted::history
