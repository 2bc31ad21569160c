// The leader hooks, line by line of the table in docs/hooks.md: who runs them, when, in which
// order. Real hosts over virtual time; the worlds are small, so a failure is a story to read.
#include <gtest/gtest.h>

#include "support/hook_watch.hpp"
#include "value/envelope.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Words = std::vector<std::string>;

TEST(Hooks, CommandsRunOnTheLeaderOnlyInLogOrder) {
    HookWorld world({.seed = 1}, 3, quick_config());
    const NodeId leader = world.leader();
    world.watch.fired.clear();
    for (int i = 1; i <= 100; ++i) ASSERT_TRUE(world.add(i));
    world.run_for(seconds(2));
    const auto fired = world.watch.of("command");
    ASSERT_EQ(fired.size(), 100u);
    EXPECT_EQ(world.watch.fired.size(), 100u);
    Index last;
    for (std::size_t i = 0; i < fired.size(); ++i) {
        EXPECT_EQ(fired[i].node, leader);
        EXPECT_EQ(fired[i].by, static_cast<std::int64_t>(i) + 1);
        EXPECT_EQ(fired[i].before, i == 0 ? 0 : fired[i - 1].after);
        EXPECT_EQ(fired[i].result, fired[i].after);
        EXPECT_EQ(fired[i].context.term, world.status(leader).current_term);
        EXPECT_EQ(fired[i].context.group, "tally");
        EXPECT_FALSE(fired[i].context.replaying);
        EXPECT_GT(fired[i].context.index, std::exchange(last, fired[i].context.index));
    }
}

TEST(Hooks, TheAnswerHasLeftBeforeTheHookRuns) {
    HookWorld world({.seed = 2}, 3, quick_config());
    Words order;
    world.watch.then = [&](const Fired& call) { order.push_back(call.what); };
    auto& host = world.node(world.leader()).host();
    const CommandId id{1, 1};
    host.request({RequestKind::command, "tally", seconds(5), value::seal(id, encode(Add{1}))},
                 [&](const Result<Bytes>& answer) {
                     EXPECT_TRUE(answer);
                     order.push_back("answer to command");
                 });
    world.run_for(seconds(1));
    host.request({RequestKind::query, "tally", seconds(5), encode(Sum{})},
                 [&](const Result<Bytes>& answer) {
                     EXPECT_TRUE(answer);
                     order.push_back("answer to query");
                 });
    world.run_for(seconds(1));
    EXPECT_EQ(order, (Words{"answer to command", "command", "answer to query", "query"}));
}

TEST(Hooks, ADuplicateByCommandIdRunsNone) {
    HookWorld world({.seed = 3}, 3, quick_config());
    const CallOptions same{.timeout = seconds(5), .id = {7, 7}};
    EXPECT_EQ(world.add(5, same), 5);
    EXPECT_EQ(world.add(5, same), 5);
    world.move_lead("tally", world.follower());
    EXPECT_EQ(world.add(5, same), 5);
    world.run_for(seconds(1));
    EXPECT_EQ(world.watch.of("command").size(), 1u);
}

TEST(Hooks, QueriesFireUnderALease) {
    HookWorld world({.seed = 4}, 3, leased_config());
    ASSERT_TRUE(world.add(4));
    world.run_for(seconds(1));
    const NodeId leader = world.leader();
    ASSERT_TRUE(world.status(leader).lease_valid);
    const auto carried = world.carried();
    ASSERT_EQ(world.sum(), 4);
    EXPECT_LT(world.carried() - carried, 4u) << "a lease asks nobody";
    world.run_for(seconds(1));
    const auto fired = world.watch.of("query");
    ASSERT_EQ(fired.size(), 1u);
    EXPECT_EQ(fired[0].node, leader);
    EXPECT_EQ(fired[0].result, 4);
    EXPECT_EQ(fired[0].after, 4);
}

TEST(Hooks, QueriesFireByReadIndex) {
    HookWorld world({.seed = 5}, 3, quick_config());
    ASSERT_TRUE(world.add(4));
    ASSERT_FALSE(world.status(world.leader()).lease_valid);
    ASSERT_EQ(world.sum(), 4);
    world.run_for(seconds(1));
    const auto fired = world.watch.of("query");
    ASSERT_EQ(fired.size(), 1u);
    EXPECT_EQ(fired[0].node, world.leader());
    EXPECT_EQ(fired[0].result, 4);
}

TEST(Hooks, StaleQueriesFireNoneOnAnyMember) {
    HookWorld world({.seed = 6}, 3, leased_config());
    ASSERT_TRUE(world.add(4));
    world.run_for(seconds(1));
    for (const NodeId id : world.nodes()) {
        const auto answer =
            world.ask(id, {RequestKind::query_stale, "tally", seconds(1), encode(Sum{})});
        ASSERT_TRUE(answer);
        EXPECT_EQ(decode<std::int64_t>(*answer), 4);
    }
    world.run_for(seconds(1));
    EXPECT_TRUE(world.watch.of("query").empty());
}

TEST(Hooks, QueryHooksAreNotRepeatedByTheNextLeader) {
    HookWorld world({.seed = 7}, 3, quick_config());
    const NodeId first = world.leader();
    ASSERT_TRUE(world.add(4));
    world.run_for(seconds(1));
    world.node(first).slow_down(LaneKind::hooks, seconds(60));
    ASSERT_EQ(world.sum(), 4);
    world.crash(first);
    const NodeId second = world.wait_for_leader("tally", first);
    world.run_for(seconds(2));
    EXPECT_TRUE(world.watch.of("query").empty());
    EXPECT_EQ(world.watch.of("elected", second).size(), 1u);
}

