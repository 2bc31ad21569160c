// The weaknesses W1-W6 of RaftedValue (behaviour.md, B.9), each told to a model of its rules under
// the eyes of the simulator's checkers: they report it. The same steps with that one rule mended:
// they report nothing. Two more that the model brought to light are told in the same way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "support/rafted_value_world.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::IsEmpty;

constexpr NodeId a{1}, b{2}, c{3}, d{4}, e{5};
constexpr milliseconds election_timeout{1000};
constexpr milliseconds margin{300};

bool is_any(const core::Message&) { return true; }
ReferenceWorld::Pick to(NodeId id) {
    return [id](const core::Message& message) { return message.to == id; };
}
ReferenceWorld::Pick not_to(NodeId id) {
    return [id](const core::Message& message) { return message.to != id; };
}
ReferenceWorld::Pick between(NodeId one, NodeId other) {
    return [=](const core::Message& message) {
        return (message.from == one && message.to == other) ||
               (message.from == other && message.to == one);
    };
}

/// One of the stories below: its world, what it breaks, who sees it, first and later.
struct Story {
    explicit Story(bool ReferenceRules::* broken) : rule(broken) {}
    bool ReferenceRules::* rule = nullptr;
    ReferenceWorld::Plan plan{};
    std::function<void(ReferenceWorld&, bool is_broken)> tell;
    std::string seen_first;
    std::vector<std::string> seen_later;
};

std::string texts_of(const ReferenceWorld& world) {
    std::string text;
    for (const auto& one : world.violations()) text += "  " + one.check + ": " + one.text + "\n";
    return text;
}

void expect_caught(Story story) {
    for (const bool is_broken : {true, false}) {
        SCOPED_TRACE(is_broken ? "as the reference does it" : "mended");
        story.plan.config.rules = ReferenceRules::sound();
        story.plan.config.rules.*story.rule = is_broken;
        ReferenceWorld world(story.plan);
        story.tell(world, is_broken);
        const auto names = world.reported();
        if (!is_broken) {
            EXPECT_THAT(names, IsEmpty()) << texts_of(world);
            continue;
        }
        ASSERT_FALSE(names.empty());
        EXPECT_EQ(names.front(), story.seen_first) << texts_of(world);
        for (const auto& name : story.seen_later) {
            EXPECT_THAT(names, Contains(name)) << texts_of(world);
        }
    }
}

/// Long enough for everybody to have forgotten every leader.
void silence(ReferenceWorld& world) { world.pass(2 * election_timeout); }

void elect(ReferenceWorld& world, NodeId id) {
    silence(world);
    world.election_timeout(id);
    world.settle();
    world.heartbeat(id);
    world.settle();
    ASSERT_TRUE(world.server(id).leads());
}

void commands(ReferenceWorld& world, NodeId id, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        world.command(id);
        world.settle();
    }
}

/// Delivers, but loses what is picked, until nothing is under way.
void settle_without(ReferenceWorld& world, const ReferenceWorld::Pick& lost) {
    for (int round = 0; round < 100; ++round) {
        world.lose(lost);
        world.deliver(is_any);
    }
}

/// The snapshot that the leader sends once it has found out how far back the other is.
core::Message snapshot_for(ReferenceWorld& world, NodeId id, NodeId leader) {
    const auto is_it = [id](const core::Message& message) {
        return message.to == id && std::holds_alternative<core::SnapshotPiece>(message.body);
    };
    world.heartbeat(leader);
    for (int round = 0; round < 100; ++round) {
        const auto found = world.take(is_it);
        if (!found.empty()) return found.front();
        world.deliver(is_any);
    }
    ADD_FAILURE() << "no snapshot is sent";
    return {};
}

/// Of five, a and b alone hold a's last entries of term 1; c leads term 2 by d and e, and what it
/// said as a leader is under way.
void split_in_two_terms(ReferenceWorld& world, unsigned entries) {
    elect(world, a);
    world.cut_off({a, b});
    commands(world, a, entries);
    world.cut_off({a});
    silence(world);
    world.election_timeout(c);
    world.deliver(is_any);
    world.deliver(to(c));
    ASSERT_TRUE(world.server(c).leads());
}

