// The checkers of values and clients (src/sim/checks, 9 and 15 to 19), and what a forced recovery
// leaves of their memory: each finds a story that breaks what it stands for, and nobody complains
// of its legal neighbour.
#include <gtest/gtest.h>

#include "support/checks_stand.hpp"

namespace rafted::test {
namespace {

using core::EntryKind;
using sim::CallKind;
using sim::Outcome;

/// Node 1 leads in term 1; its first entry, at index 2, stands on all three and is committed.
struct Served : ChecksStand {
    Served() {
        elect(1, 1, {1, 2});
        copy(1, 2);
        copy(1, 3);
        commit(1, Index(2));
    }
    /// One more command is committed; no value has taken it yet.
    Index committed(unsigned n = 1) {
        const Index place = append(n);
        sync(n);
        for (const unsigned other : {1U, 2U, 3U}) {
            if (other != n) copy(n, other);
        }
        for (const unsigned each : {1U, 2U, 3U}) commit(each, place);
        return place;
    }
    sim::Applied fact_of(unsigned n, Index index, std::uint64_t operation) const {
        return {NodeId(n),
                index,
                node(n).log.term_at(index).value(),
                operation,
                result_of(operation),
                index.value * 17};
    }
    /// A received snapshot that ends there is in place; what the log holds behind it stays.
    void restore(unsigned n, Index covered) {
        sim::StepReport report = at(n);
        report.restored = core::SnapshotMeta{covered, Term(1), {}, {}, {}};
        report.kept_log_after_restored = true;
        report.snapshot = covered;
        report.first = covered + 1;
        tell(report);
    }
    void query(unsigned n, Index index, std::uint64_t operation, bool is_stale = false) {
        onlooker().queried({NodeId(n), index, operation, is_stale, result_of(operation)});
    }
};

TEST(StateMachineSafety, EqualIndexesEqualStates) {
    Served legal;
    const auto operation = legal.call();
    const Index place = legal.committed();
    legal.apply(1, place, operation);
    legal.apply(2, place, operation);
    EXPECT_QUIET(legal);

    sim::Applied fact = legal.fact_of(3, place, operation);
    fact.state = 5;
    legal.onlooker().applied(fact);
    EXPECT_FOUND(legal, "state machine safety");
}

TEST(StateMachineSafety, EqualIndexesEqualOperations) {
    Served broken;
    const auto one = broken.call();
    const auto two = broken.call();
    const Index place = broken.committed();
    broken.apply(1, place, one);
    broken.apply(2, place, two);
    EXPECT_FOUND(broken, "state machine safety");
}

TEST(StateMachineSafety, SnapshotsOfOneIndexAreEqual) {
    Served world;
    sim::Snapshotted fact;
    fact.node = NodeId(1);
    fact.meta = {Index(2), Term(1), {}, ChecksStand::members({1, 2, 3}), {}};
    fact.checksum = 77;
    world.onlooker().snapshotted(fact);
    fact.node = NodeId(2);
    world.onlooker().snapshotted(fact);
    EXPECT_QUIET(world);
    fact.checksum = 78;
    world.onlooker().snapshotted(fact);
    EXPECT_FOUND(world, "state machine safety");
}

TEST(Linearizability, ACommandStandsAfterWhatWasAnsweredBeforeIt) {
    Served broken;
    const auto early = broken.call();
    const auto first = broken.call();
    const Index one = broken.committed();
    const Index two = broken.committed();
    broken.apply(1, two, first);
    broken.reply(first, Outcome::ok);
    broken.apply(2, one, early);  // Called before the answer: it may stand before.
    EXPECT_FALSE(broken.wrong().contains("linearizability")) << broken.said();
    const auto late = broken.call();
    broken.apply(3, one, late);
    EXPECT_FOUND(broken, "linearizability");
}

TEST(Linearizability, AnAnswerIsWhatTheValueGave) {
    Served legal;
    const auto operation = legal.call();
    legal.apply(1, legal.committed(), operation);
    legal.reply(operation, Outcome::ok);
    EXPECT_QUIET(legal);

    Served broken;
    const auto other = broken.call();
    broken.apply(1, broken.committed(), other);
    broken.onlooker().replied({other, Outcome::ok, 4711, {}});
    EXPECT_FOUND(broken, "linearizability");
}

TEST(Linearizability, AQuerysAnswerIsWhatAValueGave) {
    Served world;
    const auto query = world.call(CallKind::query);
    world.query(1, Index(2), query);
    world.onlooker().replied({query, Outcome::ok, 4711, {}});
    EXPECT_FOUND(world, "linearizability");
}

TEST(ExactlyOnce, ARetryRunsAgain) {
    Served legal;
    const auto operation = legal.call();
    const Index one = legal.committed();
    const Index two = legal.committed();
    for (const unsigned n : {1U, 2U, 3U}) legal.apply(n, one, operation);
    EXPECT_QUIET(legal);
    legal.apply(1, two, operation);
    EXPECT_FOUND(legal, "exactly once");
}

TEST(ExactlyOnce, AnotherResultElsewhere) {
    Served broken;
    const auto operation = broken.call();
    const Index place = broken.committed();
    broken.apply(1, place, operation);
    sim::Applied fact = broken.fact_of(2, place, operation);
    fact.result = 3;
    broken.onlooker().applied(fact);
    EXPECT_FOUND(broken, "exactly once");
}

TEST(ExactlyOnce, NobodyCalledIt) {
    Served broken;
    broken.apply(1, broken.committed(), 99);
    EXPECT_FOUND(broken, "exactly once");
}

TEST(ClientTruth, NoMeansNever) {
    Served legal;
    const auto refused = legal.call();
    legal.reply(refused, Outcome::no);
    const auto unknown = legal.call();
    legal.reply(unknown, Outcome::unknown);
    const Index place = legal.committed();
    legal.apply(1, place, unknown);
    EXPECT_QUIET(legal);

    Served after;
    const auto lie = after.call();
    after.reply(lie, Outcome::no);
    after.apply(1, after.committed(), lie);
    EXPECT_FOUND(after, "client truth");

    Served before;
    const auto other = before.call();
    before.apply(1, before.committed(), other);
    before.reply(other, Outcome::no);
    EXPECT_FOUND(before, "client truth");
}

TEST(ClientTruth, OkMeansThatItHasHappened) {
    Served broken;
    broken.reply(broken.call(), Outcome::ok);
    EXPECT_FOUND(broken, "client truth");
}

TEST(ClientTruth, OkIsStillThereAtTheEnd) {
    Served world;
    const auto operation = world.call();
    const Index place = world.append(1);
    world.sync(1);
    world.copy(1, 2);
    world.commit(1, place);
    world.apply(1, place, operation);
    world.reply(operation, Outcome::ok);
    world.onlooker().ended({});
    EXPECT_QUIET(world);
    world.crash(1);
    world.onlooker().ended({});
    EXPECT_FOUND(world, "client truth");
}

TEST(ReadFloor, AReadSeesWhatWasAnsweredBeforeIt) {
    Served world;
    const auto before = world.call(CallKind::query);
    const auto command = world.call();
    const Index place = world.committed();
    world.apply(1, place, command);
    world.reply(command, Outcome::ok);
    const auto fresh = world.call(CallKind::query);
    const auto stale = world.call(CallKind::stale_query);
    world.query(2, Index(2), before);
    world.query(2, Index(2), stale, true);
    world.query(1, place, fresh);
    EXPECT_QUIET(world);
    world.query(2, Index(2), fresh);
    EXPECT_FOUND(world, "read floor");
}

TEST(ReadFloor, AReadSeesWhatAReadHasSeen) {
    Served world;
    const Index place = world.committed();
    world.apply(1, place, world.call());  // Its client still waits.
    const auto first = world.call(CallKind::query);
    world.query(1, place, first);
    world.reply(first, Outcome::ok);
    const auto second = world.call(CallKind::query);
    EXPECT_QUIET(world);
    world.query(2, Index(2), second);
    EXPECT_FOUND(world, "read floor");
}

TEST(ReadFloor, ClocksBeyondTheMarginAreTold) {
    Served world;
    world.onlooker().clocks_off();
    const auto command = world.call();
    world.apply(1, world.committed(), command);
    world.reply(command, Outcome::ok);
    world.query(2, Index(2), world.call(CallKind::query));
    EXPECT_QUIET(world);
}

TEST(PredecessorChain, NothingIsLeftOut) {
    Served world;
    const auto one = world.call();
    const auto two = world.call();
    const Index first = world.committed();
    const Index second = world.committed();
    world.apply(1, first, one);
    world.apply(1, second, two);
    world.apply(2, first, one);
    world.apply(2, second, two);
    EXPECT_QUIET(world);
    world.apply(3, second, two);
    EXPECT_FOUND(world, "predecessor chain");
}

TEST(PredecessorChain, ASnapshotCoversWhatWasBefore) {
    const auto story = [](Served& world, Index covered) {
        const auto one = world.call();
        const auto two = world.call();
        const Index first = world.committed();
        const Index second = world.committed();
        world.apply(1, first, one);
        world.apply(1, second, two);
        world.restore(3, covered);
        world.apply(3, second, two);
    };
    Served legal;
    story(legal, Index(3));
    EXPECT_QUIET(legal);

    Served broken;
    story(broken, Index(2));
    EXPECT_FOUND(broken, "predecessor chain");
}

/// Commands stand at 3 to 6. The value of 3 is slow: a second snapshot is in place before it has
/// taken any command behind the first, and it still takes what was handed out between the two.
struct RestoredTwice : Served {
    std::vector<std::uint64_t> operations;

