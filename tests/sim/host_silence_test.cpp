// Quiescence of whole hosts over virtual time (NodeConfig::quiesce_after): groups that have nothing
// to do are silent, and whatever happens to one of their nodes is noticed as fast as ever.
#include <gtest/gtest.h>

#include "support/plain_world.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SilentWorld : public PlainWorld {
public:
    explicit SilentWorld(std::uint64_t seed, unsigned members = 3)
        : PlainWorld({.seed = seed, .quiesce_after = milliseconds(500)}, members, quick_config()) {
        EXPECT_EQ(add(1), 1);
        EXPECT_TRUE(fall_silent());
    }
    bool fall_silent() {
        return run_until([this] { return silent() == nodes().size(); }, seconds(10));
    }
    std::size_t silent() {
        std::size_t count = 0;
        for (const NodeId id : nodes()) {
            if (is_up(id) && status(id).quiescent) ++count;
        }
        return count;
    }
    std::uint64_t said_in(core::Duration time) {
        const std::uint64_t before = carried();
        run_for(time);
        return carried() - before;
    }
};

TEST(Silence, AGroupWithNothingToDoSendsNothing) {
    SilentWorld world(201);
    EXPECT_EQ(world.said_in(std::chrono::minutes(10)), 0U);
    EXPECT_EQ(world.silent(), 3U);
    for (const MemberInfo& member : world.status(world.leader()).members) {
        EXPECT_LE(*member.last_contact, quick_config().heartbeat_interval + milliseconds(10))
            << "its node was heard";
    }
    EXPECT_EQ(world.sum(), 1) << "a query without a lease";
    EXPECT_EQ(world.add(1), 2);
    EXPECT_TRUE(world.fall_silent());
    EXPECT_EQ(world.said_in(std::chrono::minutes(1)), 0U);
}

TEST(Silence, WithoutTheOptionHeartbeatsGo) {
    PlainWorld world({.seed = 202}, 3, quick_config());
    const std::uint64_t before = world.carried();
    world.run_for(seconds(10));
    EXPECT_GT(world.carried() - before, 100U);
}

TEST(Silence, TheLeadersDeathIsNoticedInTime) {
    for (std::uint64_t seed = 210; seed < 230; ++seed) {
        SCOPED_TRACE(seed);
        SilentWorld world(seed);
        world.run_for(seconds(30));
        const NodeId leader = world.leader();
        world.crash(leader);
        const core::Time since = world.now();
        EXPECT_NE(world.wait_for_leader("tally", leader), leader);
        // As without silence: T to 2 T, and once more if two stood at a time.
        EXPECT_LE(world.now() - since, 4 * quick_config().election_timeout + milliseconds(200));
        EXPECT_EQ(world.add(1, seconds(20)), 2);
    }
}

TEST(Silence, ALeaderThatIsCutOffGivesUp) {
    SilentWorld world(231);
    const NodeId leader = world.leader();
    world.isolate(leader);
    EXPECT_TRUE(
        world.run_until([&] { return world.status(leader).role != Role::leader; }, seconds(20)));
    EXPECT_NE(world.wait_for_leader("tally", leader), leader);
    world.heal();
    EXPECT_EQ(world.add(1, seconds(20)), 2);
    EXPECT_TRUE(world.fall_silent());
}

TEST(Silence, AFollowerThatRestartsDeposesNobody) {
    SilentWorld world(232);
    const NodeId leader = world.leader();
    const Term term = world.status(leader).current_term;
    const NodeId follower = world.followers().front();
    world.crash(follower);
    world.run_for(milliseconds(300));
    world.restart(follower);
    EXPECT_TRUE(world.fall_silent());
    EXPECT_EQ(world.status(leader).current_term, term);
    EXPECT_EQ(world.leader(), leader);
}

TEST(Silence, AMemberThatIsDownKeepsTheHeartbeatsGoing) {
    SilentWorld world(233);
    const NodeId leader = world.leader();
    world.crash(world.followers().front());
    world.run_for(seconds(30));
    EXPECT_EQ(world.silent(), 0U);
    EXPECT_EQ(world.leader(), leader);
    EXPECT_EQ(world.add(1), 2);
}

TEST(Silence, ANodeThatStopsVouchesForNobody) {
    SilentWorld world(234);
    const NodeId leader = world.leader();
    const NodeId other = world.followers().front();
    // The process is still there, as one is that closes.
    world.node(leader).host().stop([](const Result<void>&) {});
    const auto moved = [&] {
        const auto now = world.status(other).leader;
        return now && now->node != leader;
    };
    EXPECT_TRUE(world.run_until(moved, 4 * core::Duration(quick_config().election_timeout)));
}

TEST(Silence, ASeatThatStopsEndsTheSilenceThatItAgreedTo) {
    auto config = quick_config();
    config.snapshot_floor_bytes = 200;
    config.log_file_expansion_factor = 0.5;
    PlainWorld world({.seed = 236, .quiesce_after = milliseconds(500)}, 3, config);
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(world.add(1));
    const NodeId leader = world.leader();
    const NodeId victim = world.followers().front();
    ASSERT_GT(world.status(victim).snapshot, Index(0));
    world.crash(victim);
    world.restart_without(victim, "tally");
    // Its value is not loaded before all are silent, and then cannot be.
    world.node(victim).slow_down(sim::LaneKind::value, seconds(20));
    const auto factory = [] { return std::make_unique<Typed<Tally>>(); };
    world.node(victim).host().open_group({"tally", factory, config, {}, {}},
                                         [](const Result<void>& done) { EXPECT_TRUE(done); });
    ASSERT_TRUE(world.run_until([&] { return world.status(leader).quiescent; }, seconds(10)));
    for (const std::string& path : world.files(victim).paths()) {
        if (path.ends_with(".snap")) world.files(victim).flip(path, 300, std::byte{1});
    }
    world.run_for(seconds(30));
    EXPECT_FALSE(world.status(victim).alarms.empty());
    EXPECT_FALSE(world.status(leader).quiescent);
    EXPECT_EQ(world.status(leader).unresponsive_followers, std::vector{victim});
}

TEST(Silence, ManyGroupsOfTwoNodesShareTheirBeats) {
    SilentWorld world(235);
    const auto factory = [] { return std::make_unique<Typed<Tally>>(); };
    const auto nodes = world.nodes();
    for (int i = 0; i < 20; ++i) {
        const std::string name = "group" + std::to_string(i);
        world.create(nodes[static_cast<std::size_t>(i) % 3], name, factory, quick_config());
        for (const NodeId id : nodes) {
            if (id != nodes[static_cast<std::size_t>(i) % 3]) world.join(id, name, factory);
        }
    }
    world.run_for(seconds(10));
    EXPECT_EQ(world.said_in(seconds(60)), 0U);
    world.crash(nodes[0]);
    world.run_for(seconds(10));
    for (int i = 0; i < 20; ++i) {
        const NodeId leader = world.HostCluster::leader("group" + std::to_string(i));
        EXPECT_TRUE(leader && leader != nodes[0]) << i;
    }
}

}  // namespace
}  // namespace rafted::test
