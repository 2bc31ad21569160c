// Figure 2, "Rules for Servers": all, followers, candidates, leaders.
#include <gtest/gtest.h>

#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::AppendReply;
using core::AppendRequest;
using core::VoteReply;
using core::VoteRequest;
using std::chrono::milliseconds;

AppendReply refusal(const MemberStand& stand, Index prev, Index agree, Term term) {
    return {false, agree, term, prev, {stand.leader().round, stand.now()}};
}

// All servers: what is committed is applied, in order.
TEST(Figure2Servers, All_WhatIsCommittedIsApplied) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    stand.receive(b, Term(1), append_after(Index(3), Term(1), {}, Index(3)));
    EXPECT_EQ(stand.applied(), (std::vector{Index(1), Index(2), Index(3)}));
}

// All servers (§5.1): any message of a larger term makes its receiver a follower in that term.
TEST(Figure2Servers, All_ALargerTermMakesAFollower) {
    MemberStand leader;
    leader.win();
    leader.receive(b, Term(9), AppendReply{});
    EXPECT_EQ(leader.member().role(), Role::follower);
    EXPECT_EQ(leader.member().term(), Term(9));

    MemberStand candidate;
    candidate.time_out();
    candidate.receive(b, Term(1), VoteReply{true, true});
    ASSERT_EQ(candidate.member().role(), Role::candidate);
    candidate.receive(b, Term(9), VoteReply{false, false});
    EXPECT_EQ(candidate.member().role(), Role::follower);
    EXPECT_EQ(candidate.member().term(), Term(9));

    MemberStand follower;
    follower.receive(b, Term(9), append_after(Index(1), Term(0), {}));
    EXPECT_EQ(follower.member().term(), Term(9));
}

// Followers (§5.2): they answer requests and start none.
TEST(Figure2Servers, Followers_AnswerAndAskNothing) {
    MemberStand stand;
    stand.receive(b, Term(1), append_after(Index(1), Term(0), {}));
    stand.receive(c, Term(1), VoteRequest{Index(1), Term(0), false, false});
    for (const auto& message : stand.said()) {
        const bool is_answer = std::holds_alternative<AppendReply>(message.body) ||
                               std::holds_alternative<VoteReply>(message.body);
        EXPECT_TRUE(is_answer);
    }
    EXPECT_EQ(stand.said().size(), 2U);
}

// Followers (§5.2): no leader heard and no vote given for an election timeout: stand for election
// (here: first ask whether it would be won). The timeout is random in (T, 2T].
TEST(Figure2Servers, Followers_StandWhenNothingIsHeardForATimeout) {
    MemberStand stand;
    stand.receive(b, Term(1), append_after(Index(1), Term(0), {}));
    stand.forget();
    stand.pass(milliseconds(1000));
    EXPECT_EQ(stand.member().role(), Role::follower);
    stand.pass(milliseconds(1000));
    EXPECT_EQ(stand.member().role(), Role::pre_candidate);
    EXPECT_TRUE(stand.newest<VoteRequest>(b)->pre);
    EXPECT_TRUE(stand.newest<VoteRequest>(c)->pre);
}

// Followers (§5.2): hearing the leader, or giving a vote, starts the timeout anew.
TEST(Figure2Servers, Followers_HearingAndVotingStartTheTimeoutAnew) {
    MemberStand stand;
    for (int i = 0; i < 10; ++i) {
        stand.pass(milliseconds(900));
        stand.receive(b, Term(1), append_after(Index(1), Term(0), {}));
    }
    EXPECT_EQ(stand.member().role(), Role::follower);
    stand.pass(milliseconds(1000));
    stand.receive(c, Term(2), VoteRequest{Index(1), Term(0), false, false});
    EXPECT_GT(stand.state().election_at, stand.now() + milliseconds(1000));
}

// §5.2: timeouts are random, so that split votes are rare.
TEST(Figure2Servers, Followers_TimeoutsAreRandomWithinTheirBounds) {
    MemberStand stand;
    std::vector<core::Duration> waits;
    for (int i = 0; i < 200; ++i) {
        stand.receive(b, Term(1), append_after(Index(1), Term(0), {}));
        waits.push_back(stand.state().election_at - stand.now());
    }
    const auto [least, most] = std::ranges::minmax(waits);
    EXPECT_GT(least, milliseconds(1000));
    EXPECT_LE(most, milliseconds(2000));
    EXPECT_GT(most - least, milliseconds(500));
}

