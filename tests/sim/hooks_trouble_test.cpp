// The leader hooks in bad weather: leaders that die, hooks that are slow or throw, queues that fill
// up, snapshots. Each line of the table in docs/hooks.md that speaks of trouble is here.
#include <gtest/gtest.h>

#include <stdexcept>

#include "support/hook_watch.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto very_slow = std::chrono::minutes(10);

std::vector<Pending<std::int64_t>> start_many(HookWorld& world, int count) {
    std::vector<Pending<std::int64_t>> pending;
    for (int i = 0; i < count; ++i) {
        pending.push_back(world.tally().start_command(Add{1}, {.timeout = seconds(60), .id = {}}));
    }
    return pending;
}

/// Each exactly once, in log order, whichever node ran them.
void expect_once_in_order(const std::vector<Fired>& fired, std::size_t count) {
    ASSERT_EQ(fired.size(), count);
    for (std::size_t i = 1; i < fired.size(); ++i) {
        EXPECT_GT(fired[i].context.index, fired[i - 1].context.index);
        EXPECT_EQ(fired[i].before, fired[i - 1].after);
    }
}

TEST(HooksInTrouble, TheNextLeaderRunsWhatADeadOneCouldNot) {
    HookWorld world({.seed = 21}, 3, quick_config());
    const NodeId first = world.leader();
    world.node(first).slow_down(LaneKind::hooks, very_slow);
    world.watch.fired.clear();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(world.add(1));
    EXPECT_TRUE(world.watch.fired.empty());
    world.crash(first);
    const NodeId second = world.wait_for_leader("tally", first);
    world.run_for(seconds(1));
    expect_once_in_order(world.watch.of("command", second), 10);
    for (const Fired& call : world.watch.of("command")) {
        EXPECT_TRUE(call.context.replaying);
        EXPECT_EQ(call.context.term, world.status(second).current_term);
    }
    ASSERT_EQ(world.watch.fired.size(), 11u);
    EXPECT_EQ(world.watch.fired.back().what, "elected") << "after what it inherited";
    ASSERT_TRUE(world.add(1));
    world.run_for(seconds(1));
    EXPECT_FALSE(world.watch.of("command").back().context.replaying);
}

TEST(HooksInTrouble, WhatWasConfirmedIsNotRepeated) {
    HookWorld world({.seed = 22}, 3, quick_config());
    const NodeId first = world.leader();
    world.watch.fired.clear();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(world.add(1));
    world.run_for(seconds(1));
    world.crash(first);
    world.wait_for_leader("tally", first);
    world.run_for(seconds(1));
    expect_once_in_order(world.watch.of("command"), 10);
    EXPECT_EQ(world.watch.fired.back().what, "elected");
    EXPECT_EQ(world.watch.fired.size(), 11u);
}

TEST(HooksInTrouble, ARestartReplaysWhatNoSnapshotCovers) {
    HookWorld world({.seed = 23}, 3, quick_config());
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(world.add(1));
    world.run_for(seconds(1));
    for (const NodeId id : world.nodes()) world.crash(id);
    world.watch.fired.clear();
    for (const NodeId id : world.nodes()) world.restart(id);
    world.wait_for_leader("tally");
    world.run_for(seconds(1));
    expect_once_in_order(world.watch.of("command"), 10);
    for (const Fired& call : world.watch.of("command")) EXPECT_TRUE(call.context.replaying);
    EXPECT_EQ(world.watch.of("added").size(), 2u) << "membership is replayed like commands";
}

TEST(HooksInTrouble, AThrowingHookIsCountedAndNeverRetried) {
    HookWorld world({.seed = 24}, 3, quick_config());
    const NodeId leader = world.leader();
    const Term term = world.status(leader).current_term;
    const auto before = world.metrics(leader);
    world.watch.fired.clear();
    world.watch.then = [](const Fired& call) {
        if (call.by % 2 == 0) throw std::runtime_error("the outside is down");
        if (call.by % 3 == 0) throw 3;
    };
    for (int i = 1; i <= 12; ++i) ASSERT_TRUE(world.add(i));
    world.run_for(seconds(1));
    expect_once_in_order(world.watch.of("command"), 12);
    const auto after = world.metrics(leader);
    EXPECT_EQ(after.hooks_threw - before.hooks_threw, 8u);
    EXPECT_EQ(after.hooks_run - before.hooks_run, 12u);
    EXPECT_EQ(world.status(leader).current_term, term);
    const auto said = std::ranges::count_if(world.log(), [](const std::string& line) {
        return line.find("threw: the outside is down") != std::string::npos;
    });
    EXPECT_EQ(said, 6);
    // Nor does the next leader make up for it.
    world.move_lead("tally", world.follower());
    world.run_for(seconds(1));
    EXPECT_EQ(world.watch.of("command").size(), 12u);
}

