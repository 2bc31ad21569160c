// Behaviours under the death of members (B.8, 20, 21, 23, 24): three to seven processes in memory.
#include <gmock/gmock.h>

#include <utility>

#include "live/local_nodes.hpp"
#include "live/machine_stalls.hpp"

namespace rafted::test {
namespace {

class Sizes : public testing::TestWithParam<std::size_t> {
protected:
    /// Numbers of all but the leader.
    static std::vector<std::size_t> followers(const LiveCluster& cluster, std::size_t leader) {
        std::vector<std::size_t> others;
        for (std::size_t i = 0; i < cluster.size(); ++i) {
            if (i != leader) others.push_back(i);
        }
        return others;
    }
};

TEST_P(Sizes, B20_a_minority_may_die_and_one_more_stops_the_writes) {
    LiveCluster cluster({GetParam(), false});
    const std::size_t leader = cluster.leader().value();
    const auto others = followers(cluster, leader);
    const auto group = cluster.group_at(leader);
    const std::size_t tolerated = (GetParam() - 1) / 2;
    for (std::size_t i = 0; i < tolerated; ++i) {
        cluster.kill(others[i]);
        EXPECT_EQ(group.command(Enqueue{"x"}).value(), i);
    }
    EXPECT_EQ(cluster.leader(), leader);
    ASSERT_EQ(group.query(Length{}).value(), tolerated);
    const LiveDir beside;
    const MachineStalls stalls(beside.path());
    const auto killed = LiveClock::now();
    cluster.kill(others[tolerated]);
    const auto leased = group.query(Length{}, {milliseconds(150), {}});
    EXPECT_TRUE(leased) << to_string(leased.error());
    auto pending = group.start_command(Enqueue{"y"}, {milliseconds(1500), {}});
    EXPECT_TRUE(eventually(std::chrono::seconds(5), [&] {
        const auto said = cluster.status(leader);
        return said && said->role != Role::leader;
    }));
    // Two election timeouts after the last answer, and some time to find out.
    EXPECT_LE(ms_since(killed) - stalls.ms(), 2.0 * LiveCluster::election_timeout.count() + 250);
    EXPECT_FALSE(pending.get());
}

TEST_P(Sizes, B21_a_new_leader_is_elected_and_serves) {
    LiveCluster cluster({GetParam(), false});
    const std::size_t leader = cluster.leader().value();
    ASSERT_TRUE(cluster.group_at(leader).command(Enqueue{"a"}));
    const Term term = cluster.term(leader);
    cluster.kill(leader);
    const auto next = cluster.leader(term);
    ASSERT_TRUE(next);
    EXPECT_NE(*next, leader);
    const auto group = cluster.group();
    EXPECT_EQ(group.command(Enqueue{"b"}).value(), 1U);
    EXPECT_EQ(group.query(Length{}).value(), 2U);
}

INSTANTIATE_TEST_SUITE_P(ThreeToSeven, Sizes, testing::Values(3U, 4U, 5U, 6U, 7U));

class LostMajority : public testing::TestWithParam<std::size_t> {};

TEST_P(LostMajority, B23_B24_force_removal_on_all_survivors_restores_a_stable_leader) {
    LiveCluster cluster({GetParam(), false});
    const std::size_t leader = cluster.leader().value();
    ASSERT_TRUE(cluster.group_at(leader).command(Enqueue{"a"}));
    ASSERT_TRUE(cluster.await_equal());
    const Term term = cluster.term(leader);
    const std::size_t to_kill = GetParam() / 2 + 1;
    std::vector<NodeId> lost;
    for (std::size_t i = 0; i < to_kill; ++i) {
        const std::size_t victim = (leader + i) % GetParam();
        lost.push_back(cluster.id(victim));
        cluster.kill(victim);
    }
    bool is_told = false;
    for (std::size_t i = 0; i < GetParam(); ++i) {
        if (!cluster.runs(i)) continue;
        for (const NodeId dead : lost) {
            const auto forced = cluster.group_at(i).force_remove_member(dead);
            EXPECT_TRUE(forced) << to_string(forced.error());
            // At the first survivor, where nobody can lead yet and end it.
            if (std::exchange(is_told, true)) continue;
            const auto status = cluster.status(i);
            ASSERT_TRUE(status);
            EXPECT_THAT(status->alarms, testing::Contains(testing::HasSubstr(
                                            to_string(dead) + " was removed by force here")))
                << "as long as nobody leads";
        }
    }
    const auto next = cluster.leader(term);
    ASSERT_TRUE(next) << "no leader after the repair";
    EXPECT_EQ(cluster.group().command(Enqueue{"b"}).value(), 1U);
    const Term stable = cluster.term(*next);
    pause_for(6 * LiveCluster::election_timeout);
    EXPECT_EQ(cluster.leader(), next);
    EXPECT_EQ(cluster.term(*next), stable);
    EXPECT_EQ(cluster.status(*next)->members.size(), GetParam() - to_kill);
}

INSTANTIATE_TEST_SUITE_P(ThreeFiveSeven, LostMajority, testing::Values(3U, 5U, 7U));

}  // namespace
}  // namespace rafted::test