    explicit RestoredTwice(Index covered_first) {
        for (int i = 0; i < 4; ++i) {
            operations.push_back(call());
            apply(1, committed(), operations.back());
        }
        restore(3, covered_first);
        restore(3, Index(5));
    }
    void take(unsigned index) {
        // Its own log has let go of what the second snapshot covers.
        sim::Applied fact = fact_of(1, Index(index), operations.at(index - 3));
        fact.node = NodeId(3);
        onlooker().applied(fact);
    }
};

TEST(PredecessorChain, ASlowValueTakesWhatCameBetweenTwoSnapshots) {
    RestoredTwice legal(Index(3));
    legal.take(4);
    legal.take(5);
    legal.take(6);
    EXPECT_QUIET(legal);

    RestoredTwice covered_at_once(Index(3));
    covered_at_once.take(6);
    EXPECT_QUIET(covered_at_once);
}

TEST(PredecessorChain, ALaterSnapshotCoversNothingForWhatIsTakenBeforeIt) {
    RestoredTwice first_is_too_old(Index(2));
    first_is_too_old.take(4);
    EXPECT_FOUND(first_is_too_old, "predecessor chain");

    RestoredTwice left_out(Index(2));
    left_out.take(3);
    EXPECT_QUIET(left_out);
    left_out.take(5);
    EXPECT_FOUND(left_out, "predecessor chain");
}

TEST(Ledger, KnowsOperationsByAnyId) {
    sim::Ledger ledger;
    for (const std::uint64_t id : {std::uint64_t{7}, std::uint64_t{1} << 40U}) {
        EXPECT_EQ(ledger.find(id), nullptr);
        ledger.called({.operation = id, .client = 3});
        ledger.called({.operation = id, .client = 4});
        ASSERT_NE(ledger.find(id), nullptr);
        EXPECT_EQ(ledger.find(id)->client, 3U);
    }
    EXPECT_EQ(ledger.find(6), nullptr);
    EXPECT_EQ(ledger.find((std::uint64_t{1} << 40U) + 1), nullptr);
    EXPECT_EQ(ledger.all().size(), 2U);
}

/// Command one stands on all nodes, command two on 1 and 2 alone; 3 goes on by itself.
struct RecoveredAlone : Served {
    std::uint64_t one = call();
    std::uint64_t two = call();
    Index first = committed();
    Index second;

