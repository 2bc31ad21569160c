// Section 6 as amended by the 2015 note on single-server changes (thesis §4): one server at a time,
// in force when appended, after an entry of the leader's own term is committed.
#include <gtest/gtest.h>

#include "core/codec.hpp"
#include "support/core_cluster.hpp"
#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using Act = core::ChangeMembers::Act;
using core::AppendRequest;
using std::chrono::milliseconds;

core::Peer joining(NodeId id) { return {id, "", Standing::joining}; }

/// A leader of three whose term has begun.
MemberStand settled_leader() {
    MemberStand stand;
    stand.win();
    stand.acknowledge(b);
    stand.acknowledge(c);
    stand.forget();
    return stand;
}

// §6: a server uses the newest list in its log, committed or not.
TEST(Section6, AListIsInForceWhenItIsAppended) {
    MemberStand stand = settled_leader();
    stand.change(Act::remove, joining(c));
    EXPECT_FALSE(stand.state().members().contains(c));
    EXPECT_LT(stand.log().committed(), stand.log().last());
    // Two voters are left, and both are the majority: a and b.
    EXPECT_EQ(stand.log().committed(), Index(2));
    stand.acknowledge(b);
    EXPECT_EQ(stand.log().committed(), stand.log().last());
}

// §6: also on followers, from the moment they store it.
TEST(Section6, AListIsInForceOnAFollowerWhenItIsStored) {
    MemberStand stand;
    const core::Members members({{a, "", Standing::voter}, {b, "", Standing::voter}});
    const auto entry =
        core::Entry::make({Term(1), Index(2), core::EntryKind::members, {}}, core::encode(members));
    stand.receive(b, Term(1), append_after(Index(1), Term(0), {entry}));
    EXPECT_EQ(stand.state().members(), members);
    // And it falls back to the one before when the entry is cut off.
    stand.receive(c, Term(2), append_after(Index(1), Term(0), commands(Index(2), Term(2), 1)));
    EXPECT_TRUE(stand.state().members().contains(c));
}

// Thesis §4.1: no change while one is not committed.
TEST(Section6, OneChangeAtATime) {
    MemberStand stand = settled_leader();
    stand.change(Act::add, joining(d));
    const auto second = stand.change(Act::remove, joining(c));
    EXPECT_EQ(stand.answer(second)->error, ErrorCode::change_in_progress);
    stand.acknowledge(b);
    const auto third = stand.change(Act::add, joining(e));
    EXPECT_TRUE(stand.accepted(third));
}

// The 2015 note: no change before an entry of the leader's own term is committed.
TEST(Section6, NoChangeBeforeAnOwnTermCommit) {
    MemberStand stand;
    stand.win();
    const auto early = stand.change(Act::remove, joining(c));
    EXPECT_EQ(stand.answer(early)->error, ErrorCode::change_in_progress);
    stand.acknowledge(b);
    const auto later = stand.change(Act::remove, joining(c));
    EXPECT_TRUE(stand.accepted(later));
}

// §6: new servers join without a vote and are no part of majorities until they have caught up.
TEST(Section6, NewServersDoNotCountUntilTheyHaveCaughtUp) {
    MemberStand stand = settled_leader();
    stand.change(Act::add, joining(d));
    EXPECT_EQ(stand.state().members().voter_count(), 3U);
    stand.acknowledge(b);
    EXPECT_EQ(stand.log().committed(), stand.log().last());
    stand.propose("x");
    stand.acknowledge(d);
    // d has caught up within one round and is made a voter with the next change.
    EXPECT_EQ(stand.state().members().find(d)->standing, Standing::voter);
    EXPECT_EQ(stand.state().members().voter_count(), 4U);
}