TEST(HooksInTrouble, ASlowHookHoldsUpNobody) {
    HookWorld world({.seed = 25}, 3, quick_config());
    Watch others;
    others.world = &world;
    const auto factory = [&](NodeId id) {
        auto hooks = std::make_shared<WatchedHooks>(others, id);
        return [hooks] { return std::make_unique<Typed<Tally, WatchedHooks>>(hooks); };
    };
    const NodeId leader = world.leader();
    world.create(leader, "other", factory(leader), quick_config());
    world.node(leader).slow_down(LaneKind::hooks, seconds(20), 0);
    world.watch.fired.clear();
    others.fired.clear();
    const Term term = world.status(leader).current_term;
    auto other = world.group<Tally>("other");
    ASSERT_TRUE(world.add(1));  // its hook takes all of what follows
    for (int i = 0; i < 50; ++i) {
        const auto asked = world.now();
        ASSERT_TRUE(world.add(1));
        ASSERT_TRUE(world.sum());
        EXPECT_LT(world.now() - asked, milliseconds(50));
        ASSERT_TRUE(world.await(other.start_command(Add{1})));
        world.run_for(milliseconds(100));
    }
    EXPECT_TRUE(world.watch.fired.empty());
    EXPECT_EQ(others.of("command").size(), 50u);
    EXPECT_EQ(world.leader(), leader);
    EXPECT_EQ(world.status(leader).current_term, term);
    world.run_for(seconds(100));
    expect_once_in_order(world.watch.of("command"), 51);
    EXPECT_EQ(world.watch.of("query").size(), 50u);
}

TEST(HooksInTrouble, ALostLeadStopsTheHooksThatWait) {
    HookWorld world({.seed = 26}, 3, quick_config());
    const NodeId first = world.leader();
    world.node(first).slow_down(LaneKind::hooks, seconds(10));
    world.watch.fired.clear();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(world.add(1));
    world.isolate(first);
    world.run_for(seconds(30));
    EXPECT_TRUE(world.watch.of("command", first).empty());
    expect_once_in_order(world.watch.of("command"), 100);
    world.heal();
    world.run_for(seconds(2));
    world.move_lead("tally", first);
    world.run_for(seconds(30));
    expect_once_in_order(world.watch.of("command"), 100);
}

GroupConfig small_backlog() {
    GroupConfig config = quick_config();
    config.max_hook_backlog = 8;
    return config;
}

TEST(HooksInTrouble, AFullBacklogHoldsAppliesAndRecovers) {
    HookWorld world({.seed = 27}, 3, small_backlog());
    const NodeId leader = world.leader();
    const Status before = world.status(leader);
    ASSERT_TRUE(world.add(1));
    world.run_for(seconds(1));
    world.watch.fired.clear();
    const Index applied = world.status(leader).applied;
    world.node(leader).slow_down(LaneKind::hooks, seconds(2));
    auto pending = start_many(world, 50);
    world.run_for(seconds(1));
    for (const NodeId id : world.nodes()) {
        EXPECT_GE(world.status(id).commit, applied + 50) << "the log goes on";
        EXPECT_LE(world.status(id).applied, applied + 8) << "the value waits for the hooks";
    }
    EXPECT_EQ(world.status(leader).current_term, before.current_term);
    for (auto& each : pending) EXPECT_TRUE(world.await(std::move(each)));
    world.run_for(seconds(5));
    EXPECT_EQ(world.leader(), leader);
    EXPECT_EQ(world.status(leader).current_term, before.current_term);
    expect_once_in_order(world.watch.of("command"), 50);
    for (const NodeId id : world.nodes()) EXPECT_GE(world.status(id).applied, applied + 50);
}

TEST(HooksInTrouble, ANewLeaderWithAFullBacklogGetsGoing) {
    HookWorld world({.seed = 28}, 3, small_backlog());
    const NodeId first = world.leader();
    ASSERT_TRUE(world.add(1));
    world.run_for(seconds(1));
    world.watch.fired.clear();
    world.node(first).slow_down(LaneKind::hooks, very_slow);
    auto pending = start_many(world, 50);
    world.run_for(seconds(1));
    world.crash(first);
    world.wait_for_leader("tally", first);
    for (auto& each : pending) EXPECT_TRUE(world.await(std::move(each)));
    world.run_for(seconds(1));
    expect_once_in_order(world.watch.of("command"), 50);
    EXPECT_EQ(world.sum(), 51);
}