    RecoveredAlone() {
        second = append(1);
        sync(1);
        copy(1, 2);
        commit(1, second);
        apply(1, first, one);
        reply(one, Outcome::ok);
        apply(1, second, two);
        for (const unsigned n : {1U, 2U, 3U}) crash(n);
        onlooker().recovered(NodeId(3), GroupId(9), first);
        sim::StartReport start;
        start.node = NodeId(3);
        start.group = GroupId(9);
        start.hard = node(3).disk_hard;
        for (Index i = Index(1); i <= first; ++i) {
            start.entries.push_back(*node(3).disk_log.find(i));
        }
        start.entries.push_back(mark(first + 1, Term(1), 3, EntryKind::members));
        start.members = members({3});
        start.members_at = first + 1;
        onlooker().started(start);
        elect(3, 2, {3});
        commit(3, first + 2);
    }
};

TEST(ForcedRecovery, WhatOnlyOthersHadIsForgotten) {
    RecoveredAlone world;
    EXPECT_EQ(world.onlooker().ledger().floor(), world.first);
    world.reply(world.two, Outcome::ok);  // Its answer was under way all the time.
    const auto query = world.call(CallKind::query);
    world.apply(3, world.first, world.one);
    world.query(3, world.first, query);
    world.reply(query, Outcome::ok);
    world.onlooker().ended({});
    EXPECT_QUIET(world);
}

TEST(ForcedRecovery, WhatLivesOnIsStillBinding) {
    RecoveredAlone world;
    world.query(3, world.first - 1, world.call(CallKind::query));
    EXPECT_FOUND(world, "read floor");

    RecoveredAlone twice;
    twice.apply(3, twice.first + 1, twice.one);
    EXPECT_FOUND(twice, "exactly once");
}

/// Node 1 brings a list that nobody has committed when 3, which holds it, goes on alone.
struct RecoveredWithAList : ChecksStand {
    Index list;