// Thesis §4.2.1: catching up goes in rounds; one that takes longer than an election timeout is not
// enough, and another follows.
TEST(Section6, ASlowRoundOfCatchingUpIsFollowedByAnother) {
    MemberStand stand = settled_leader();
    stand.change(Act::add, joining(d));
    for (int i = 0; i < 15; ++i) {
        stand.pass(milliseconds(100));
        stand.acknowledge(b);
        stand.acknowledge(c);
    }
    stand.propose("x");
    stand.acknowledge(d);
    EXPECT_EQ(stand.state().members().find(d)->standing, Standing::joining);
    stand.pass(milliseconds(100));
    stand.acknowledge(d);
    EXPECT_EQ(stand.state().members().find(d)->standing, Standing::voter);
}

// Thesis §4.2.2: a leader does not remove itself; it hands the lead over first.
TEST(Section6, ALeaderIsNotRemoved) {
    MemberStand stand = settled_leader();
    const auto request = stand.change(Act::remove, joining(a));
    EXPECT_EQ(stand.answer(request)->error, ErrorCode::cannot_remove_leader);
}

// §6: a removed server that asks for votes does not disturb those that hear their leader.
TEST(Section6, RemovedServersDoNotDisturb) {
    MemberStand stand;
    const core::Members members({{a, "", Standing::voter}, {b, "", Standing::voter}});
    const auto entry =
        core::Entry::make({Term(1), Index(2), core::EntryKind::members, {}}, core::encode(members));
    stand.receive(b, Term(1), append_after(Index(1), Term(0), {entry}));
    stand.receive(c, Term(9), core::VoteRequest{Index(9), Term(8), false, false});
    EXPECT_EQ(stand.member().term(), Term(1));
    EXPECT_FALSE(stand.newest<core::VoteReply>(c)->granted);
}

// §6: votes and answers of servers that are no voters count for nothing.
TEST(Section6, OnlyVotersCount) {
    MemberStand stand;
    stand.time_out();
    stand.receive(d, Term(1), core::VoteReply{true, true});
    stand.receive(e, Term(1), core::VoteReply{true, true});
    EXPECT_EQ(stand.member().role(), Role::pre_candidate);
}

// Thesis §4.1: any two majorities of lists that follow each other share a server: tried for all
// sizes up to seven, all majorities, for adding and for removing one.
TEST(Section6, MajoritiesOfNeighbouringListsMeet) {
    for (std::uint32_t n = 1; n <= 6; ++n) {
        const std::uint32_t before = (1U << n) - 1;
        const std::uint32_t after = (1U << (n + 1)) - 1;
        for (std::uint32_t one = 1; one <= before; ++one) {
            if (std::popcount(one) < static_cast<int>(core::majority(n))) continue;
            for (std::uint32_t other = 1; other <= after; ++other) {
                if (std::popcount(other) < static_cast<int>(core::majority(n + 1))) continue;
                EXPECT_NE(one & other, 0U);
            }
        }
    }
}

// §6: a server accepts appends from a leader that is not in its list (its list may be old).
TEST(Section6, ALeaderFromOutsideTheListIsHeard) {
    MemberStand stand;
    stand.receive(e, Term(1), append_after(Index(1), Term(0), commands(Index(2), Term(1), 1)));
    EXPECT_EQ(stand.state().leader, e);
    EXPECT_EQ(stand.log().last(), Index(2));
}

// §6: and gives its vote to a candidate that is not in its list.
TEST(Section6, ACandidateFromOutsideTheListGetsAVote) {
    MemberStand stand;
    stand.receive(e, Term(1), core::VoteRequest{Index(1), Term(0), false, false});
    EXPECT_TRUE(stand.newest<core::VoteReply>(e)->granted);
}

/// What a member keeps of a log that ended with 9/3 when it was removed, in term 3.
core::HardState removed_at_nine() { return {Term(3), NodeId(), {}, {Term(3), Index(9)}}; }

