// Breadth first over all worlds within the bounds: whatever is found wrong is found by a shortest
// path. One thread, and nothing depends on chance, time or addresses, so two searches with equal
// bounds do the same to the last figure.
//   1. A world is kept as its numbers while it is on the frontier, as 128 bits after that.
//   2. Memory is counted, not measured: what the tables hold, and what they will hold when they
//      have to grow next.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "explore/world.hpp"

namespace rafted::explore {

struct Limits {
    std::uint64_t states = ~std::uint64_t{0};
    std::uint64_t memory_bytes = std::uint64_t{4} << 30;
    /// Asked every few thousand states; the search ends when it says no.
    std::function<bool()> may_go_on = [] { return true; };
    /// Told before each step of a member that has not been tried before, with its number from 1.
    std::function<void(std::uint64_t)> before_step;
    /// The search ends before this step and tells the path to it. 0: never.
    std::uint64_t halt_at_step = 0;
};

enum class Ending : std::uint8_t { exhausted, violation, states, memory, told, halted };
std::string_view text_of(Ending ending);

struct Report {
    Ending ending = Ending::exhausted;
    std::uint64_t distinct = 0;     ///< States that differ by more than the names of nodes.
    std::uint64_t transitions = 0;  ///< Actions tried that changed something.
    std::uint64_t expanded = 0;     ///< States whose actions have all been tried.
    std::uint64_t beyond = 0;       ///< Transitions that led out of the bounds.
    std::uint64_t frontier = 0;     ///< States left that have not been expanded.
    std::uint64_t steps = 0;        ///< Different steps of single members.
    std::uint64_t nodes = 0;        ///< Different nodes met.
    std::uint64_t messages = 0;     ///< Different messages met.
    std::uint64_t memory_bytes = 0;
    std::size_t depth = 0;  ///< Actions from the start to the deepest state.
    /// States first met at each depth.
    std::vector<std::uint64_t> levels;
    std::string violation;
    /// violation, halted: one line per action.
    std::vector<std::string> story;
};

/// requires: bounds.validate() is fine.
Report search(const Bounds& bounds, const Limits& limits, const Hands& hands = Hands::faithful());

}  // namespace rafted::explore
