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

/// One value of each voter. It is made in every step: as many voters as groups have take no memory.
template <class T>
class OfVoters {
    static constexpr std::size_t few = 9;

public:
    void add(T value) {
        if (size_ == few) many_.assign(few_.begin(), few_.end());
        if (size_ < few) {
            few_[size_] = value;
        } else {
            many_.push_back(value);
        }
        ++size_;
    }
    std::span<T> values() { return size_ <= few ? std::span(few_).first(size_) : std::span(many_); }

private:
    std::array<T, few> few_{};
    std::vector<T> many_;  // all of them, if they are more
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