// W1, as behaviour.md tells it. Five servers. The old leader a replicates 3, 4, 5 of term 1 to b
// only. c leads term 2 and commits 3 and 4 by b and d: b overwrites its 3 and 4, keeps its stale 5
// and acknowledges it. c and d are cut off and a comes back: b, whose log seems to end in term 1
// still, votes for a; so does e. a leads without what was committed, and commits something else.
TEST(RaftedValueWeaknesses, W1_CommittedEntryIsLostToAStaleSuffix) {
    Story story(&ReferenceRules::w1_keeps_stale_suffix);
    story.plan.servers = 5;
    story.tell = [](ReferenceWorld& world, bool is_broken) {
        split_in_two_terms(world, 3);
        const auto kept = world.command(c);
        world.lose(to(e));
        world.settle();
        EXPECT_TRUE(world.is_answered(kept));
        EXPECT_EQ(world.server(b).last(), Index(is_broken ? 5 : 4));
        world.cut_off({c, d});
        silence(world);
        world.wake(a);  // it has reached no majority for long and steps down
        for (int term = 2; term <= 3; ++term) {
            world.election_timeout(a);
            world.settle();
        }
        EXPECT_EQ(world.server(a).leads(), is_broken);
        const NodeId leader = is_broken ? a : b;
        if (!is_broken) elect(world, b);
        const auto next = world.command(leader);
        world.settle();
        EXPECT_TRUE(world.is_answered(next));
    };
    story.seen_first = "log matching";
    story.seen_later = {"leader completeness", "committed is immutable", "state machine safety"};
    expect_caught(std::move(story));
}

// W1 again, the other consequence: a false commit. b's stale suffix reaches up to 6. c's first
// entry is its 3; b acknowledges 6. What c then appends as 4 reaches d alone, but c counts b.
TEST(RaftedValueWeaknesses, W1_StaleSuffixIsCountedAsReplicated) {
    Story story(&ReferenceRules::w1_keeps_stale_suffix);
    story.plan.servers = 5;
    story.tell = [](ReferenceWorld& world, bool is_broken) {
        split_in_two_terms(world, 4);
        world.lose(not_to(b));
        world.deliver(to(b));
        world.deliver(to(c));
        const auto lonely = world.command(c);
        world.lose(not_to(d));
        world.settle();
        EXPECT_EQ(world.is_answered(lonely), is_broken);
    };
    story.seen_first = "log matching";
    story.seen_later = {"commit rule"};
    expect_caught(std::move(story));
}

// W2. c was away, and a's snapshot of term 1 is long under way to it. b leads term 2 by c's vote.
// The snapshot arrives: c is in term 1 again. a has stepped down and stands for term 2: c votes a
// second time, and term 2 has two leaders.
TEST(RaftedValueWeaknesses, W2_SnapshotTakesTheTermBack) {
    Story story(&ReferenceRules::w2_snapshot_sets_term);
    story.plan.config.entries_kept = 2;
    story.tell = [](ReferenceWorld& world, bool is_broken) {
        elect(world, a);
        world.cut_off({c});
        commands(world, a, 5);
        world.cut_off({});
        const auto late = snapshot_for(world, c, a);
        world.lose(is_any);
        silence(world);
        world.election_timeout(b);
        world.deliver(to(c));
        world.lose(to(a));
        world.deliver(to(b));
        ASSERT_TRUE(world.server(b).leads());
        world.lose(is_any);
        world.deliver_one(late);
        EXPECT_EQ(world.server(c).hard().term, Term(is_broken ? 1 : 2));
        silence(world);
        world.wake(a);
        world.election_timeout(a);
        world.lose(to(b));
        world.settle();
        EXPECT_EQ(world.server(a).leads(), is_broken);
    };
    story.seen_first = "vote safety";
    story.seen_later = {"monotonic numbers", "election safety"};
    expect_caught(std::move(story));
}

