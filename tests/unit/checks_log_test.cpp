// The checkers of elections, logs and commits (src/sim/checks, 1 to 8): each finds a story that
// breaks what it stands for, and nobody complains of its legal neighbour.
#include <gtest/gtest.h>

#include "support/checks_stand.hpp"

namespace rafted::test {
namespace {

using core::EntryKind;

TEST(ChecksStand, AnOrdinaryLifeIsQuiet) {
    Led world;
    const auto operation = world.call();
    const Index place = world.append(1);
    world.sync(1);
    world.copy(1, 2);
    world.send(2, 1, Term(1), core::AppendReply{true, place, {}, {}, {}});
    world.commit(1, place);
    world.apply(1, place, operation);
    world.reply(operation, sim::Outcome::ok);
    world.commit(2, place);
    world.apply(2, place, operation);
    world.crash(1);
    world.elect(2, 2, {2, 3});
    world.copy(2, 3);
    world.commit(2, place + 1);
    world.restart(1);
    world.copy(2, 1);
    world.commit(1, place + 1);
    world.apply(1, place, operation);
    EXPECT_QUIET(world);
}

TEST(ElectionSafety, TwoLeadersInOneTerm) {
    Led legal;
    legal.elect(3, 2, {2, 3});
    EXPECT_QUIET(legal);

    Led broken;
    broken.lead(3, 1);
    EXPECT_FOUND(broken, "election safety");
}

TEST(ElectionSafety, OneThatLeadsTheSameTermTwiceIsOneLeader) {
    Led world;
    sim::StepReport away = world.at(1);
    away.role = Role::follower;
    world.tell(away);
    EXPECT_QUIET(world);
    world.lead(1, 1);
    EXPECT_FALSE(world.wrong().contains("election safety")) << world.said();
}

TEST(VoteSafety, AVoteIsNotChangedWithinATerm) {
    ChecksStand legal;
    legal.vote(3, 4, 1);
    legal.vote(3, 5, 2);
    EXPECT_QUIET(legal);

    ChecksStand broken;
    broken.vote(3, 4, 1);
    broken.vote(3, 4, 2);
    EXPECT_FOUND(broken, "vote safety");
}

TEST(VoteSafety, AVoteOutlivesARestart) {
    ChecksStand legal;
    legal.vote(3, 4, 1);
    legal.crash(3);
    legal.restart(3);
    EXPECT_QUIET(legal);

    ChecksStand broken;
    const auto founding = ChecksStand::mark(Index(1), Term(), 0, EntryKind::founding);
    broken.vote(3, 4, 1);
    broken.crash(3);
    broken.start(3, {founding}, {Term(4), NodeId(), {}});
    EXPECT_FOUND(broken, "vote safety");
}

TEST(VoteSafety, ADurableTermDoesNotGoBack) {
    ChecksStand broken;
    broken.vote(3, 4, 1);
    broken.onlooker().synced({.node = NodeId(3), .hard = core::HardState{Term(3), NodeId(), {}}});
    EXPECT_FOUND(broken, "vote safety");
}

TEST(MonotonicNumbers, CommitGoesBack) {
    Led legal;
    legal.commit(2, Index(1));
    legal.commit(2, Index(2));
    EXPECT_QUIET(legal);

    Led broken;
    broken.commit(2, Index(2));
    broken.commit(2, Index(1));
    EXPECT_FOUND(broken, "monotonic numbers");
}

TEST(MonotonicNumbers, AValueTakesWhatIsNotCommitted) {
    Led legal;
    legal.commit(2, Index(2));
    legal.apply(2, Index(2), 0);
    EXPECT_QUIET(legal);

    Led early;
    early.commit(2, Index(1));
    early.apply(2, Index(2), 0);
    EXPECT_FOUND(early, "monotonic numbers");

    Led twice;
    twice.commit(2, Index(2));
    twice.apply(2, Index(2), 0);
    twice.apply(2, Index(2), 0);
    EXPECT_FOUND(twice, "monotonic numbers");
}

TEST(LogMatching, TwoEntriesOfOneIndexAndTerm) {
    Led legal;
    legal.append(1);
    legal.copy(1, 3);
    EXPECT_QUIET(legal);

    Led broken;
    broken.append(1);
    broken.append(3);
    EXPECT_FOUND(broken, "log matching");
}

TEST(LogMatching, TheSameEntryAfterAnother) {
    // Node 2 keeps an entry of term 1 below one of term 2 that elsewhere follows another.
    Led broken;
    const Index mine = broken.append(1);
    broken.copy(1, 2);
    broken.vote(3, 2, 3);
    broken.vote(1, 2, 3);
    broken.lead(3, 2);
    sim::StepReport report = broken.at(3);
    const auto next = ChecksStand::mark(mine + 1, Term(2));
    report.appended = {next};
    broken.tell(report);
    EXPECT_QUIET(broken);
    report = broken.at(2);
    report.hard = {Term(2), NodeId(), {}};
    report.appended = {next};
    broken.tell(report);
    EXPECT_FOUND(broken, "log matching");
}

TEST(LogMatching, OfWhatIsReadBackFromDisk) {
    Led broken;
    broken.crash(3);
    broken.start(3,
                 {ChecksStand::mark(Index(1), Term(), 0, EntryKind::founding),
                  ChecksStand::mark(Index(2), Term(1), 99, EntryKind::elected)},
                 {Term(1), NodeId(), {}});
    EXPECT_FOUND(broken, "log matching");
}

TEST(LeaderAppendOnly, ALeaderTruncates) {
    Led legal;
    const Index mine = legal.append(1);
    legal.elect(3, 2, {2, 3});
    legal.copy(3, 1);  // It follows by now.
    EXPECT_QUIET(legal);

    Led broken;
    broken.append(1);
    sim::StepReport report = broken.at(1);
    report.truncated_from = mine;
    broken.tell(report);
    EXPECT_FOUND(broken, "leader append-only");
}

TEST(LeaderAppendOnly, HandingOutTheSameEntriesAgainTruncatesNothing) {
    Led legal;
    const Index mine = legal.append(1);
    sim::StepReport report = legal.at(1);
    report.truncated_from = mine;
    report.appended = {*legal.node(1).log.find(mine)};
    legal.tell(report);
    EXPECT_EQ(legal.node(1).log.last(), mine);
    EXPECT_QUIET(legal);

    report.appended = {ChecksStand::mark(mine, Term(1), 55)};
    legal.tell(report);
    EXPECT_FOUND(legal, "leader append-only");
}

TEST(LeaderCompleteness, ALeaderWithoutACommittedEntry) {
    Led legal;
    const Index place = legal.append(1);
    legal.sync(1);
    legal.copy(1, 2);
    legal.commit(1, place);
    legal.elect(2, 2, {2, 3});
    EXPECT_QUIET(legal);

    Led broken;
    broken.append(1);
    broken.sync(1);
    broken.copy(1, 2);
    broken.commit(1, place);
    broken.elect(3, 2, {2, 3});
    EXPECT_FOUND(broken, "leader completeness");
}

TEST(LeaderCompleteness, OneThatWinsLateNeedsNotHoldWhatALaterTermHasCommitted) {
    ChecksStand world;
    world.vote(2, 2, 3);
    world.vote(3, 2, 3);
    world.elect(1, 3, {1, 2});
    world.copy(1, 2);
    world.commit(1, Index(2));
    world.lead(3, 2);  // The last vote has been on its way all the time.
    EXPECT_QUIET(world);
}

TEST(CommittedIsImmutable, AnotherEntryAtACommittedIndex) {
    Led legal;
    legal.commit(3, Index(2));
    EXPECT_QUIET(legal);

    ChecksStand broken;
    broken.elect(1, 1, {1, 2});
    broken.copy(1, 2);
    broken.commit(1, Index(2));
    broken.elect(3, 2, {2, 3});
    broken.commit(3, Index(2));
    EXPECT_FOUND(broken, "committed is immutable");
}

TEST(CommittedIsImmutable, ACommittedEntryIsTruncated) {
    Led broken;
    broken.commit(3, Index(2));
    sim::StepReport report = broken.at(3);
    report.truncated_from = Index(2);
    report.appended = {ChecksStand::mark(Index(2), Term(2))};
    report.hard.term = Term(2);
    broken.tell(report);
    EXPECT_FOUND(broken, "committed is immutable");
}

TEST(CommitRule, OnTheDisksOfAMajority) {
    Led legal;
    const Index place = legal.append(1);
    legal.copy(1, 2);
    legal.copy(1, 3);
    legal.commit(1, place);  // Its own disk is not needed.
    EXPECT_QUIET(legal);

    Led broken;
    broken.append(1);
    broken.copy(1, 2);
    broken.commit(1, place);
    EXPECT_FOUND(broken, "commit rule");
}

TEST(CommitRule, ALearnersDiskDoesNotCount) {
    Led broken;
    broken.start(4, {});
    broken.change(1, ChecksStand::members({1, 2, 3}, {4}));
    const Index place = broken.append(1);
    broken.sync(1);
    broken.copy(1, 4);
    EXPECT_QUIET(broken);
    broken.commit(1, place);
    EXPECT_FOUND(broken, "commit rule");
}

TEST(CommitRule, OnlyEntriesOfItsOwnTermAreCounted) {
    ChecksStand legal;
    legal.elect(1, 1, {1, 2});
    const Index old = legal.append(1);
    legal.sync(1);
    legal.elect(1, 2, {1, 2});
    legal.copy(1, 2);
    legal.commit(1, old + 1);
    EXPECT_QUIET(legal);

    ChecksStand broken;
    broken.elect(1, 1, {1, 2});
    broken.append(1);
    broken.sync(1);
    broken.elect(1, 2, {1, 2});
    broken.copy(1, 2);
    broken.commit(1, old);
    EXPECT_FOUND(broken, "commit rule");
}

TEST(CommitRule, WhatADamagedDiskHeldCountsByWhatItStillPromises) {
    Led world;
    const Index place = world.append(1);
    world.sync(1);
    world.copy(1, 2);
    world.crash(2);
    sim::StartReport start;
    start.node = NodeId(2);
    start.group = GroupId(1);
    start.hard = {Term(1), NodeId(1), {}, {Term(1), place}};
    start.disk_was_harmed = true;
    world.onlooker().started(start);
    world.commit(1, place);  // What it said when it had it came late.
    EXPECT_QUIET(world);
    world.append(1);
    world.sync(1);
    world.commit(1, place + 1);
    EXPECT_FOUND(world, "commit rule");
}

TEST(CommitRule, WhatANodeWithoutADiskHeldCountsAfterItsEnd) {
    ChecksStand world(0);
    sim::StartReport start;
    start.is_durable = false;
    start.entries = {ChecksStand::mark(Index(1), Term(), 0, EntryKind::founding)};
    start.members = ChecksStand::members({1, 2, 3});
    start.members_at = Index(1);
    for (unsigned n = 1; n <= 3; ++n) {
        start.node = NodeId(n);
        world.onlooker().started(start);
    }
    world.elect(1, 1, {1, 2});
    world.copy(1, 2);
    world.onlooker().destroyed(NodeId(2));
    world.commit(1, Index(2));
    EXPECT_QUIET(world);
    world.commit(1, world.append(1));
    EXPECT_FOUND(world, "commit rule");
}

}  // namespace
}  // namespace rafted::test
