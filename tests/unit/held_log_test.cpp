// The log as a journal holds it: holes cost nothing, and it goes on as a plain row of entries does.
#include "disk/held_log.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace rafted::disk {
namespace {

constexpr std::uint64_t wide = std::uint64_t{1} << 50;

HeldEntry held(std::size_t bytes) { return {{}, bytes, bytes}; }

TEST(HeldLog, HolesTakeNoMemoryAndNoTime) {
    HeldLog log;
    log.push_back(held(1));
    log.add_holes(wide);
    log.push_back(held(2));
    EXPECT_EQ(log.size(), wide + 2);
    EXPECT_EQ(log.holes(), wide);
    EXPECT_EQ(log[0].bytes, 1U);
    EXPECT_TRUE(log[1].is_hole() && log[wide].is_hole());
    EXPECT_EQ(log[wide + 1].bytes, 2U);
    EXPECT_EQ(log.next_hole(0), 1U);
    EXPECT_EQ(log.next_held(1), wide + 1);
    log.put(wide - 1, held(3));
    EXPECT_EQ(log.next_held(1), wide - 1);
    EXPECT_EQ(log.next_hole(wide - 1), wide);
    std::vector<std::size_t> gone;
    const auto keep = [&gone](const HeldEntry& one) { gone.push_back(one.bytes); };
    log.drop_back(3, keep);
    log.drop_front(wide - 2, keep);
    EXPECT_EQ(gone, (std::vector<std::size_t>{2, 3, 1}));
    EXPECT_EQ(log.size(), 1U);
    EXPECT_EQ(log.next_hole(0), 0U);
    log.put(0, held(4));
    EXPECT_EQ(log.next_hole(0), log.size());
    EXPECT_EQ(log.holes(), 0U);
}

/// Random acts on both, with a plain row beside it.
RC_GTEST_PROP(HeldLogProperty, is_like_a_row_in_which_holes_are_written_out, ()) {
    HeldLog log;
    std::vector<std::size_t> row;
    const auto acts = *rc::gen::container<std::vector<std::pair<std::uint8_t, std::uint8_t>>>(
        rc::gen::arbitrary<std::pair<std::uint8_t, std::uint8_t>>());
    for (const auto& [act, number] : acts) {
        const std::size_t n = row.empty() ? 0 : number % (row.size() + 1);
        std::vector<std::size_t> gone;
        const auto keep = [&gone](const HeldEntry& one) { gone.push_back(one.bytes); };
        const std::size_t before = row.size();
        if (act % 5 < 2) {
            log.push_back(held(number + 1U));
            row.push_back(number + 1U);
        } else if (act % 5 == 2) {
            log.add_holes(number % 4);
            row.resize(before + number % 4);
        } else if (act % 5 == 3 && n < before) {
            log.put(n, held(number + 1U));
            row[n] = number + 1U;
        } else if (act % 2 == 0) {
            const auto end = row.begin() + static_cast<std::ptrdiff_t>(n);
            const auto holes = static_cast<std::size_t>(std::count(row.begin(), end, 0U));
            log.drop_front(n, keep);
            RC_ASSERT(gone.size() == n - holes);
            row.erase(row.begin(), end);
        } else {
            const auto begin = row.end() - static_cast<std::ptrdiff_t>(n);
            const auto holes = static_cast<std::size_t>(std::count(begin, row.end(), 0U));
            log.drop_back(n, keep);
            RC_ASSERT(gone.size() == n - holes);
            row.erase(begin, row.end());
        }
        RC_ASSERT(log.size() == row.size());
        RC_ASSERT(log.holes() == static_cast<std::uint64_t>(std::ranges::count(row, 0U)));
        for (std::size_t i = 0; i < row.size(); ++i) {
            RC_ASSERT(log[i].bytes == row[i]);
            const auto hole =
                std::ranges::find(row.begin() + static_cast<std::ptrdiff_t>(i), row.end(), 0U);
            RC_ASSERT(log.next_hole(i) == static_cast<std::uint64_t>(hole - row.begin()));
        }
    }
}

}  // namespace
}  // namespace rafted::disk
