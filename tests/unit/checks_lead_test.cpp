// The checkers of what a leader may go on believing, of log time, of what a disk may forget and of
// what a received snapshot leaves: each finds a story that breaks what it stands for, and nobody
// complains of its legal neighbour.
#include <gtest/gtest.h>

#include "support/checks_stand.hpp"

namespace rafted::test {
namespace {

using core::EntryKind;
using std::chrono::milliseconds;

constexpr milliseconds T{100};

/// The leader hears others, by its own clock.
struct LedAndHeard : Led {
    void hear(milliseconds clock, const std::vector<NodeId>& heard) {
        sim::StepReport report = at(1);
        report.clock = core::Time(clock);
        report.election_timeout = T;
        report.heard = heard;
        tell(report);
    }
};

TEST(CheckQuorum, ALeaderThatHearsNobodyLeadsNoMore) {
    LedAndHeard legal;
    legal.hear(milliseconds(0), {});
    legal.hear(milliseconds(150), {NodeId(3)});
    legal.hear(milliseconds(349), {});
    EXPECT_QUIET(legal);

    LedAndHeard broken;
    broken.hear(milliseconds(0), {NodeId(2), NodeId(3)});
    broken.hear(milliseconds(199), {});
    EXPECT_QUIET(broken);
    broken.hear(milliseconds(200), {});
    EXPECT_FOUND(broken, "check-quorum");
}

TEST(CheckQuorum, OfTwoConfigsTheLongerTimeoutCounts) {
    LedAndHeard world;
    world.hear(milliseconds(0), {});
    sim::StepReport report = world.at(1);
    report.clock = core::Time(milliseconds(150));
    report.election_timeout = milliseconds(50);
    world.tell(report);
    EXPECT_QUIET(world);
    world.tell(report);
    EXPECT_FOUND(world, "check-quorum");
}

TEST(CheckQuorum, ASilentLeaderHearsNobodyAndIsJudgedFromWhenItSpeaks) {
    LedAndHeard world;
    world.hear(milliseconds(0), {NodeId(2), NodeId(3)});
    sim::StepReport silent = world.at(1);
    silent.is_silent = true;
    world.tell(silent);
    world.hear(milliseconds(60'000), {});
    world.hear(milliseconds(60'199), {});
    EXPECT_QUIET(world);
    world.hear(milliseconds(60'200), {});
    EXPECT_FOUND(world, "check-quorum");
}

TEST(LogTime, NeverFallsAlongALog) {
    const auto timed = [](std::uint64_t index, std::int64_t time) {
        sim::EntryMark mark = ChecksStand::mark(Index(index), Term(1));
        mark.time = core::LogTime(time);
        return mark;
    };
    Led world;
    sim::StepReport report = world.at(1);
    report.appended = {timed(3, 50), timed(4, 50), timed(5, 51)};
    world.tell(report);
    EXPECT_QUIET(world);
    report = world.at(1);
    report.appended = {timed(6, 50)};
    world.tell(report);
    EXPECT_FOUND(world, "log time");
}

struct Harmed : Led {
    /// Its entries 3 and 4 are two writes, and then bits of its disk change.
    Harmed() {
        for (std::uint64_t write = 1; write <= 2; ++write) {
            const auto entry = mark(append(1), Term(1), 1);
            onlooker().synced({.node = NodeId(1), .appended = {entry}, .write = write});
        }
        crash(1);
    }
    void start_with(std::size_t entries) {
        sim::StartReport start;
        start.node = NodeId(1);
        start.group = GroupId(1);
        start.disk_was_harmed = true;
        start.hard = {Term(1), NodeId(1), {}};
        start.entries = {founding(), mark(Index(2), Term(1), 0, EntryKind::elected),
                         mark(Index(3), Term(1), 1), mark(Index(4), Term(1), 1)};
        start.entries.resize(entries);
        start.members = members({1, 2, 3});
        start.members_at = Index(1);
        onlooker().started(start);
    }
};

TEST(Durability, OfAHarmedDiskOnlyTheNewestWriteMayBeMissing) {
    Harmed legal;
    legal.start_with(3);
    EXPECT_QUIET(legal);
    Harmed broken;
    broken.start_with(2);
    EXPECT_FOUND(broken, "durability");
}

TEST(Durability, ADiskToWhichNothingHasHappenedCanBeRead) {
    Led world;
    world.crash(1);
    world.onlooker().not_started(NodeId(1), true, "corrupt");
    EXPECT_QUIET(world);
    world.onlooker().not_started(NodeId(1), false, "corrupt");
    EXPECT_FOUND(world, "durability");
}

TEST(Durability, WhomANodeHasForcedOutIsInNoneOfItsLists) {
    Led world;
    world.onlooker().forced_out({NodeId(2), NodeId(3), {}});
    sim::StepReport report = world.at(2);
    report.members = ChecksStand::members({1, 2});
    world.tell(report);
    EXPECT_QUIET(world);
    world.crash(2);
    world.start(2, {founding(), *world.node(1).log.find(Index(2))}, {Term(1), NodeId(1), {}});
    EXPECT_FOUND(world, "durability");
}

TEST(Durability, WhomANodeHasForcedOutMayBeAddedAgainOnceItIsGoneEverywhere) {
    for (const bool learns_of_it : {true, false}) {
        Led world;
        world.onlooker().forced_out({NodeId(2), NodeId(3), {}});
        sim::StepReport report = world.at(2);
        report.members = ChecksStand::members({1, 2});
        world.tell(report);
        const Index removal = world.change(1, ChecksStand::members({1, 2}));
        world.sync(1);
        world.copy(1, 2);
        world.commit(1, removal);
        if (learns_of_it) world.commit(2, removal);
        world.change(1, ChecksStand::members({1, 2, 3}));
        world.copy(1, 2);
        EXPECT_EQ(world.wrong().contains("durability"), !learns_of_it) << world.said();
    }
}

/// Node 4 has joined and knows no list yet; then it learns one of long ago.
struct Newcomer : Led {
    Newcomer() {
        start(4, {});
        pass(milliseconds(2));
    }
    void learn() {
        copy(1, 4);
        sim::StepReport report = at(4);
        report.members = members({1, 2, 3});
        report.members_at = Index(1);
        tell(report);
    }
    void forget(milliseconds asked) {
        onlooker().forced_out({NodeId(4), NodeId(3), core::Time(asked)});
        tell(at(4));
    }
};

TEST(Durability, WhoIsAskedToForgetAStrangerForgetsNobody) {
    Newcomer legal;
    legal.forget(milliseconds(1));
    legal.learn();
    EXPECT_QUIET(legal);
    Newcomer late;  // Its answer was on its way while it learnt.
    late.learn();
    late.forget(milliseconds(1));
    EXPECT_QUIET(late);
    Newcomer broken;
    broken.learn();
    broken.forget(milliseconds(2));
    EXPECT_FOUND(broken, "durability");
}

/// Node 3 has an entry of its own behind a received snapshot that contradicts it.
sim::StepReport received(const ChecksStand& world, bool leaves) {
    sim::StepReport report = world.at(3);
    report.restored =
        core::SnapshotMeta{Index(3), Term(2), {}, ChecksStand::members({1, 2, 3}), {}};
    report.kept_log_after_restored = report.has_left_entries = leaves;
    report.first = Index(4);
    report.snapshot = report.applied = report.commit = Index(3);
    return report;
}

struct Stranded : Led {
    Stranded() {
        append(1);
        append(1);
        copy(1, 3);
        elect(2, 2, {2, 3});
        copy(2, 1);
        commit(2, Index(3));
    }
};

TEST(LogMatching, NothingIsLeftBehindAReceivedSnapshotThatContradictsIt) {
    Stranded legal;
    legal.tell(received(legal, false));
    EXPECT_QUIET(legal);
    EXPECT_EQ(legal.node(3).log.last(), Index(3));
    Stranded broken;
    broken.tell(received(broken, true));
    EXPECT_FOUND(broken, "log matching");
}

TEST(ConfigurationSafety, NobodyGoesByAListThatItsLogDoesNotReach) {
    Stranded world;
    sim::StepReport report = received(world, false);
    report.members_at = Index(4);
    world.tell(report);
    EXPECT_FOUND(world, "configuration safety");
}

}  // namespace
}  // namespace rafted::test
