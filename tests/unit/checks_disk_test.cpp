// The checkers of disks, pointers, lists and leases (src/sim/checks, 10 to 14): each finds a story
// that breaks what it stands for, and nobody complains of its legal neighbour.
#include <gtest/gtest.h>

#include "support/checks_stand.hpp"

namespace rafted::test {
namespace {

using core::EntryKind;

TEST(Durability, EntriesOfTheDiskAreThereAfterACrash) {
    Led legal;
    legal.append(1);
    legal.crash(1);  // What was appended had not been synced.
    legal.restart(1);
    EXPECT_QUIET(legal);

    Led broken;
    broken.crash(1);
    broken.start(1, {founding()}, {Term(1), NodeId(1), {}});
    EXPECT_FOUND(broken, "durability");
}

TEST(Durability, AHarmedDiskMayKnowLess) {
    Led world;
    world.crash(1);
    sim::StartReport start;
    start.node = NodeId(1);
    start.group = GroupId(1);
    start.disk_was_harmed = true;
    start.hard = {Term(1), NodeId(1), {}};
    start.entries = {founding()};
    start.members = ChecksStand::members({1, 2, 3});
    start.members_at = Index(1);
    world.onlooker().started(start);
    EXPECT_QUIET(world);
}

TEST(Durability, ATruncationUnderWayMayHaveComeThrough) {
    Led world;
    world.append(1);
    world.copy(1, 3);
    world.elect(2, 2, {1, 2});
    sim::StepReport report = world.at(3);
    report.hard = {Term(2), NodeId(), {}};
    report.truncated_from = Index(3);
    report.appended = {*world.node(2).log.find(Index(3))};
    world.tell(report);
    EXPECT_EQ(world.node(3).cut_pending, Index(3));
    world.crash(3);
    world.start(3, {founding(), *world.node(1).log.find(Index(2))}, {Term(2), NodeId(), {}});
    EXPECT_QUIET(world);
    world.copy(2, 3);
    EXPECT_EQ(world.node(3).cut_pending, std::nullopt);
    world.crash(3);
    world.start(3, {founding(), *world.node(1).log.find(Index(2))}, {Term(2), NodeId(), {}});
    EXPECT_FOUND(world, "durability");
}

/// A snapshot on its way to the disk contradicts the log from its last entry on, or agrees with it.
void start_within_an_installation(Led& world, Term term) {
    world.append(1);
    world.append(1);
    world.copy(1, 3);
    sim::StepReport report = world.at(3);
    report.installing.emplace();
    report.installing->index = Index(3);
    report.installing->term = term;
    world.tell(report);
    world.crash(3);
    world.start(3,
                {founding(), *world.node(1).log.find(Index(2)), *world.node(1).log.find(Index(3))},
                {Term(1), NodeId(1), {}});
}

TEST(Durability, ASnapshotUnderWayMayHaveEndedTheLogItContradicts) {
    Led contradicts;
    start_within_an_installation(contradicts, Term(2));
    EXPECT_QUIET(contradicts);
    Led agrees;
    start_within_an_installation(agrees, Term(1));
    EXPECT_FOUND(agrees, "durability");
}

TEST(Durability, AVoteIsPromisedWhenItIsOnDisk) {
    ChecksStand legal;
    legal.vote(2, 1, 1);
    legal.send(2, 1, Term(1), core::VoteReply{true, false});
    EXPECT_QUIET(legal);

    ChecksStand broken;
    sim::StepReport report = broken.at(2);
    report.hard = {Term(1), NodeId(1), {}};
    broken.tell(report);
    broken.send(2, 1, Term(1), core::VoteReply{false, false});
    EXPECT_QUIET(broken);
    broken.send(2, 1, Term(1), core::VoteReply{true, false});
    EXPECT_FOUND(broken, "durability");
}

TEST(Durability, ACandidateHasItsOwnVoteOnDisk) {
    ChecksStand broken;
    sim::StepReport report = broken.at(2);
    report.hard = {Term(1), NodeId(2), {}};
    report.role = Role::candidate;
    broken.tell(report);
    broken.send(2, 1, Term(1), core::VoteRequest{Index(1), Term(), true, false});
    EXPECT_QUIET(broken);
    broken.send(2, 1, Term(1), core::VoteRequest{Index(1), Term(), false, false});
    EXPECT_FOUND(broken, "durability");
}

TEST(Durability, AnAppendIsAcknowledgedWhenItIsOnDisk) {
    Led broken;
    broken.send(2, 1, Term(1), core::AppendReply{true, Index(2), {}, {}, {}});
    EXPECT_QUIET(broken);
    sim::StepReport report = broken.at(2);
    report.appended = {ChecksStand::mark(Index(3), Term(1))};
    broken.tell(report);
    broken.send(2, 1, Term(1), core::AppendReply{false, Index(3), {}, {}, {}});
    EXPECT_QUIET(broken);
    broken.send(2, 1, Term(1), core::AppendReply{true, Index(3), {}, {}, {}});
    EXPECT_FOUND(broken, "durability");
}

TEST(Durability, OneThatWasRemovedIsBoundByItsVoteAlone) {
    Led world;
    sim::StepReport report = world.at(3);
    report.role = Role::removed;
    world.tell(report);
    world.crash(3);
    world.start(3, {}, world.node(3).disk_hard);
    EXPECT_QUIET(world);
}

TEST(OrderOfPointers, InMemory) {
    Led legal;
    sim::StepReport report = legal.at(1);
    report.applied = report.snapshot = Index(2);
    report.first = Index(3);
    legal.tell(report);
    EXPECT_QUIET(legal);

    Led ahead;
    report = ahead.at(1);
    report.snapshot = Index(1);
    report.applied = Index();
    ahead.tell(report);
    EXPECT_FOUND(ahead, "order of pointers");

    Led beyond;
    report = beyond.at(3);
    report.commit = Index(9);
    beyond.tell(report);
    EXPECT_FOUND(beyond, "order of pointers");
}

TEST(OrderOfPointers, ALogWithAGap) {
    Led broken;
    sim::StepReport report = broken.at(3);
    report.appended = {ChecksStand::mark(Index(4), Term(1))};
    broken.tell(report);
    EXPECT_FOUND(broken, "order of pointers");

    Led on_disk;
    sim::SyncReport sync;
    sync.node = NodeId(3);
    sync.appended = {ChecksStand::mark(Index(4), Term(1))};
    on_disk.onlooker().synced(sync);
    EXPECT_FOUND(on_disk, "order of pointers");
}

TEST(OrderOfPointers, ADiskLetsGoOfWhatItsSnapshotCoversAlone) {
    Led world;
    sim::SyncReport sync;
    sync.node = NodeId(3);
    sync.saved = core::SnapshotMeta{Index(2), Term(1), {}, {}, {}};
    sync.compact_below = Index(3);
    world.onlooker().synced(sync);
    EXPECT_QUIET(world);
    sync.node = NodeId(2);
    sync.saved->index = Index(1);
    world.onlooker().synced(sync);
    EXPECT_FOUND(world, "order of pointers");
}

TEST(OrderOfPointers, ALogThatBeginsBelowItsSnapshot) {
    Led world;
    world.crash(3);
    sim::StartReport start;
    start.node = NodeId(3);
    start.group = GroupId(1);
    start.hard = {Term(1), NodeId(), {}};
    start.snapshot = core::SnapshotMeta{Index(2), Term(1), {}, {}, {}};
    start.base = Index(1);
    start.entries = {founding(), *world.node(1).log.find(Index(2))};
    world.onlooker().started(start);
    EXPECT_EQ(world.node(3).log.last(), Index(2));
    EXPECT_QUIET(world);
}

TEST(OrderOfPointers, ASnapshotTakesThePlaceOfALogThatLacksItsLastEntry) {
    Led world;
    world.commit(1, world.append(1));
    sim::StepReport report = world.at(3);
    report.restored = core::SnapshotMeta{Index(3), Term(1), {}, {}, {}};
    report.kept_log_after_restored = true;  // It has more by now, but of this very step.
    report.appended = {ChecksStand::mark(Index(4), Term(1))};
    report.first = Index(4);
    report.snapshot = report.applied = report.commit = Index(3);
    world.tell(report);
    EXPECT_EQ(world.node(3).log.base(), Index(3));
    EXPECT_FALSE(world.wrong().contains("order of pointers")) << world.said();
}

TEST(ConfigurationSafety, OneMemberAtATime) {
    Led legal;
    const Index first = legal.change(1, ChecksStand::members({1, 2, 3, 4}));
    legal.sync(1);
    legal.copy(1, 2);
    legal.copy(1, 3);
    legal.commit(1, first);
    legal.change(1, ChecksStand::members({1, 2, 3, 4, 5}));
    EXPECT_QUIET(legal);

    Led broken;
    broken.change(1, ChecksStand::members({1, 2, 3, 4, 5}));
    EXPECT_FOUND(broken, "configuration safety");
}

TEST(ConfigurationSafety, NoChangeWhileAnotherIsOpen) {
    Led broken;
    broken.change(1, ChecksStand::members({1, 2, 3}, {4}));
    EXPECT_QUIET(broken);
    broken.change(1, ChecksStand::members({1, 2, 3, 4}));
    EXPECT_FOUND(broken, "configuration safety");
}

TEST(ConfigurationSafety, NoChangeBeforeAnEntryOfItsOwnTermIsCommitted) {
    Led broken;
    broken.elect(2, 2, {2, 3});
    EXPECT_QUIET(broken);
    broken.change(2, ChecksStand::members({1, 2, 3}, {4}));
    EXPECT_FOUND(broken, "configuration safety");
}

TEST(ConfigurationSafety, AListThatMissesTheCommittedOne) {
    // Both changes are of one member each; between them nothing was committed.
    Led broken;
    broken.change(1, ChecksStand::members({1, 2}));
    EXPECT_QUIET(broken);
    broken.change(1, ChecksStand::members({1}));
    EXPECT_NE(broken.said().find("of the list committed last"), std::string::npos);
}

/// Four voters; node 1 leads in term 1, and its first entry, at index 2, is committed.
struct LedByFour : ChecksStand {
    LedByFour() : ChecksStand(4) {
        elect(1, 1, {1, 2, 3});
        for (const unsigned n : {2U, 3U, 4U}) copy(1, n);
        commit(1, Index(2));
    }
    /// By node 2: an entry of term 2, and a list after it, both committed.
    void go_on_in_term_2(const core::Members& list) {
        elect(2, 2, {2, 3, 4});
        commit_by_others(Index(3));
        commit_by_others(change(2, list));
    }
    void commit_by_others(Index index) {
        sync(2);
        copy(2, 3);
        copy(2, 4);
        commit(2, index);
    }
};

TEST(ConfigurationSafety, AnOutvotedLeadersListNeedNotMeetWhatWasCommittedSince) {
    LedByFour world;
    world.go_on_in_term_2(ChecksStand::members({1, 2, 3, 4, 5}));
    world.append(1);  // It stood still and has not heard of it. Its log becomes the longer one.
    world.append(1);
    world.change(1, ChecksStand::members({1, 3, 4}));
    EXPECT_EQ(world.node(1).members_at, Index(5));
    EXPECT_QUIET(world);
}

TEST(ConfigurationSafety, AnOutvotedLeadersListIsVoid) {
    LedByFour broken;
    broken.elect(2, 2, {2, 4});  // Half is not a majority: the other half goes on in term 1.
    broken.copy(2, 4);
    broken.commit(2, Index(3));
    EXPECT_FALSE(broken.wrong().contains("configuration safety")) << broken.said();
    broken.change(1, ChecksStand::members({1, 3, 4}));
    EXPECT_NE(broken.said().find("can still commit in term 1"), std::string::npos) << broken.said();
}

TEST(ConfigurationSafety, AListOfBeforeThatMissesWhatAnEarlierTermHasCommitted) {
    LedByFour broken;
    broken.change(1, ChecksStand::members({1, 2, 3, 4, 5}));
    broken.sync(1);
    broken.go_on_in_term_2(ChecksStand::members({2, 3, 4}));
    EXPECT_QUIET(broken);
    broken.elect(1, 3, {1, 4});
    EXPECT_NE(broken.said().find("of the list committed last"), std::string::npos) << broken.said();
}

TEST(ConfigurationSafety, AnOutvotedLeaderGoesByWhatItFindsCommittedLater) {
    ChecksStand world(5);
    world.elect(1, 1, {1, 2, 3});
    for (const unsigned n : {2U, 3U, 4U, 5U}) world.copy(1, n);
    world.commit(1, Index(2));
    const Index removal = world.change(1, ChecksStand::members({1, 2, 3, 4}));
    world.sync(1);
    for (const unsigned n : {2U, 3U, 4U}) world.copy(1, n);
    world.elect(2, 2, {2, 3, 4});  // It commits the removal, with an entry of its own.
    world.sync(2);
    for (const unsigned n : {3U, 4U}) world.copy(2, n);
    world.commit(2, Index(4));
    world.commit(1, removal);  // What was acknowledged to the first one came late.
    world.change(1, ChecksStand::members({1, 2, 3, 4, 6}));
    EXPECT_QUIET(world);
}

TEST(ConfigurationSafety, OneEntryIsOneList) {
    Led broken;
    broken.change(1, ChecksStand::members({1, 2, 3, 4}));
    broken.copy(1, 2);
    EXPECT_QUIET(broken);
    sim::StepReport report = broken.at(3);
    report.appended = {*broken.node(1).log.find(Index(3))};
    report.members = ChecksStand::members({1, 2, 3, 5});
    report.members_at = Index(3);
    broken.tell(report);
    EXPECT_FOUND(broken, "configuration safety");
}

TEST(ConfigurationSafety, ASnapshotHasTheListOfItsIndex) {
    Led world;
    const Index place = world.change(1, ChecksStand::members({1, 2, 3, 4}));
    world.sync(1);
    world.copy(1, 2);
    world.copy(1, 3);
    world.commit(1, place);
    sim::Snapshotted fact;
    fact.node = NodeId(1);
    fact.meta = {Index(2), Term(1), {}, ChecksStand::members({1, 2, 3}), {}};
    world.onlooker().snapshotted(fact);
    fact.meta = {place, Term(1), {}, ChecksStand::members({1, 2, 3, 4}), {}};
    world.onlooker().snapshotted(fact);
    EXPECT_QUIET(world);
    fact.meta = {place + 1, Term(1), {}, ChecksStand::members({1, 2, 3}), {}};
    world.onlooker().snapshotted(fact);
    EXPECT_FOUND(world, "configuration safety");
}

TEST(ConfigurationSafety, ARemovalByForceIsOutsideOfIt) {
    Led world;
    sim::StepReport report = world.at(1);
    report.hard.forced_out = {NodeId(2), NodeId(3)};
    report.members = ChecksStand::members({1});
    world.tell(report);
    world.elect(1, 2, {1});
    EXPECT_QUIET(world);
}

TEST(OnlyVotersCount, AMajorityHasVoted) {
    ChecksStand legal;
    legal.elect(1, 1, {1, 3});
    EXPECT_QUIET(legal);

    ChecksStand alone;
    alone.elect(1, 1, {1});
    EXPECT_FOUND(alone, "only voters count");

    ChecksStand with_an_old_vote;
    with_an_old_vote.vote(2, 1, 1);
    with_an_old_vote.elect(1, 2, {1});
    EXPECT_FOUND(with_an_old_vote, "only voters count");
}

TEST(OnlyVotersCount, AVoteCountsWhenItIsOnDisk) {
    ChecksStand broken;
    broken.vote(1, 1, 1);
    sim::StepReport report = broken.at(2);
    report.hard = {Term(1), NodeId(1), {}};
    broken.tell(report);
    broken.lead(1, 1);
    EXPECT_FOUND(broken, "only voters count");
}

TEST(OnlyVotersCount, AVoteThatIsSaidWithALaterOneOnDiskCounts) {
    for (const bool says_so : {true, false}) {
        Led world;
        world.vote(2, 2, 2);
        world.vote(3, 3, 1);  // In one step it has voted in term 2, too.
        if (says_so) world.send(3, 2, Term(2), core::VoteReply{true, false});
        world.lead(2, 2);
        EXPECT_EQ(world.wrong().contains("only voters count"), !says_so) << world.said();
    }
}

TEST(OnlyVotersCount, NoVoteCountsForTwo) {
    Led world;
    world.vote(2, 2, 2);
    world.vote(3, 3, 1);
    world.send(3, 1, Term(2), core::VoteReply{true, false});
    world.send(3, 2, Term(2), core::VoteReply{true, false});
    world.lead(2, 2);
    EXPECT_FOUND(world, "only voters count");
}

TEST(OnlyVotersCount, ALearnersVoteDoesNot) {
    Led broken;
    broken.start(4, {});
    const Index place = broken.change(1, ChecksStand::members({1, 2, 3}, {4}));
    broken.sync(1);
    for (const unsigned n : {2U, 3U, 4U}) broken.copy(1, n);
    broken.commit(1, place);
    broken.elect(2, 2, {2, 3});
    EXPECT_QUIET(broken);
    broken.elect(3, 3, {3, 4});
    EXPECT_FOUND(broken, "only voters count");
}

TEST(OnlyVotersCount, ALearnerLeadsThatWasAskedForItsVote) {
    for (const bool is_asked : {true, false}) {
        Led world;
        world.start(4, {});
        const Index place = world.change(1, ChecksStand::members({1, 2, 3}, {4}));
        world.sync(1);
        for (const unsigned n : {2U, 3U, 4U}) world.copy(1, n);
        for (const unsigned n : {1U, 4U}) world.commit(n, place);
        world.change(1, ChecksStand::members({1, 2, 3, 4}));
        if (is_asked) world.send(1, 4, Term(2), core::VoteRequest{});
        world.elect(4, 3, {2, 3});
        EXPECT_EQ(world.wrong().contains("only voters count"), !is_asked) << world.said();
    }
}

TEST(OnlyVotersCount, ALearnerDoesNotLead) {
    Led broken;
    broken.start(4, {});
    broken.change(1, ChecksStand::members({1, 2, 3}, {4}));
    broken.copy(1, 4);
    broken.elect(4, 2, {1, 2});
    EXPECT_FOUND(broken, "only voters count");
}

/// Node 1 was cut off with its lease; node 2 leads since.
struct Overtaken : Led {
    Overtaken() { elect(2, 2, {2, 3}); }

    void say_lease() {
        sim::StepReport report = at(1);
        report.has_lease = true;
        tell(report);
    }
    void commit_beyond() {
        copy(2, 3);
        commit(2, Index(3));
    }
};

TEST(LeaseSafety, NobodyElseCommitsWhileOneHasALease) {
    Overtaken legal;
    legal.say_lease();  // Elected is not yet harmful: nothing has been committed.
    legal.commit_beyond();
    EXPECT_QUIET(legal);

    Overtaken broken;
    broken.commit_beyond();
    broken.say_lease();
    EXPECT_FOUND(broken, "lease safety");
}

TEST(LeaseSafety, ClocksBeyondTheMarginAreTold) {
    Overtaken world;
    world.onlooker().clocks_off();
    world.commit_beyond();
    world.say_lease();
    EXPECT_QUIET(world);
}

}  // namespace
}  // namespace rafted::test
