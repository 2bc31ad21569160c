#include "explore/bounds.hpp"

#include <initializer_list>
#include <string>
#include <utility>

namespace rafted::explore {
namespace {

constexpr std::uint8_t most_members = 5;
constexpr std::uint8_t most_terms = 15;
constexpr std::uint8_t most_entries = 15;

rafted::Result<void> within(std::string_view what, unsigned value, unsigned least, unsigned most) {
    if (value >= least && value <= most) return {};
    return std::unexpected(Error{ErrorCode::invalid,
                                 std::string(what) + " is " + std::to_string(value) +
                                     "; it must be from " + std::to_string(least) + " to " +
                                     std::to_string(most),
                                 {}});
}

}  // namespace

std::string_view name_of(Budget budget) {
    constexpr std::string_view names[budget_count] = {"timeouts", "heartbeats",  "commands",
                                                      "crashes",  "slow_writes", "duplicates",
                                                      "changes",  "snapshots",   "transfers"};
    return names[static_cast<std::size_t>(budget)];
}

rafted::Result<void> Bounds::validate() const {
    if (auto ok = within("members", members, 1, most_members); !ok) return ok;
    if (auto ok = within("terms", terms, 1, most_terms); !ok) return ok;
    return within("log", log, 1, most_entries);
}

std::vector<Scene> scenes() {
    using enum Budget;
    const auto make = [](std::uint8_t terms, std::uint8_t log,
                         std::initializer_list<std::pair<Budget, std::uint8_t>> budgets) {
        Bounds bounds;
        bounds.terms = terms;
        bounds.log = log;
        for (const auto& [budget, amount] : budgets) bounds[budget] = amount;
        return bounds;
    };
    Bounds two = make(1, 4, {{timeouts, 1}, {changes, 2}});
    two.members = 2;
    Bounds stale = make(2, 3, {{timeouts, 2}});
    stale.keep_stale = true;
    return {
        {"change", "a node is added and becomes a voter, or one is removed",
         make(1, 5, {{timeouts, 1}, {changes, 1}})},
        {"duplicates", "two elections, and a message that arrives twice",
         make(2, 3, {{timeouts, 2}, {duplicates, 1}})},
        {"stale", "two elections, and answers of terms that are over", stale},
        {"snapshots", "a follower that learns from a snapshot",
         make(1, 4, {{timeouts, 1}, {heartbeats, 1}, {commands, 1}, {snapshots, 1}})},
        {"changes", "two changes, one after the other, in a group of two", two},
        {"transfers", "the lead handed over, and another election besides",
         make(2, 3, {{timeouts, 2}, {transfers, 1}})},
        {"elections", "two elections, and a crash that may lose a write",
         make(2, 3, {{timeouts, 2}, {crashes, 1}, {slow_writes, 1}})},
        {"logs", "two leaders and a command, and a slow disk",
         make(2, 4, {{timeouts, 2}, {commands, 1}, {slow_writes, 1}})},
        {"terms", "three leaders one after the other, whose logs differ",
         make(3, 4, {{timeouts, 3}})},
    };
}

}  // namespace rafted::explore