TEST(Hooks, MembersThatComeAndGo) {
    HookWorld world({.seed = 8}, 3, quick_config());
    const NodeId leader = world.leader();
    const auto added = world.watch.of("added");
    ASSERT_EQ(added.size(), 2u) << "once each: becoming a voter is no second time";
    for (std::size_t i = 0; i < added.size(); ++i) {
        EXPECT_EQ(added[i].node, leader);
        EXPECT_EQ(added[i].member.node, NodeId(i + 2));
        EXPECT_EQ(added[i].member.address, world.address(NodeId(i + 2)));
    }
    const NodeId gone = world.follower();
    std::optional<Result<Bytes>> answer;
    world.caller("tally")->call(RequestKind::remove, encode(gone), {},
                                [&](Result<Bytes> result) { answer = std::move(result); });
    ASSERT_TRUE(world.run_until([&] { return answer.has_value(); }));
    ASSERT_TRUE(answer->has_value());
    world.run_for(seconds(1));
    const auto removed = world.watch.of("removed");
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_EQ(removed[0].node, leader);
    EXPECT_EQ(removed[0].member.node, gone);
}

TEST(Hooks, AMemberThatMovesIsNeitherAddedNorRemoved) {
    HookWorld world({.seed = 9}, 3, quick_config());
    const NodeId moved = world.follower();
    world.watch.fired.clear();
    world.crash(moved);
    world.restart(moved, true);
    world.run_for(seconds(3));
    const auto members = world.status(world.leader()).members;
    const auto at = std::ranges::find(members, moved, &MemberInfo::node);
    ASSERT_NE(at, members.end());
    EXPECT_EQ(at->address, world.address(moved));
    EXPECT_TRUE(world.watch.of("added").empty());
    EXPECT_TRUE(world.watch.of("removed").empty());
}

TEST(Hooks, ElectedRunsOncePerLeadershipAfterItsFirstEntryIsApplied) {
    HookWorld world({.seed = 10}, 3, quick_config());
    ASSERT_TRUE(world.add(3));
    world.watch.fired.clear();
    for (int i = 0; i < 4; ++i) {
        const NodeId next = world.follower();
        world.move_lead("tally", next);
        world.run_for(seconds(1));
        const auto elected = world.watch.of("elected");
        ASSERT_EQ(elected.size(), static_cast<std::size_t>(i) + 1);
        EXPECT_EQ(elected.back().node, next);
        EXPECT_EQ(elected.back().context.term, world.status(next).current_term);
        EXPECT_EQ(elected.back().after, 3);
        EXPECT_FALSE(elected.back().context.replaying);
    }
}

TEST(Hooks, TheFounderIsElectedWhenTheGroupIsMade) {
    HookWorld world({.seed = 11}, 1, quick_config());
    EXPECT_EQ(world.watch.story(), Words{"1:elected"});
}

TEST(Hooks, RestoredRunsBeforeElectedOncePerRestart) {
    HookWorld world({.seed = 12}, 3, quick_config());
    ASSERT_TRUE(world.add(3));
    world.run_for(seconds(1));
    EXPECT_TRUE(world.watch.of("restored").empty()) << "nobody has started from files yet";
    for (const NodeId id : world.nodes()) world.crash(id);
    world.watch.fired.clear();
    for (const NodeId id : world.nodes()) world.restart(id);
    const NodeId first = world.wait_for_leader("tally");
    world.run_for(seconds(1));
    ASSERT_GE(world.watch.fired.size(), 2u);
    const auto last = world.watch.fired.end();
    EXPECT_EQ((last - 2)->what, "restored");
    EXPECT_EQ((last - 1)->what, "elected");
    EXPECT_EQ((last - 2)->node, first);
    EXPECT_EQ((last - 2)->context.index, (last - 1)->context.index);
    EXPECT_FALSE((last - 2)->context.replaying);
    EXPECT_EQ((last - 2)->after, 3);
    // Each restarted member has its own, at its first lead; none has a second.
    for (int i = 0; i < 5; ++i) {
        world.move_lead("tally", world.follower());
        world.run_for(seconds(1));
    }
    for (const NodeId id : world.nodes()) {
        EXPECT_EQ(world.watch.of("restored", id).size(),
                  world.watch.of("elected", id).empty() ? 0u : 1u);
    }
    EXPECT_EQ(world.watch.of("elected").size(), 6u);
}

TEST(Hooks, RestoredIsNotLostWithALeadThatWasTooShort) {
    HookWorld world({.seed = 13}, 3, quick_config());
    ASSERT_TRUE(world.add(3));
    for (const NodeId id : world.nodes()) world.crash(id);
    for (const NodeId id : world.nodes()) world.restart(id);
    for (const NodeId id : world.nodes()) {
        world.node(id).slow_down(LaneKind::hooks, seconds(60));
    }
    const NodeId first = world.wait_for_leader("tally");
    const NodeId other = world.follower();
    world.run_for(milliseconds(200));
    world.watch.fired.clear();
    world.move_lead("tally", other);
    world.run_for(milliseconds(200));
    EXPECT_TRUE(world.watch.of("restored").empty());
    world.node(first).slow_down(LaneKind::hooks, {});
    world.run_for(seconds(60));
    EXPECT_TRUE(world.watch.of("restored", first).empty()) << "it does not lead";
    world.move_lead("tally", first);
    world.run_for(seconds(1));
    EXPECT_EQ(world.watch.of("restored", first).size(), 1u);
    EXPECT_EQ(world.watch.of("elected", first).size(), 1u) << "the lost lead's own is gone";
}

}  // namespace
}  // namespace rafted::test