// Candidates (§5.2): a new term, a vote for oneself, a new timer, and requests to all others.
TEST(Figure2Servers, Candidates_StartWithANewTermAndTheirOwnVote) {
    MemberStand stand({.terms = {Term(3)}});
    stand.time_out();
    stand.receive(b, Term(4), VoteReply{true, true});
    EXPECT_EQ(stand.member().role(), Role::candidate);
    EXPECT_EQ(stand.member().term(), Term(4));
    EXPECT_EQ(stand.state().hard.vote, a);
    EXPECT_GT(stand.state().election_at, stand.now() + milliseconds(1000));
    for (const NodeId other : {b, c}) {
        ASSERT_NE(stand.newest<VoteRequest>(other), nullptr);
        EXPECT_EQ(*stand.newest<VoteRequest>(other),
                  (VoteRequest{Index(2), Term(3), false, false}));
    }
}

// Candidates (§5.2): votes of a majority make a leader, not one fewer.
TEST(Figure2Servers, Candidates_AMajorityMakesALeader) {
    MemberStand stand({.voters = {a, b, c, d, e}});
    stand.time_out();
    stand.receive(b, Term(1), VoteReply{true, true});
    EXPECT_EQ(stand.member().role(), Role::pre_candidate);
    stand.receive(c, Term(1), VoteReply{true, true});
    ASSERT_EQ(stand.member().role(), Role::candidate);
    stand.receive(b, Term(1), VoteReply{true, false});
    stand.receive(b, Term(1), VoteReply{true, false});
    stand.receive(d, Term(1), VoteReply{false, false});
    EXPECT_EQ(stand.member().role(), Role::candidate);
    stand.receive(e, Term(1), VoteReply{true, false});
    EXPECT_EQ(stand.member().role(), Role::leader);
}

// Candidates (§5.2): an append of the new leader of the same term makes a follower.
TEST(Figure2Servers, Candidates_FollowTheLeaderOfTheirTerm) {
    MemberStand stand;
    stand.time_out();
    stand.receive(b, Term(1), VoteReply{true, true});
    ASSERT_EQ(stand.member().role(), Role::candidate);
    stand.receive(c, Term(1), append_after(Index(1), Term(0), {}));
    EXPECT_EQ(stand.member().role(), Role::follower);
    EXPECT_EQ(stand.state().leader, c);
}

// Candidates (§5.2): an append of an older term is refused, and the candidate goes on.
TEST(Figure2Servers, Candidates_IgnoreALeaderOfAnOlderTerm) {
    MemberStand stand({.hard = {Term(4), {}, {}}});
    stand.time_out();
    stand.receive(b, Term(5), VoteReply{true, true});
    ASSERT_EQ(stand.member().role(), Role::candidate);
    stand.receive(c, Term(4), append_after(Index(1), Term(0), {}));
    EXPECT_EQ(stand.member().role(), Role::candidate);
}

// Candidates (§5.2): when the timeout passes without a decision, again.
TEST(Figure2Servers, Candidates_StartAgainAfterATimeout) {
    MemberStand stand;
    stand.time_out();
    stand.receive(b, Term(1), VoteReply{true, true});
    ASSERT_EQ(stand.member().role(), Role::candidate);
    stand.forget();
    stand.time_out();
    ASSERT_NE(stand.newest<VoteRequest>(c), nullptr);
    EXPECT_EQ(stand.newest_term<VoteRequest>(c), Term(2));
}

// Leaders (§5.2): after the election a message to everyone at once, and again while idle.
TEST(Figure2Servers, Leaders_SpeakAtOnceAndWhileIdle) {
    MemberStand stand;
    stand.time_out();
    stand.receive(b, Term(1), VoteReply{true, true});
    stand.forget();
    stand.receive(b, Term(1), VoteReply{true, false});
    EXPECT_NE(stand.newest<AppendRequest>(b), nullptr);
    EXPECT_NE(stand.newest<AppendRequest>(c), nullptr);
    stand.acknowledge(b);
    stand.acknowledge(c);
    stand.forget();
    stand.pass(milliseconds(200));
    ASSERT_NE(stand.newest<AppendRequest>(b), nullptr);
    EXPECT_TRUE(stand.newest<AppendRequest>(b)->entries.empty());
    EXPECT_NE(stand.newest<AppendRequest>(c), nullptr);
}

