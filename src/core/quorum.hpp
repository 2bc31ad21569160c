// What a majority has said. Pure functions over plain values, each small enough to be seen right.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "core/members.hpp"

namespace rafted::core {

/// The fewest of n voters that make a majority.
constexpr std::size_t majority(std::size_t n) { return n / 2 + 1; }

/// The largest value that a majority has reached or passed; T{} if there are no values. Reorders
/// them.
template <class T>
T reached_by_majority(std::span<T> values) {
    if (values.empty()) return T{};
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(majority(values.size()) - 1);
    std::nth_element(values.begin(), nth, values.end(), std::greater<>());
    return *nth;
}

/// One value of each voter. It is made in every step: as many voters as groups have are kept in
/// order as they come, without memory of their own.
template <class T>
class OfVoters {
    static constexpr std::size_t few = 9;

public:
    void add(T value) {
        if (size_ >= few) return add_to_many(value);
        std::size_t at = size_++;
        for (; at > 0 && few_[at - 1] < value; --at) few_[at] = few_[at - 1];
        few_[at] = value;
    }
    /// As reached_by_majority() of all that were added.
    T reached() {
        if (size_ > few) return reached_by_majority(std::span(many_));
        return size_ == 0 ? T{} : few_[majority(size_) - 1];
    }

private:
    void add_to_many(T value) {
        if (size_ == few) many_.assign(few_.begin(), few_.end());
        many_.push_back(value);
        ++size_;
    }

    std::array<T, few> few_{};  // the largest first
    std::vector<T> many_;       // all of them, if they are more
    std::size_t size_ = 0;
};

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
