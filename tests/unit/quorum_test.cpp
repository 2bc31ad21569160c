// core/quorum.hpp against slow and obvious counting, over all small cases.
#include <gtest/gtest.h>

#include <optional>

#include "core/quorum.hpp"

namespace rafted::test {
namespace {

using core::Tally;

TEST(Quorum, MajorityTable) {
    const std::size_t expected[] = {1, 1, 2, 2, 3, 3, 4, 4};
    for (std::size_t n = 0; n < 8; ++n) EXPECT_EQ(core::majority(n), expected[n]) << n;
    // Two majorities of one list always share a member.
    for (std::size_t n = 1; n < 100; ++n) EXPECT_GT(2 * core::majority(n), n);
}

/// The largest value v such that more than half of the values are at least v.
int reached_slowly(const std::vector<int>& values) {
    int best = 0;
    for (const int candidate : values) {
        std::size_t reached = 0;
        for (const int value : values) reached += value >= candidate ? 1 : 0;
        if (2 * reached > values.size()) best = std::max(best, candidate);
    }
    return best;
}

TEST(Quorum, ReachedByMajorityForAllSmallLists) {
    EXPECT_EQ(core::reached_by_majority(std::span<int>()), 0);
    for (std::size_t n = 1; n <= 6; ++n) {
        std::size_t cases = 1;
        for (std::size_t i = 0; i < n; ++i) cases *= 4;
        for (std::size_t number = 0; number < cases; ++number) {
            std::vector<int> values;
            for (std::size_t rest = number, i = 0; i < n; ++i, rest /= 4) {
                values.push_back(static_cast<int>(rest % 4));
            }
            const int expected = reached_slowly(values);
            EXPECT_EQ(core::reached_by_majority(std::span(values)), expected);
        }
    }
}

TEST(Quorum, AsManyVotersAsThereAre) {
    for (int voters = 0; voters <= 30; ++voters) {
        core::OfVoters<int> reached;
        std::vector<int> values;
        for (int i = 0; i < voters; ++i) {
            values.push_back(i * 7 % 31);
            reached.add(values.back());
        }
        EXPECT_EQ(reached.reached(), reached_slowly(values)) << voters;
    }
}

/// What the votes mean, by trying out how those that are still missing might fall.
Tally tally_slowly(std::size_t voters, std::size_t granted, std::size_t refused) {
    if (2 * granted > voters) return Tally::won;
    const std::size_t missing = voters - granted - refused;
    return 2 * (granted + missing) > voters ? Tally::open : Tally::lost;
}

TEST(Quorum, TallyForAllVotesOfUpToSixVotersAndAStranger) {
    for (std::uint64_t n = 1; n <= 6; ++n) {
        std::vector<core::Peer> peers;
        for (std::uint64_t i = 1; i <= n; ++i) peers.push_back({NodeId(i), "", Standing::voter});
        peers.push_back({NodeId(90), "", Standing::learner});
        peers.push_back({NodeId(91), "", Standing::joining});
        const core::Members members(peers);
        std::size_t cases = 1;
        for (std::uint64_t i = 0; i < n; ++i) cases *= 3;
        for (std::size_t number = 0; number < cases; ++number) {
            // Who is no voter may say what it likes.
            core::Votes votes{{NodeId(90), true}, {NodeId(91), true}, {NodeId(99), true}};
            std::size_t granted = 0;
            std::size_t refused = 0;
            std::size_t rest = number;
            for (std::uint64_t i = 1; i <= n; ++i, rest /= 3) {
                if (rest % 3 == 0) continue;
                votes[NodeId(i)] = rest % 3 == 1;
                ++(rest % 3 == 1 ? granted : refused);
            }
            EXPECT_EQ(core::tally(members, votes), tally_slowly(n, granted, refused));
        }
    }
}

TEST(Quorum, NobodyWinsWithoutVoters) {
    EXPECT_NE(core::tally(core::Members(), {{NodeId(1), true}}), Tally::won);
}

}  // namespace
}  // namespace rafted::test
