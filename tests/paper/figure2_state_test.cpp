// Figure 2, "State": what a server remembers, and what of it must be on disk before it answers.
#include <gtest/gtest.h>

#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::AppendReply;
using core::VoteReply;
using core::VoteRequest;

// Figure 2, persistent state: a server starts in term 0 and its term only grows.
TEST(Figure2State, TermStartsAtZeroAndOnlyGrows) {
    MemberStand stand;
    EXPECT_EQ(stand.member().term(), Term(0));
    stand.receive(b, Term(7), append_after(Index(1), Term(0), {}));
    EXPECT_EQ(stand.member().term(), Term(7));
    stand.receive(c, Term(5), append_after(Index(1), Term(0), {}));
    EXPECT_EQ(stand.member().term(), Term(7));
}

// Figure 2, persistent state: a new term is on disk before anything is said in it.
TEST(Figure2State, TermIsDurableBeforeAnAnswer) {
    MemberStand stand;
    stand.hold_disk();
    stand.receive(b, Term(3), append_after(Index(1), Term(0), {}));
    EXPECT_TRUE(stand.said().empty());
    ASSERT_TRUE(stand.effects().front().hard_state);
    EXPECT_EQ(stand.effects().front().hard_state->term, Term(3));
    stand.release_disk();
    EXPECT_NE(stand.newest<AppendReply>(b), nullptr);
}

// Figure 2, persistent state: whom a server voted for in its term, nobody at first; on disk before
// the vote is given.
TEST(Figure2State, VoteIsNobodysAtFirstAndDurableBeforeItIsGiven) {
    MemberStand stand;
    EXPECT_FALSE(stand.state().hard.vote);
    stand.hold_disk();
    stand.receive(b, Term(1), VoteRequest{Index(1), Term(0), false, false});
    EXPECT_EQ(stand.state().hard.vote, b);
    EXPECT_EQ(stand.newest<VoteReply>(b), nullptr);
    stand.release_disk();
    ASSERT_NE(stand.newest<VoteReply>(b), nullptr);
    EXPECT_TRUE(stand.newest<VoteReply>(b)->granted);
}

// Figure 2, persistent state: a vote belongs to its term; a larger term begins with none.
TEST(Figure2State, ANewTermHasNoVoteYet) {
    MemberStand stand({.hard = {Term(2), b, {}}});
    EXPECT_EQ(stand.state().hard.vote, b);
    stand.receive(c, Term(3), append_after(Index(1), Term(0), {}));
    EXPECT_FALSE(stand.state().hard.vote);
}

// Figure 2, persistent state: log entries are on disk before they are acknowledged.
TEST(Figure2State, EntriesAreDurableBeforeTheAcknowledgement) {
    MemberStand stand({.hard = {Term(1), {}, {}}});
    stand.hold_disk();
    stand.receive(b, Term(1), append_after(Index(1), Term(0), commands(Index(2), Term(1), 2)));
    EXPECT_EQ(stand.log().last(), Index(3));
    EXPECT_EQ(stand.effects().front().append.size(), 2U);
    EXPECT_EQ(stand.newest<AppendReply>(b), nullptr);
    stand.release_disk();
    EXPECT_EQ(stand.newest<AppendReply>(b)->index, Index(3));
    EXPECT_EQ(stand.log().stable(), Index(3));
}

// Figure 2, persistent state: entries carry the command and the term in which a leader received
// it; the first index is 1.
TEST(Figure2State, EntriesCarryCommandAndTermAndBeginAtOne) {
    MemberStand stand;
    EXPECT_EQ(stand.log().first(), Index(1));
    stand.win();
    stand.propose("x");
    const core::Entry& entry = stand.log().at(stand.log().last());
    EXPECT_EQ(entry.term(), stand.member().term());
    EXPECT_EQ(text_of(entry.payload()), "x");
}

// Figure 2, volatile state: the commit index starts at 0 and only grows.
TEST(Figure2State, CommitStartsAtZeroAndOnlyGrows) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    EXPECT_EQ(stand.log().committed(), Index(0));
    stand.receive(b, Term(1), append_after(Index(3), Term(1), {}, Index(3)));
    EXPECT_EQ(stand.log().committed(), Index(3));
    stand.receive(b, Term(1), append_after(Index(3), Term(1), {}, Index(1)));
    EXPECT_EQ(stand.log().committed(), Index(3));
}

// Figure 2, volatile state: what was applied starts at 0 and only grows, each entry once.
TEST(Figure2State, AppliedStartsAtZeroAndGoesUpOneByOne) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    EXPECT_EQ(stand.log().applied(), Index(0));
    stand.receive(b, Term(1), append_after(Index(3), Term(1), {}, Index(2)));
    stand.receive(b, Term(1), append_after(Index(3), Term(1), {}, Index(3)));
    stand.receive(b, Term(1), append_after(Index(3), Term(1), {}, Index(3)));
    EXPECT_EQ(stand.applied(), (std::vector{Index(1), Index(2), Index(3)}));
}

// Figure 2, volatile state on leaders: after an election each follower's next entry is the one
// after the leader's last.
TEST(Figure2State, NextIndexStartsAfterTheLeadersLast) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    stand.win();
    // The leader's own first entry, at 4, came after that moment and is the next one to go.
    EXPECT_EQ(stand.leader().followers.at(b).next, Index(4));
    EXPECT_EQ(stand.leader().followers.at(c).next, Index(4));
}

// Figure 2, volatile state on leaders: what a follower is known to hold starts at 0 and only grows.
TEST(Figure2State, MatchIndexStartsAtZeroAndOnlyGrows) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    stand.win();
    EXPECT_EQ(stand.leader().followers.at(b).match, Index(0));
    stand.acknowledge(b);
    EXPECT_EQ(stand.leader().followers.at(b).match, Index(4));
    const core::Stamp stamp{stand.leader().round, stand.now()};
    stand.receive(b, stand.member().term(), AppendReply{true, Index(2), Term(), Index(), stamp});
    EXPECT_EQ(stand.leader().followers.at(b).match, Index(4));
}

// Figure 2, volatile state on leaders: it is made anew after each election.
TEST(Figure2State, LeaderStateIsMadeAnewAfterEachElection) {
    MemberStand stand;
    stand.win();
    stand.acknowledge(b);
    stand.receive(c, stand.member().term() + 1, append_after(Index(2), Term(1), {}));
    stand.win();
    EXPECT_EQ(stand.leader().followers.at(b).match, Index(0));
}

// currentTerm: the latest term the server has seen. A snapshot that is on disk although the journal
// hung before it could take that term shows a later one; it is gone on with, and nothing was voted
// in it.
TEST(Figure2State, NobodyIsInAnEarlierTermThanItsLog) {
    core::Start start;
    start.self = a;
    start.hard_state = {Term(8), b, {}, {}};
    core::SnapshotMeta snapshot;
    snapshot.index = Index(9);
    snapshot.term = Term(10);
    snapshot.members = core::Members({{a, "a", Standing::voter}, {b, "b", Standing::voter}});
    start.snapshot = snapshot;
    core::Member member(start, {});
    EXPECT_EQ(member.term(), Term(10));
    const auto effects = member.step({}, core::TimePassed{});
    ASSERT_TRUE(effects.hard_state);
    EXPECT_EQ(*effects.hard_state, (core::HardState{Term(10), NodeId(), {}, {}}));
}

}  // namespace
}  // namespace rafted::test