// W3. c was away and gets a snapshot; a copy of the message is long under way. c catches up, and
// commands are committed by a and c alone. The copy arrives: c's log and value go back, though it
// has acknowledged more. a dies; b, which lacks those commands, is elected by c.
TEST(RaftedValueWeaknesses, W3_OldSnapshotIsTakenAgain) {
    Story story(&ReferenceRules::w3_takes_old_snapshots);
    story.plan.config.entries_kept = 2;
    story.tell = [](ReferenceWorld& world, bool is_broken) {
        elect(world, a);
        world.cut_off({c});
        commands(world, a, 5);
        world.cut_off({});
        const auto copied = snapshot_for(world, c, a);
        world.deliver_one(copied);
        world.settle();
        world.cut_off({b});
        commands(world, a, 3);
        const Index acknowledged = world.server(c).last();
        world.deliver_one(copied);
        EXPECT_EQ(world.server(c).last() < acknowledged, is_broken);
        world.cut_off({});
        world.crash(a);
        silence(world);
        world.election_timeout(b);
        world.settle();
        EXPECT_EQ(world.server(b).leads(), is_broken);
    };
    story.seen_first = "monotonic numbers";
    story.seen_later = {"leader completeness"};
    expect_caught(std::move(story));
}

// W4, with leases on. a commits a command by b and answers it, and dies. b, which holds it but does
// not know that it is committed, leads by c's vote. c refuses b's first request, as it lacks that
// command; the refusal gives b a lease, and b answers a query without the command.
TEST(RaftedValueWeaknesses, W4_FreshLeaderAnswersFromAnOldState) {
    Story story(&ReferenceRules::w4_reads_before_own);
    story.plan.config.drift_margin = margin;
    story.tell = [](ReferenceWorld& world, bool is_broken) {
        elect(world, a);
        const auto written = world.command(a);
        world.lose(to(c));
        world.settle();
        ASSERT_TRUE(world.is_answered(written));
        world.crash(a);
        silence(world);
        world.election_timeout(b);
        world.deliver(to(c));
        world.deliver(to(b));
        ASSERT_TRUE(world.server(b).leads());
        world.deliver(to(c));
        world.deliver(to(b));
        const auto read = world.query(b);
        EXPECT_EQ(world.is_answered(read), is_broken);
        world.settle();
        EXPECT_TRUE(world.is_answered(read));
    };
    story.seen_first = "read floor";
    expect_caught(std::move(story));
}

