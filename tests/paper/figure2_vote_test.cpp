// Figure 2, "RequestVote RPC": the receiver's rules. Pre-votes (thesis §9.6) follow them too, but
// change nothing.
#include <gtest/gtest.h>

#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::VoteReply;
using core::VoteRequest;

VoteRequest vote(Index last, Term last_term) { return {last, last_term, false, false}; }
VoteRequest pre_vote(Index last, Term last_term) { return {last, last_term, true, false}; }

bool grants(MemberStand& stand, NodeId from, Term term, const VoteRequest& request) {
    stand.forget();
    stand.receive(from, term, request);
    const auto* reply = stand.newest<VoteReply>(from);
    EXPECT_NE(reply, nullptr);
    return reply != nullptr && reply->granted;
}

// Figure 2, RequestVote 1 (§5.1): a request of an older term is refused with the newer term.
TEST(Figure2Vote, Rule1_AnOlderTermIsRefused) {
    MemberStand stand({.hard = {Term(5), {}, {}}});
    EXPECT_FALSE(grants(stand, b, Term(4), vote(Index(9), Term(4))));
    EXPECT_EQ(stand.newest_term<VoteReply>(b), Term(5));
    EXPECT_FALSE(stand.state().hard.vote);
}

// Figure 2, RequestVote 2 (§5.2): a vote goes to who asks first; in the same term to nobody else.
TEST(Figure2Vote, Rule2_OneVotePerTermFirstComeFirstServed) {
    MemberStand stand;
    EXPECT_TRUE(grants(stand, b, Term(1), vote(Index(1), Term(0))));
    EXPECT_FALSE(grants(stand, c, Term(1), vote(Index(1), Term(0))));
    EXPECT_EQ(stand.state().hard.vote, b);
}

// Figure 2, RequestVote 2: who has the vote already gets it again (the answer may have been lost),
// and that needs no second write.
TEST(Figure2Vote, Rule2_TheSameCandidateIsToldAgain) {
    MemberStand stand;
    EXPECT_TRUE(grants(stand, b, Term(1), vote(Index(1), Term(0))));
    EXPECT_TRUE(grants(stand, b, Term(1), vote(Index(1), Term(0))));
    EXPECT_FALSE(stand.effects().front().has_write());
}

// Figure 2, RequestVote 2 (§5.4.1): only for a log at least as up to date as our own.
TEST(Figure2Vote, Rule2_OnlyForALogAtLeastAsUpToDate) {
    MemberStand stand({.terms = {Term(1), Term(2)}});
    EXPECT_FALSE(grants(stand, b, Term(3), vote(Index(2), Term(2))));
    EXPECT_FALSE(grants(stand, b, Term(4), vote(Index(9), Term(1))));
    EXPECT_TRUE(grants(stand, b, Term(5), vote(Index(3), Term(2))));
}

// A refused request of a larger term still makes the receiver enter it (§5.1).
TEST(Figure2Vote, ARefusedRequestStillBringsItsTerm) {
    MemberStand stand({.terms = {Term(2)}});
    EXPECT_FALSE(grants(stand, b, Term(7), vote(Index(1), Term(0))));
    EXPECT_EQ(stand.member().term(), Term(7));
}

// A leader and a candidate have voted for themselves: nobody else gets their vote in that term.
TEST(Figure2Vote, LeadersAndCandidatesHaveVotedForThemselves) {
    MemberStand leader;
    leader.win();
    EXPECT_FALSE(grants(leader, c, leader.member().term(), vote(Index(9), Term(9))));
    MemberStand candidate;
    candidate.time_out();
    candidate.receive(b, Term(1), VoteReply{true, true});
    ASSERT_EQ(candidate.member().role(), Role::candidate);
    EXPECT_FALSE(grants(candidate, c, Term(1), vote(Index(9), Term(9))));
}

// Thesis §9.6: a pre-vote is granted by the same rules, and neither term nor vote nor timer change.
TEST(Figure2Vote, APreVoteChangesNothing) {
    MemberStand stand({.terms = {Term(1)}});
    const core::State before = stand.state();
    EXPECT_TRUE(grants(stand, b, Term(2), pre_vote(Index(2), Term(1))));
    EXPECT_EQ(stand.newest_term<VoteReply>(b), Term(2));
    EXPECT_TRUE(grants(stand, c, Term(2), pre_vote(Index(2), Term(1))));
    EXPECT_EQ(stand.state(), before);
    EXPECT_FALSE(grants(stand, b, Term(2), pre_vote(Index(1), Term(0))));
    EXPECT_FALSE(grants(stand, b, Term(1), pre_vote(Index(2), Term(1))));
    EXPECT_EQ(stand.state(), before);
}

// §6: a server that hears a leader refuses votes, without entering the larger term.
TEST(Figure2Vote, WhoHearsALeaderRefuses) {
    MemberStand stand;
    stand.receive(b, Term(1), append_after(Index(1), Term(0), {}));
    stand.pass(std::chrono::milliseconds(999));
    EXPECT_FALSE(grants(stand, c, Term(2), vote(Index(9), Term(1))));
    EXPECT_EQ(stand.member().term(), Term(1));
    EXPECT_FALSE(grants(stand, c, Term(2), pre_vote(Index(9), Term(1))));
    stand.pass(std::chrono::milliseconds(1));
    EXPECT_TRUE(grants(stand, c, Term(2), pre_vote(Index(9), Term(1))));
    EXPECT_TRUE(grants(stand, c, Term(2), vote(Index(9), Term(1))));
}

// Thesis §3.10: unless the leader itself has handed over.
TEST(Figure2Vote, AHandedOverLeadNeedsNoWaiting) {
    MemberStand stand;
    stand.receive(b, Term(1), append_after(Index(1), Term(0), {}));
    EXPECT_TRUE(grants(stand, c, Term(2), {Index(9), Term(1), false, true}));
}

}  // namespace
}  // namespace rafted::test
