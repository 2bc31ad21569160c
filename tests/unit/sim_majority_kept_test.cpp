// sim/majority_kept.hpp against a search through all lists that a list may become.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <vector>

#include "sim/majority_kept.hpp"

namespace rafted::test {
namespace {

using core::Members;
using core::Peer;
using sim::Fate;

struct Fated {
    Standing standing = Standing::voter;
    Fate fate{};
};

constexpr Fated stays{};
constexpr Fated gone{.fate = {.is_gone = true}};
constexpr Fated leaves{.fate = {.may_leave = true}};
constexpr Fated joins{.standing = Standing::joining};
constexpr Fated joins_and_is_gone{Standing::joining, {.is_gone = true, .may_join = true}};

bool kept(const std::vector<Fated>& all) {
    std::vector<Peer> peers;
    for (std::size_t i = 0; i < all.size(); ++i) {
        peers.push_back({NodeId(i + 1), "", all[i].standing});
    }
    return sim::keeps_majority(Members(std::move(peers)),
                               [&](NodeId id) { return all[id.value - 1].fate; });
}

/// Whether each list keeps its majority that comes of changing those from `at` on or leaving them.
bool kept_in_all(const std::vector<Fated>& all, std::size_t at, std::size_t voters,
                 std::size_t disks) {
    if (at == all.size()) return 2 * disks > voters;
    const auto& [standing, fate] = all[at];
    const std::size_t own_disk = fate.is_gone ? 0 : 1;
    const bool may_vote = standing == Standing::voter || !fate.is_gone || fate.may_join;
    const bool may_be_without_vote = standing != Standing::voter || fate.may_leave;
    if (may_vote && !kept_in_all(all, at + 1, voters + 1, disks + own_disk)) return false;
    return !may_be_without_vote || kept_in_all(all, at + 1, voters, disks);
}

TEST(MajorityKept, WhoIsGoneCountsAgainstTheList) {
    EXPECT_TRUE(kept({stays}));
    EXPECT_FALSE(kept({gone}));
    EXPECT_FALSE(kept({stays, gone}));
    EXPECT_TRUE(kept({stays, stays, gone}));
    EXPECT_FALSE(kept({stays, stays, gone, gone}));
    EXPECT_TRUE(kept({stays, stays, stays, gone, gone}));
}

TEST(MajorityKept, WhoIsAskedToGoIsNotCountedOn) {
    // Two of three have their disks; one of them is removed, and the other cannot do alone.
    EXPECT_FALSE(kept({leaves, gone, stays}));
    EXPECT_TRUE(kept({leaves, stays, stays}));
    EXPECT_FALSE(kept({leaves, stays, stays, gone, gone}));
    EXPECT_FALSE(kept({leaves, leaves, stays, gone}));
    EXPECT_FALSE(kept({leaves}));
}

TEST(MajorityKept, WhoJoinsCountsOnlyIfItIsGone) {
    EXPECT_FALSE(kept({stays, gone, joins}));
    EXPECT_FALSE(kept({stays, joins_and_is_gone}));
    EXPECT_TRUE(kept({stays, stays, joins_and_is_gone}));
}

TEST(MajorityKept, AllSmallListsAgreeWithTheSearch) {
    std::vector<Fated> kinds;
    for (const Standing standing : {Standing::voter, Standing::joining, Standing::learner}) {
        for (const bool is_gone : {false, true}) {
            for (const bool may_join : {false, true}) {
                for (const bool may_leave : {false, true}) {
                    kinds.push_back({standing, {is_gone, may_join, may_leave}});
                }
            }
        }
    }
    std::array<std::size_t, 2> seen{};
    const std::size_t n = kinds.size();
    for (std::size_t size = 1; size <= 3; ++size) {
        std::size_t cases = 1;
        for (std::size_t i = 0; i < size; ++i) cases *= n;
        for (std::size_t number = 0; number < cases; ++number) {
            // Some more that stay, so that majorities of larger lists are met, too.
            std::vector<Fated> all(number % 4, stays);
            for (std::size_t rest = number, i = 0; i < size; ++i, rest /= n) {
                all.push_back(kinds[rest % n]);
            }
            const bool expected = kept_in_all(all, 0, 0, 0);
            ++seen[expected ? 1 : 0];
            ASSERT_EQ(kept(all), expected) << "size " << size << " case " << number;
        }
    }
    EXPECT_GT(seen[0], 1'000U);
    EXPECT_GT(seen[1], 1'000U);
}

}  // namespace
}  // namespace rafted::test
