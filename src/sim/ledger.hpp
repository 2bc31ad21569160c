// What clients have asked, what they were told, and where in the log it took place. The onlooker
// keeps it for all checkers.
//   1. The first place and the first result told of an operation stand; another one is for the
//      checkers to judge.
//   2. An operation that may have been given up by a forced recovery is lost: whatever its client
//      is told counts as unknown.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "sim/facts.hpp"

namespace rafted::sim {

struct Operation {
    std::uint64_t id = 0;
    unsigned client = 0;
    CallKind kind = CallKind::command;
    /// The greatest place of any operation that had been answered ok when this one was called.
    Index floor;
    /// Of a command: the entry that brought it. Of a query: the least index it was answered at.
    /// Zero: none yet.
    Index place;
    std::uint64_t result = 0;
    bool results_differ = false;  ///< A query was answered more than once, not always the same.
    bool is_lost = false;
    std::optional<Outcome> outcome{};  ///< What its client was told.
    core::Time replied_at{};
};

class Ledger {
public:
    /// Nothing if no such operation was called.
    const Operation* find(std::uint64_t id) const;
    /// In the order of their calls.
    const std::vector<Operation>& all() const { return operations_; }
    /// The greatest place of any operation that was answered ok, stale queries left aside.
    Index floor() const { return floor_; }

    void called(const Called& fact);
    void applied(const Applied& fact);
    void queried(const Queried& fact);
    void replied(const Replied& fact);
    /// It may have happened in an incarnation that does not count.
    void give_up(std::uint64_t id);
    void recovered(Index kept);

private:
    struct Mix {
        std::size_t operator()(std::uint64_t id) const noexcept {
            id *= 0x9E3779B97F4A7C15U;
            return id ^ (id >> 32U);
        }
    };
    /// Where it stands in all(); npos if it was not called.
    std::size_t slot_of(std::uint64_t id) const;
    Operation* at(std::uint64_t id);

    static constexpr std::size_t npos = ~std::size_t{};
    static constexpr std::uint64_t dense_ids = 1 << 16;
    std::vector<Operation> operations_;
    std::vector<std::size_t> dense_;  // slots of ids below dense_ids, as most worlds count them
    std::unordered_map<std::uint64_t, std::size_t, Mix> others_;  // looked up, never walked
    Index floor_;
};

}  // namespace rafted::sim