// W5, with leases on and a margin of three tenths; c's clock is fast by one tenth. b has lost a,
// and times out shortly before a's lease ends. c, by its own clock, has waited as long as a's lease
// lasts, and votes for b: a and b serve side by side.
TEST(RaftedValueWeaknesses, W5_DriftWithinTheMarginGivesStaleReads) {
    Story story(&ReferenceRules::w5_refuses_for_lease);
    story.plan.config.drift_margin = margin;
    story.tell = [](ReferenceWorld& world, bool is_broken) {
        world.set_drift(c, 100'000);
        elect(world, a);
        commands(world, a, 1);
        const core::Time b_times_out = world.wake_at(b);
        world.pass(b_times_out - milliseconds(650) - world.now());
        world.heartbeat(a);
        world.lose(to(b));
        world.settle();
        world.pass(b_times_out - world.now());
        world.wake(b);
        settle_without(world, between(a, b));
        EXPECT_EQ(world.server(b).leads(), is_broken);
        const auto written = world.command(b);
        settle_without(world, between(a, b));
        EXPECT_EQ(world.is_answered(written), is_broken);
        const auto read = world.query(a);
        EXPECT_TRUE(world.is_answered(read));
    };
    story.seen_first = "lease safety";
    story.seen_later = {"read floor"};
    expect_caught(std::move(story));
}

// W6. Of four, a leads term 1 and adds e, which reaches e alone. b leads term 2 by c and d and
// removes d at once, before anything of its term is committed: with a majority of three, c, it
// commits the removal and a command. d is not reached by the word that it was removed. Now a, d and
// e are a majority of a's five: a leads term 3 without what b has committed.
TEST(RaftedValueWeaknesses, W6_ChangeBeforeAnOwnCommit) {
    Story story(&ReferenceRules::w6_changes_before_own);
    story.plan.servers = 4;
    story.tell = [](ReferenceWorld& world, bool is_broken) {
        elect(world, a);
        world.start(e);
        world.cut_off({a, e});
        EXPECT_FALSE(world.add(a, e));
        world.settle();
        EXPECT_EQ(world.server(e).members().all().size(), 5U);
        silence(world);
        world.election_timeout(b);
        world.deliver(is_any);
        world.deliver(to(b));
        ASSERT_TRUE(world.server(b).leads());
        world.lose(is_any);
        const auto refusal = world.remove(b, d);
        EXPECT_EQ(refusal, is_broken ? std::nullopt : std::optional(ErrorCode::change_in_progress));
        const auto written = world.command(b);
        settle_without(world, [](const core::Message& message) {
            return std::holds_alternative<core::RemovedNotice>(message.body);
        });
        EXPECT_TRUE(world.is_answered(written));
        world.cut_off({b, c});
        silence(world);
        world.wake(a);
        for (int term = 2; term <= 3; ++term) {
            world.election_timeout(a);
            world.settle();
        }
        EXPECT_EQ(world.server(a).leads(), is_broken);
    };
    story.seen_first = "configuration safety";
    story.seen_later = {"leader completeness", "committed is immutable"};
    expect_caught(std::move(story));
}

// Not in the list: an answer counts whatever the term it was given in. b's acknowledgement of a's
// 3 to 6 of term 1 is long under way. c leads term 2; its 3 replaces them all on a and b. a leads
// term 3. The old acknowledgement arrives; what a then appends as 5 reaches d alone, but a counts
// b for it.
TEST(RaftedValueWeaknesses, LateReplyOfAnEarlierLeadIsCounted) {
    Story story(&ReferenceRules::counts_late_replies);
    story.plan.servers = 5;
    story.tell = [](ReferenceWorld& world, bool is_broken) {
        elect(world, a);
        for (int i = 0; i < 4; ++i) world.command(a);
        world.deliver(to(b));
        const auto late = world.take(to(a));
        ASSERT_EQ(std::get<core::AppendReply>(late.back().body).index, Index(6));
        world.lose(is_any);
        silence(world);
        world.wake(a);
        world.cut_off({a, b});
        world.election_timeout(c);
        world.settle();
        world.cut_off({d, e});
        world.heartbeat(c);
        world.settle();
        ASSERT_EQ(world.server(a).last(), Index(3));
        world.cut_off({});
        silence(world);
        world.election_timeout(a);
        world.deliver(is_any);
        world.deliver(to(a));
        ASSERT_TRUE(world.server(a).leads());
        world.lose(is_any);
        world.deliver_one(late.back());
        const auto lonely = world.command(a);
        world.lose(not_to(d));
        world.settle();
        EXPECT_EQ(world.is_answered(lonely), is_broken);
    };
    story.seen_first = "commit rule";
    expect_caught(std::move(story));
}

// Not in the list: a leader that steps down for want of a majority stays in its term and forgets
// that it has voted for itself there. Nobody can win that vote, as its own first entry of the term
// makes its log newer than any other candidate's; but the promise is broken, and it is seen.
TEST(RaftedValueWeaknesses, LeaderThatStepsDownForgetsItsVote) {
    Story story(&ReferenceRules::forgets_vote_of_lead);
    story.tell = [](ReferenceWorld& world, bool is_broken) {
        elect(world, a);
        silence(world);
        world.wake(a);
        EXPECT_FALSE(world.server(a).leads());
        EXPECT_EQ(world.server(a).hard().vote, is_broken ? NodeId() : a);
    };
    story.seen_first = "vote safety";
    expect_caught(std::move(story));
}

}  // namespace
}  // namespace rafted::test