TEST(HooksInTrouble, ReadsStayLinearizableWhileAppliesAreHeld) {
    HookWorld world({.seed = 29}, 3, small_backlog());
    const NodeId first = world.leader();
    ASSERT_TRUE(world.add(1));
    world.run_for(seconds(1));
    for (const NodeId id : world.nodes()) {
        if (id != first) world.node(id).slow_down(LaneKind::hooks, seconds(20));
    }
    auto pending = start_many(world, 50);
    for (auto& each : pending) ASSERT_TRUE(world.await(std::move(each)));
    world.crash(first);
    const NodeId second = world.wait_for_leader("tally", first);
    world.run_for(seconds(1));
    ASSERT_LT(world.status(second).applied, world.status(second).commit) << "applies are held";
    // All 51 were acknowledged: no answer may be older.
    const auto soon = world.ask(second, {RequestKind::query, "tally", seconds(1), encode(Sum{})});
    EXPECT_FALSE(soon) << "the hooks are slower than that";
    const auto later =
        world.ask(second, {RequestKind::query, "tally", seconds(200), encode(Sum{})});
    ASSERT_TRUE(later);
    EXPECT_EQ(decode<std::int64_t>(*later), 51);
}

GroupConfig eager_snapshots() {
    GroupConfig config = quick_config();
    config.snapshot_floor_bytes = 0;
    config.log_bytes_kept = 0;
    return config;
}

TEST(HooksInTrouble, ASnapshotWaitsForTheHooksOfWhatItCovers) {
    HookWorld world({.seed = 30}, 3, eager_snapshots());
    const NodeId leader = world.leader();
    const Index before = world.status(leader).last;
    world.node(leader).slow_down(LaneKind::hooks, seconds(10));
    world.watch.fired.clear();
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(world.add(1));
    world.run_for(seconds(2));
    for (const NodeId id : world.nodes()) EXPECT_LE(world.status(id).snapshot, before + 1);
    world.run_for(seconds(40));
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(world.add(1));
    world.run_for(seconds(40));
    expect_once_in_order(world.watch.of("command"), 80);
    for (const NodeId id : world.nodes()) EXPECT_GT(world.status(id).snapshot, before + 20);
}

TEST(HooksInTrouble, NothingIsLostOverASnapshotAndALeaderChange) {
    HookWorld world({.seed = 31}, 3, eager_snapshots());
    const NodeId late = world.follower();
    world.watch.fired.clear();
    world.isolate(late);
    const NodeId first = world.wait_for_leader("tally", late);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(world.add(1));
    world.run_for(seconds(2));
    ASSERT_GT(world.status(first).snapshot, world.status(late).last) << "only a snapshot helps";
    world.heal();
    world.run_for(seconds(3));
    ASSERT_GT(world.status(late).applied, world.status(first).snapshot);
    EXPECT_TRUE(world.watch.of("command", late).empty());
    world.node(world.leader()).slow_down(LaneKind::hooks, very_slow);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(world.add(1));
    world.run_for(milliseconds(100));
    world.move_lead("tally", late);
    world.run_for(seconds(1));
    EXPECT_EQ(world.watch.of("command", late).size(), 5u);
    expect_once_in_order(world.watch.of("command"), 205);
}

TEST(HooksInTrouble, ARecoveredGroupTellsWhoIsGone) {
    HookWorld world({.seed = 32}, 3, quick_config());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(world.add(1));
    world.run_for(seconds(1));
    for (const NodeId id : world.nodes()) world.crash(id);
    world.watch.fired.clear();
    int told = 0;
    world.watch.then = [&](const Fired& call) {
        if (call.what == "removed" && ++told == 1) throw std::runtime_error("the first of two");
    };
    world.recover(NodeId(2), "tally");
    world.run_for(seconds(1));
    EXPECT_EQ(world.watch.of("command").size(), 3u);
    const auto removed = world.watch.of("removed");
    ASSERT_EQ(removed.size(), 2u) << "also if the first one's hook throws";
    EXPECT_EQ(removed[0].member.node, NodeId(1));
    EXPECT_EQ(removed[1].member.node, NodeId(3));
    const auto story = world.watch.story();
    ASSERT_GE(story.size(), 2u);
    EXPECT_EQ(story[story.size() - 2], "2:restored");
    EXPECT_EQ(story.back(), "2:elected");
}

TEST(HooksInTrouble, AForcedRemovalIsToldByTheNextElection) {
    HookWorld world({.seed = 33}, 3, quick_config());
    world.crash(NodeId(1));
    world.crash(NodeId(2));
    world.watch.fired.clear();
    for (const NodeId gone : {NodeId(1), NodeId(2)}) {
        ASSERT_TRUE(
            world.ask(NodeId(3), {RequestKind::force_remove, "tally", seconds(2), encode(gone)}));
    }
    world.wait_for_leader("tally");
    world.run_for(seconds(1));
    const auto removed = world.watch.of("removed");
    ASSERT_EQ(removed.size(), 2u);
    EXPECT_EQ(removed[0].member.node, NodeId(1));
    EXPECT_EQ(removed[1].member.node, NodeId(2));
    EXPECT_EQ(world.watch.fired.back().what, "elected");
}

}  // namespace
}  // namespace rafted::test