    RecoveredWithAList() {
        elect(1, 1, {1, 2, 3});
        const Index first = Index(2);
        sync(1);
        for (const unsigned n : {2U, 3U}) copy(1, n);
        commit(1, first);
        list = change(1, members({1, 2, 3}, {4}));
        sync(1);
        copy(1, 3);
        for (const unsigned n : {1U, 2U, 3U}) crash(n);
        onlooker().recovered(NodeId(3), GroupId(9), list);
        sim::StartReport start;
        start.node = NodeId(3);
        start.group = GroupId(9);
        start.hard = node(3).disk_hard;
        for (Index i = Index(1); i <= list; ++i) {
            start.entries.push_back(*node(3).disk_log.find(i));
        }
        start.entries.push_back(mark(list + 1, Term(1), 3, core::EntryKind::members));
        start.members = members({3});
        start.members_at = list + 1;
        onlooker().started(start);
        elect(3, 2, {3});
        commit(3, list + 2);
    }
    void snapshot(Index index, const core::Members& members) {
        onlooker().snapshotted({NodeId(3), {index, Term(1), {}, members, {}}, 0});
    }
};

TEST(ForcedRecovery, AListThatWasNeverCommittedLivesOnWithItsSurvivor) {
    RecoveredWithAList world;
    world.snapshot(world.list - 1, ChecksStand::members({1, 2, 3}));
    world.snapshot(world.list, ChecksStand::members({1, 2, 3}, {4}));
    world.snapshot(world.list + 1, ChecksStand::members({3}));
    EXPECT_QUIET(world);

    RecoveredWithAList broken;
    broken.snapshot(broken.list, ChecksStand::members({1, 2, 3}));
    EXPECT_FOUND(broken, "configuration safety");
}

TEST(ForcedRecovery, NobodyAnswersForTheOldIncarnation) {
    RecoveredAlone world;
    world.restart(1);
    world.restart(2);
    world.elect(1, 2, {1, 2});
    world.copy(1, 2);
    world.commit(1, world.second + 1);
    const auto astray = world.call();
    world.apply(1, world.second + 1, astray);
    world.reply(astray, Outcome::ok);
    EXPECT_QUIET(world);
    EXPECT_TRUE(world.onlooker().ledger().find(astray)->is_lost);
}

}  // namespace
}  // namespace rafted::test