// §5.4, when a server comes back: what it acknowledged before it was removed is committed.
TEST(Section6, WhoIsRemovedKeepsWhereItsLogEnded) {
    MemberStand stand({.terms = {Term(1), Term(2)}});
    stand.forget();
    stand.receive(b, Term(2), core::RemovedNotice{{Term(2), Index(4)}});
    EXPECT_EQ(stand.member().role(), Role::removed);
    const core::LogPlace end{Term(2), Index(3)};
    EXPECT_EQ(stand.state().hard.let_go, end);
    ASSERT_FALSE(stand.effects().empty());
    ASSERT_TRUE(stand.effects().front().hard_state) << "it must be on disk with the removal";
    EXPECT_EQ(stand.effects().front().hard_state->let_go, end);
    // Removed again before it had caught up, it is bound by the longer log.
    MemberStand again({.terms = {Term(1)}, .hard = removed_at_nine()});
    again.receive(b, Term(3), core::RemovedNotice{{Term(3), Index(12)}});
    EXPECT_EQ(again.state().hard.let_go, (core::LogPlace{Term(3), Index(9)}));
}

// Its log may hold lists of before it was added, and others may know of no later one: neither says
// that it is no member, until it has seen the list by which it was added.
TEST(Section6, WhoWasAddedHeedsNoRemovalOfBefore) {
    for (const Index list : {Index(5), Index(9), Index(12)}) {
        MemberStand stand({.terms = {Term(1)}, .hard = removed_at_nine()});
        stand.receive(b, Term(3), core::RemovedNotice{{Term(3), list}});
        const bool is_later = list >= Index(9);
        EXPECT_EQ(stand.member().role() == Role::removed, is_later) << to_string(list);
    }
    MemberStand stand({.terms = {Term(1)}, .hard = removed_at_nine()});
    stand.receive(b, Term(4), core::RemovedNotice{{Term(2), Index(20)}});
    EXPECT_NE(stand.member().role(), Role::removed) << "terms come first";
}

// It stood for election in vain before it heard of its removal, and nobody else is in its term.
TEST(Section6, WhoIsRemovedHearsOfItInALaterTermToo) {
    MemberStand stand({.terms = {Term(1), Term(2)}, .hard = {Term(5), a, {}, {}}});
    stand.receive(b, Term(2), core::RemovedNotice{{Term(2), Index(4)}});
    EXPECT_EQ(stand.member().role(), Role::removed);
    EXPECT_EQ(stand.member().term(), Term(5));
}

TEST(Section6, WhoJoinedAgainDoesNotLeadByAListOfBefore) {
    // It founded the group: the first list that it is sent makes it the only voter.
    MemberStand stand({.voters = {}, .hard = removed_at_nine()});
    stand.receive(b, Term(3), append_after(Index(), Term(), {founding_of({a})}, Index(1)));
    stand.time_out();
    EXPECT_EQ(stand.member().role(), Role::follower);
    EXPECT_EQ(stand.member().term(), Term(3));
    stand.receive(b, Term(3), core::TimeoutNow{});
    EXPECT_EQ(stand.member().role(), Role::follower);
    stand.receive(b, Term(3), append_after(Index(1), Term(), commands(Index(2), Term(3), 7)));
    stand.time_out();
    EXPECT_EQ(stand.member().role(), Role::follower) << "it had one entry more";
    stand.receive(b, Term(3), append_after(Index(8), Term(3), commands(Index(9), Term(3), 1)));
    stand.time_out();
    EXPECT_EQ(stand.member().role(), Role::leader);
}

TEST(Section6, WhoJoinedAgainVotesForNoLessThanItHad) {
    const auto vote_for = [](Index last, Term term, bool pre) {
        MemberStand stand({.terms = {Term(1)}, .hard = removed_at_nine()});
        stand.receive(b, Term(4), core::VoteRequest{last, term, pre, false});
        const auto* reply = stand.newest<core::VoteReply>(b);
        return reply != nullptr && reply->granted;
    };
    for (const bool pre : {true, false}) {
        EXPECT_FALSE(vote_for(Index(8), Term(3), pre)) << "of five, two more like it would elect b";
        EXPECT_FALSE(vote_for(Index(20), Term(2), pre));
        EXPECT_TRUE(vote_for(Index(9), Term(3), pre));
        EXPECT_TRUE(vote_for(Index(5), Term(4), pre));
    }
}

}  // namespace
}  // namespace rafted::test
