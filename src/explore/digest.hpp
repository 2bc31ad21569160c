// Nodes and messages as numbers: equal numbers for what behaves alike, so that a search need not
// look at it twice. Three things are left out or renamed, each for a reason that must stay true:
//   1. Nodes may change names among those that began as equals. The core treats ids alike: it sorts
//      by them and compares them for equality, but decides nothing by their order.
//   2. Times. A clock moves only to a deadline of its own node, and then to exactly that deadline,
//      so all that matters is whether a node still waits because it heard a leader. Chance only
//      ever chooses a deadline. Leases are off, and hand-overs have no deadline here.
//   3. Rounds, unless snapshots, transfers or a second change make the core compare them: without
//      these it only asks whether an answer has one at all.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "explore/node.hpp"

namespace rafted::explore {

/// 128 bits, added up where order does not matter.
struct Digest {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    bool operator==(const Digest&) const = default;
    Digest& operator+=(const Digest& other) {
        low += other.low;
        high += other.high;
        return *this;
    }
};

/// New names for the nodes: names[id] for ids from 0 (nobody) to 7.
using Names = std::array<std::uint8_t, 8>;

struct View {
    Names names{};
    bool rounds = true;  ///< Rounds count.
};

/// All ways to rename the first `members` nodes; the first leaves all as they are.
std::vector<Names> all_names(std::uint8_t members);

Digest digest_of(const Node& node, const View& view);
Digest digest_of(const core::Message& message, const View& view);
/// Of a few numbers.
Digest digest_of(std::uint64_t kind, std::uint64_t first, std::uint64_t second);

}  // namespace rafted::explore
