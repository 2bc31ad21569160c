// What a majority has said. Pure functions over plain values, each small enough to be seen right.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "core/members.hpp"

namespace rafted::core {

/// The fewest of n voters that make a majority.
constexpr std::size_t majority(std::size_t n) { return n / 2 + 1; }

/// The largest value that a majority has reached or passed; T{} if there are no values.
template <class T>
T reached_by_majority(std::vector<T> values) {
    if (values.empty()) return T{};
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(majority(values.size()) - 1);
    std::nth_element(values.begin(), nth, values.end(), std::greater<>());
    return *nth;
}

enum class Tally : std::uint8_t { open, won, lost };

/// Votes by node; only those of voters in `members` count.
using Votes = std::map<NodeId, bool>;

inline Tally tally(const Members& members, const Votes& votes) {
    std::size_t granted = 0;
    std::size_t refused = 0;
    for (const auto& [node, yes] : votes) {
        if (members.is_voter(node)) ++(yes ? granted : refused);
    }
    const std::size_t voters = members.voter_count();
    if (voters > 0 && granted >= majority(voters)) return Tally::won;
    return voters - refused < majority(voters) ? Tally::lost : Tally::open;
}

}  // namespace rafted::core