// Leaders (§5.3): a command is appended, and answered when its entry is applied.
TEST(Figure2Servers, Leaders_AppendACommandAndAnswerWhenItIsApplied) {
    MemberStand stand;
    stand.win();
    const auto request = stand.propose("x");
    ASSERT_TRUE(stand.accepted(request));
    EXPECT_EQ(stand.accepted(request)->index, stand.log().last());
    EXPECT_TRUE(stand.applied().empty());
    stand.acknowledge(b);
    EXPECT_EQ(stand.applied().back(), stand.accepted(request)->index);
}

// Leaders (§5.3): a follower whose next entry exists gets the entries from there.
TEST(Figure2Servers, Leaders_SendFromTheNextIndexOn) {
    MemberStand stand;
    stand.win();
    stand.acknowledge(b);
    stand.forget();
    stand.propose("x");
    const auto* request = stand.newest<AppendRequest>(b);
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(request->prev_index, Index(2));
    EXPECT_EQ(request->prev_term, Term(1));
    ASSERT_EQ(request->entries.size(), 1U);
    EXPECT_EQ(text_of(request->entries.front().payload()), "x");
}

// Leaders (§5.3): an acceptance moves match and next on.
TEST(Figure2Servers, Leaders_AnAcceptanceMovesMatchAndNext) {
    MemberStand stand;
    stand.win();
    stand.propose("x");
    stand.acknowledge(b);
    EXPECT_EQ(stand.leader().followers.at(b).match, stand.log().last());
    EXPECT_EQ(stand.leader().followers.at(b).next, stand.log().last() + 1);
}

// Leaders (§5.3): a refusal for lack of agreement moves next back, and it is tried again at once.
TEST(Figure2Servers, Leaders_ARefusalMovesNextBackAndTriesAgain) {
    MemberStand stand({.terms = {Term(1), Term(1), Term(1)}});
    stand.win();
    stand.forget();
    stand.receive(b, stand.member().term(), refusal(stand, Index(4), Index(2), Term(1)));
    const auto* request = stand.newest<AppendRequest>(b);
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(request->prev_index, Index(2));
    EXPECT_EQ(request->entries.front().index(), Index(3));
    // The same refusal again, late or doubled: nothing.
    stand.forget();
    stand.receive(b, stand.member().term(), refusal(stand, Index(4), Index(2), Term(1)));
    EXPECT_TRUE(stand.said().empty());
}

// Leaders (§5.3, §5.4): what a majority holds, in an entry of the leader's own term, is committed.
TEST(Figure2Servers, Leaders_CommitWhatAMajorityHolds) {
    MemberStand stand({.voters = {a, b, c, d, e}});
    stand.win({b, c});
    stand.propose("x");
    stand.acknowledge(b);
    EXPECT_EQ(stand.log().committed(), Index(0));
    stand.acknowledge(c);
    EXPECT_EQ(stand.log().committed(), Index(3));
}

// Leaders: their own entry counts only when it is on their own disk (thesis §10.2.1).
TEST(Figure2Servers, Leaders_CountThemselvesOnlyWhenDurable) {
    MemberStand stand;
    stand.win();
    stand.acknowledge(b);
    stand.hold_disk();
    stand.propose("x");
    stand.acknowledge(b);
    EXPECT_EQ(stand.log().committed(), Index(2));
    stand.release_disk();
    EXPECT_EQ(stand.log().committed(), Index(3));
}

// §5.2, the other side of heartbeats: a leader that no majority answers steps down.
TEST(Figure2Servers, Leaders_StepDownWithoutAMajority) {
    MemberStand stand;
    stand.win();
    stand.pass(milliseconds(1999));
    EXPECT_EQ(stand.member().role(), Role::leader);
    stand.pass(milliseconds(1));
    EXPECT_EQ(stand.member().role(), Role::follower);
    EXPECT_EQ(stand.member().term(), Term(1));
}

}  // namespace
}  // namespace rafted::test
