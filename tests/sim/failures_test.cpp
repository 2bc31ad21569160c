// Behaviours 20, 21 and 24 on cores, for three to seven members: which failures are borne, how soon
// a new leader is there, and what happens beyond that.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/core_cluster.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds election_timeout(1000);

class Failures : public testing::TestWithParam<std::uint64_t> {
protected:
    std::uint64_t size() const { return GetParam(); }
    std::uint64_t minority() const { return (size() - 1) / 2; }

    CoreCluster started(std::uint64_t seed) const {
        GroupConfig config;
        config.clock_drift_margin = milliseconds(300);
        CoreCluster world({.seed = seed, .config = config});
        std::vector<NodeId> ids;
        for (std::uint64_t i = 1; i <= size(); ++i) ids.emplace_back(i);
        world.found(ids);
        world.set_network({true, milliseconds(1), milliseconds(5), 0, 0});
        world.run_for(3 * election_timeout);
        return world;
    }
    static NodeId any_follower(const CoreCluster& world) {
        for (const auto& [id, node] : world.nodes()) {
            if (node.member && id != world.leader()) return id;
        }
        return {};
    }
    static bool works(CoreCluster& world, const std::string& command) {
        const NodeId leader = world.leader();
        if (!leader) return false;
        const auto write = world.propose(leader, command);
        const auto read = world.read(leader);
        world.run_for(milliseconds(200));
        return world.request(write).state == Request::State::done &&
               world.request(read).state == Request::State::done;
    }
};

TEST_P(Failures, B20_AMinorityOfFollowersMayFail) {
    CoreCluster world = started(20 + size());
    ASSERT_TRUE(works(world, "first"));
    for (std::uint64_t i = 0; i < minority(); ++i) {
        world.crash(any_follower(world));
        EXPECT_TRUE(works(world, "after " + std::to_string(i + 1)));
    }
    // One more: nothing is committed, a leased read is still right, and the leader steps down.
    const NodeId leader = world.leader();
    const Term term = world.member(leader).term();
    world.crash(any_follower(world));
    const auto read = world.read(leader);
    const auto write = world.propose(leader, "never");
    EXPECT_EQ(world.request(read).state, Request::State::done);
    world.run_for(2 * election_timeout);
    EXPECT_FALSE(world.leader());
    EXPECT_EQ(world.request(write).state, Request::State::unknown);
    EXPECT_EQ(world.member(leader).term(), term);
    EXPECT_EQ(world.history().violations(), std::vector<std::string>());
}

TEST_P(Failures, B21_ANewLeaderServesWithinThreeElectionTimeouts) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        CoreCluster world = started(seed * 100 + size());
        ASSERT_TRUE(works(world, "before")) << "seed " << seed;
        for (std::uint64_t i = 0; i < minority(); ++i) {
            world.crash(world.leader());
            world.run_for(3 * election_timeout);
            EXPECT_TRUE(works(world, "after " + std::to_string(i))) << "seed " << seed;
        }
        EXPECT_EQ(world.history().violations(), std::vector<std::string>());
    }
}

TEST_P(Failures, B24_ForcedRemovalOfAMajorityGivesAStableLeader) {
    if (size() % 2 == 0) return;  // The behaviour speaks of three, five and seven.
    CoreCluster world = started(24 + size());
    ASSERT_TRUE(works(world, "before"));
    std::vector<NodeId> lost;
    for (std::uint64_t i = 0; i <= minority(); ++i) {
        lost.push_back(i == 0 ? world.leader() : any_follower(world));
        world.crash(lost.back());
    }
    world.run_for(4 * election_timeout);
    ASSERT_FALSE(world.leader());
    for (const auto& [id, node] : world.nodes()) {
        if (!node.member) continue;
        for (const NodeId gone : lost) world.force_remove(id, gone);
    }
    world.run_for(4 * election_timeout);
    const NodeId leader = world.leader();
    ASSERT_TRUE(leader);
    EXPECT_EQ(world.node(leader).value.items().front(), "before");
    const Term term = world.member(leader).term();
    world.run_for(20 * election_timeout);
    EXPECT_EQ(world.leader(), leader);
    EXPECT_EQ(world.member(leader).term(), term);
    EXPECT_TRUE(works(world, "after"));
}

INSTANTIATE_TEST_SUITE_P(Sizes, Failures, testing::Values(3, 4, 5, 6, 7));

}  // namespace
}  // namespace rafted::test
