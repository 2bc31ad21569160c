// The checkers of hooks, messages, bounds and liveness (src/sim/checks, 20 to 23): each finds a
// story that breaks what it stands for, and nobody complains of its legal neighbour.
#include <gtest/gtest.h>

#include "support/checks_stand.hpp"

namespace rafted::test {
namespace {

using sim::HookKind;
using sim::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Node 1 leads in term 1 since index 2; commands stand at 3 and 4, committed on all three.
struct Hooked : ChecksStand {
    std::uint64_t one = call();
    std::uint64_t two = call();

    Hooked() {
        elect(1, 1, {1, 2});
        append(1);
        append(1);
        sync(1);
        copy(1, 2);
        copy(1, 3);
        for (const unsigned n : {1U, 2U, 3U}) commit(n, Index(4));
        apply(1, Index(3), one);
        apply(1, Index(4), two);
        reply(one, Outcome::ok);
        reply(two, Outcome::ok);
    }
    void hook(HookKind kind, unsigned index, std::uint64_t operation = 0) {
        run({NodeId(1), kind, Index(index), Term(1), false, operation});
    }
    void run(const sim::HookRan& fact) { onlooker().hook(fact); }
    /// Node 2 leads in term 2 since index 5.
    void follow_up() {
        elect(2, 2, {2, 3});
        copy(2, 3);
        copy(2, 1);
        commit(2, Index(5));
    }
};

TEST(Hooks, AnOrdinaryLeadership) {
    Hooked world;
    world.hook(HookKind::elected, 2);
    world.hook(HookKind::command, 3, world.one);
    world.hook(HookKind::added, 4);
    world.hook(HookKind::command, 4, world.two);
    world.hook(HookKind::query, 4, world.call(sim::CallKind::query));
    world.follow_up();
    world.run({NodeId(2), HookKind::command, Index(4), Term(2), true, world.two});
    world.run({NodeId(2), HookKind::elected, Index(5), Term(2), false, 0});
    EXPECT_QUIET(world);
}

TEST(Hooks, NeverOnAFollowerOrAfterTheLeadIsLost) {
    Hooked follower;
    follower.run({NodeId(2), HookKind::command, Index(3), Term(1), false, follower.one});
    EXPECT_FOUND(follower, "hooks");

    Hooked late;
    late.follow_up();
    EXPECT_QUIET(late);
    late.hook(HookKind::command, 3, late.one);
    EXPECT_FOUND(late, "hooks");
}

TEST(Hooks, InLogOrderAndOnce) {
    Hooked twice;
    twice.hook(HookKind::command, 3, twice.one);
    EXPECT_QUIET(twice);
    twice.hook(HookKind::command, 3, twice.one);
    EXPECT_FOUND(twice, "hooks");

    Hooked back;
    back.hook(HookKind::command, 4, back.two);
    back.hook(HookKind::removed, 3);
    EXPECT_FOUND(back, "hooks");
}

TEST(Hooks, AQuerysAfterThoseOfAllThatItSaw) {
    Hooked broken;
    broken.hook(HookKind::query, 3, broken.call(sim::CallKind::query));
    EXPECT_QUIET(broken);
    broken.hook(HookKind::command, 3, broken.one);
    EXPECT_FOUND(broken, "hooks");

    Hooked stale;
    stale.hook(HookKind::query, 4, stale.call(sim::CallKind::stale_query));
    EXPECT_FOUND(stale, "hooks");
}

TEST(Hooks, ReplaysAreMarked) {
    Hooked unmarked;
    unmarked.follow_up();
    unmarked.run({NodeId(2), HookKind::command, Index(3), Term(2), false, unmarked.one});
    EXPECT_FOUND(unmarked, "hooks");

    Hooked marked;
    marked.run({NodeId(1), HookKind::command, Index(3), Term(1), true, marked.one});
    EXPECT_FOUND(marked, "hooks");
}

TEST(Hooks, OfNoRetryAndOfNothingUncommitted) {
    Hooked retry;
    retry.hook(HookKind::command, 4, retry.one);
    EXPECT_FOUND(retry, "hooks");

    Hooked early;
    early.append(1);
    early.hook(HookKind::command, 5);
    EXPECT_FOUND(early, "hooks");
}

TEST(Hooks, ElectedOncePerLeadership) {
    Hooked world;
    world.hook(HookKind::elected, 2);
    EXPECT_QUIET(world);
    world.hook(HookKind::elected, 2);
    EXPECT_FOUND(world, "hooks");

    Hooked elsewhere;
    elsewhere.hook(HookKind::elected, 3);
    EXPECT_FOUND(elsewhere, "hooks");

    Hooked inherited;
    inherited.follow_up();
    inherited.run({NodeId(2), HookKind::elected, Index(5), Term(2), false, 0});
    EXPECT_QUIET(inherited);
    inherited.run({NodeId(2), HookKind::command, Index(4), Term(2), true, inherited.two});
    EXPECT_FOUND(inherited, "hooks");
}

TEST(Hooks, RestoredRightBeforeElectedAndOncePerStart) {
    Hooked legal;
    legal.hook(HookKind::restored, 2);
    legal.hook(HookKind::elected, 2);
    EXPECT_QUIET(legal);

    Hooked late;
    late.hook(HookKind::elected, 2);
    late.hook(HookKind::restored, 2);
    EXPECT_FOUND(late, "hooks");

    Hooked between;
    between.hook(HookKind::restored, 2);
    between.hook(HookKind::command, 3, between.one);
    EXPECT_FOUND(between, "hooks");

    Hooked twice;
    twice.hook(HookKind::restored, 2);
    twice.hook(HookKind::elected, 2);
    twice.elect(1, 3, {1, 3});
    twice.copy(1, 3);
    twice.commit(1, Index(5));
    EXPECT_QUIET(twice);
    twice.run({NodeId(1), HookKind::restored, Index(5), Term(3), false, 0});
    EXPECT_FOUND(twice, "hooks");
}

TEST(Hooks, OfEachAcknowledgedCommandAtLeastOnce) {
    const auto end = [](Hooked& world) {
        world.pass(seconds(1));
        world.onlooker().calm({core::Time(seconds(1)), {NodeId(1)}, seconds(1)});
        world.onlooker().ended({.at = core::Time(seconds(9)),
                                .fresh_write_ok = true,
                                .fresh_read_ok = true,
                                .leader_since = core::Time(seconds(2)),
                                .equal_since = core::Time(seconds(2))});
    };
    Hooked legal;
    legal.hook(HookKind::command, 3, legal.one);
    legal.hook(HookKind::command, 4, legal.two);
    end(legal);
    EXPECT_QUIET(legal);

    Hooked broken;
    broken.hook(HookKind::command, 4, broken.two);
    EXPECT_QUIET(broken);
    end(broken);
    EXPECT_FOUND(broken, "hooks");

    Hooked without_hooks;
    end(without_hooks);
    EXPECT_QUIET(without_hooks);
}

TEST(TermsOnTheWire, NobodySpeaksOfATermToCome) {
    Hooked world;
    world.send(2, 3, Term(2), core::VoteRequest{Index(4), Term(1), true, false});
    world.send(3, 2, Term(2), core::VoteReply{true, true});
    world.send(2, 1, Term(1), core::AppendReply{});
    EXPECT_QUIET(world);
    world.send(2, 1, Term(2), core::AppendReply{});
    EXPECT_FOUND(world, "terms on the wire");

    Hooked far;
    far.send(2, 3, Term(3), core::VoteRequest{Index(4), Term(1), true, false});
    EXPECT_FOUND(far, "terms on the wire");

    Hooked refused;
    refused.send(2, 3, Term(2), core::VoteReply{false, true});
    EXPECT_FOUND(refused, "terms on the wire");
}

TEST(TermsOnTheWire, LeadersWordsComeFromLeaders) {
    Hooked legal;
    legal.send(1, 2, Term(1), core::AppendRequest{});
    legal.follow_up();
    legal.send(1, 2, Term(1), core::TimeoutNow{});  // Of when it led.
    EXPECT_QUIET(legal);
    legal.send(1, 2, Term(2), core::TimeoutNow{});
    EXPECT_FOUND(legal, "terms on the wire");

    Hooked follower;
    follower.send(2, 3, Term(1), core::AppendRequest{});
    EXPECT_FOUND(follower, "terms on the wire");
}

TEST(TermsOnTheWire, InOnesOwnNameAndOfKnownCommits) {
    Hooked forged;
    forged.onlooker().sent(NodeId(2), {NodeId(3), NodeId(1), Term(1), core::AppendReply{}});
    EXPECT_FOUND(forged, "terms on the wire");

    Hooked ahead;
    core::AppendRequest request;
    request.commit = Index(4);
    ahead.send(1, 2, Term(1), request);
    EXPECT_QUIET(ahead);
    request.commit = Index(5);
    ahead.send(1, 2, Term(1), request);
    EXPECT_FOUND(ahead, "terms on the wire");
}

TEST(ResourceBounds, EachAgainstItsCap) {
    const auto judged = [](const auto& change) {
        Hooked world;
        sim::Load load;
        load.node = NodeId(1);
        load.config.max_command_bytes = 100'000;
        load.config.max_log_bytes = load.config.max_uncommitted_bytes = 1'000'000;
        load.config.max_inflight_bytes = 500'000;
        load.config.max_sessions = 10;
        change(load);
        world.onlooker().load(load);
        return world.wrong();
    };
    using Names = std::set<std::string>;
    const Names over = {"resource bounds"};
    EXPECT_EQ(judged([](sim::Load& load) { load.log_bytes = 2'100'000; }), Names());
    EXPECT_EQ(judged([](sim::Load& load) { load.log_bytes = 2'200'000; }), over);
    EXPECT_EQ(judged([](sim::Load& load) { load.uncommitted_bytes = 1'100'000; }), Names());
    EXPECT_EQ(judged([](sim::Load& load) { load.uncommitted_bytes = 1'200'000; }), over);
    EXPECT_EQ(judged([](sim::Load& load) { load.inflight_bytes = 700'000; }), Names());
    EXPECT_EQ(judged([](sim::Load& load) { load.inflight_bytes = 800'000; }), over);
    EXPECT_EQ(judged([](sim::Load& load) { load.sessions = 10; }), Names());
    EXPECT_EQ(judged([](sim::Load& load) { load.sessions = 11; }), over);
}

TEST(ResourceBounds, ASmallerCapTakesNothingBack) {
    Hooked world;
    sim::Load load;
    load.node = NodeId(1);
    load.config.max_sessions = 10;
    load.sessions = 8;
    world.onlooker().load(load);
    load.config.max_sessions = 5;
    world.onlooker().load(load);
    EXPECT_QUIET(world);
}

/// Calm begins at second 10; T is one second, the heartbeat interval 200 ms, three members.
struct Calmed : Hooked {
    sim::Ended end{.at = core::Time(seconds(60)),
                   .fresh_write_ok = true,
                   .fresh_read_ok = true,
                   .leader_since = core::Time(seconds(20)),
                   .equal_since = core::Time(seconds(40)),
                   .messages_per_second = 46};

    Calmed() {
        sim::Load load;
        load.node = NodeId(1);
        onlooker().load(load);
        onlooker().calm({core::Time(seconds(10)), {NodeId(1), NodeId(2)}, seconds(1)});
    }
    std::set<std::string> judged() {
        onlooker().ended(end);
        return wrong();
    }
};

TEST(Liveness, WithinTheBounds) {
    Calmed legal;
    EXPECT_EQ(legal.judged(), std::set<std::string>()) << legal.said();
}

TEST(Liveness, EachOfItsParts) {
    const auto judged = [](const auto& change) {
        Calmed world;
        change(world.end);
        return world.judged();
    };
    const std::set<std::string> over = {"liveness"};
    const core::Duration little = milliseconds(1);
    EXPECT_EQ(judged([](sim::Ended& end) { end.fresh_write_ok = false; }), over);
    EXPECT_EQ(judged([](sim::Ended& end) { end.fresh_read_ok = false; }), over);
    EXPECT_EQ(judged([](sim::Ended& end) { end.leader_since.reset(); }), over);
    EXPECT_EQ(judged([](sim::Ended& end) { end.equal_since.reset(); }), over);
    EXPECT_EQ(judged([&](sim::Ended& end) { *end.leader_since += little; }), over);
    EXPECT_EQ(judged([&](sim::Ended& end) { *end.equal_since += little; }), over);
    EXPECT_EQ(judged([](sim::Ended& end) { ++end.messages_per_second; }), over);
}

TEST(Liveness, NothingIsPromisedWithoutCalm) {
    Hooked world;
    world.onlooker().ended({});
    EXPECT_QUIET(world);
}

}  // namespace
}  // namespace rafted::test
