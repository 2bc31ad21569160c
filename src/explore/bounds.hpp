// How far a search goes. Whatever lies within is seen in every order; nothing beyond is.
//   1. terms and log bound what a state may hold; everything else is a budget that a run spends.
//   2. Losing a message needs no budget: a message that is never delivered is a lost one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rafted/result.hpp"

namespace rafted::explore {

/// What a run may spend.
enum class Budget : std::uint8_t {
    timeouts,    ///< Timers that fire: elections, and leaders that hear no majority any more.
    heartbeats,  ///< Timers of leaders; they send again what got lost.
    commands,
    crashes,      ///< With a restart from what was durable.
    slow_writes,  ///< Writes that take time, so that something else may come first.
    duplicates,   ///< Messages that arrive and still are on their way.
    changes,      ///< Of the member list: a node is added, a follower is removed.
    snapshots,    ///< Taken by a member of its own value; what they cover leaves the log.
    transfers,    ///< Of the lead to a chosen voter.
};
inline constexpr std::size_t budget_count = 9;
std::string_view name_of(Budget budget);

struct Bounds {
    std::uint8_t members = 3;  ///< Voters at the start: 1 to 5.
    std::uint8_t terms = 2;    ///< Largest term: 1 to 15.
    std::uint8_t log = 3;      ///< Largest index; the founding entry is at 1. 1 to 15.
    /// Answers of terms that are over stay under way, too. A right core takes no notice of them, so
    /// that dropping them loses nothing; whether it does is only seen when they are kept.
    bool keep_stale = false;
    std::array<std::uint8_t, budget_count> budgets{};

    std::uint8_t& operator[](Budget budget) { return budgets[static_cast<std::size_t>(budget)]; }
    std::uint8_t operator[](Budget budget) const {
        return budgets[static_cast<std::size_t>(budget)];
    }
    /// Fails with invalid: names the bound, its value and the allowed range.
    rafted::Result<void> validate() const;
};

/// A search that is worth its time, under a name.
struct Scene {
    std::string_view name;
    std::string_view about;
    Bounds bounds;
};
/// What `rafted explore` runs without bounds of its own: each comes to its end in a minute or two.
std::vector<Scene> scenes();

}  // namespace rafted::explore
