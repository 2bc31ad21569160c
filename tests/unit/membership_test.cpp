// core/members.hpp and core/membership.hpp: lists, their versions in the log, forced removal.
#include <gtest/gtest.h>

#include "core/membership.hpp"
#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::Members;
using core::Membership;
using core::Peer;

Members list(const std::vector<NodeId>& voters) {
    std::vector<Peer> peers;
    for (const NodeId id : voters) peers.push_back({id, "", Standing::voter});
    return Members(peers);
}

TEST(Members, AreSortedAndEachIsThereOnce) {
    const Members members(
        {{c, "", Standing::voter}, {a, "x", Standing::learner}, {a, "y", Standing::voter}});
    ASSERT_EQ(members.all().size(), 2U);
    EXPECT_EQ(members.all().front().id, a);
    EXPECT_EQ(members.all().back().id, c);
}

TEST(Members, WithReplacesAndWithoutRemoves) {
    const Members members = list({a, b});
    EXPECT_EQ(members.with({b, "moved", Standing::voter}).find(b)->address, "moved");
    EXPECT_EQ(members.with({c, "", Standing::voter}).all().size(), 3U);
    EXPECT_FALSE(members.without(b).contains(b));
    EXPECT_EQ(members.without(c), members);
    EXPECT_TRUE(members.without(b).is_only_voter(a));
}

TEST(Members, OnlyVotersAreVoters) {
    const Members members(
        {{a, "", Standing::voter}, {b, "", Standing::learner}, {c, "", Standing::joining}});
    EXPECT_EQ(members.voter_count(), 1U);
    EXPECT_TRUE(members.is_only_voter(a));
    EXPECT_FALSE(members.is_voter(b));
    EXPECT_FALSE(members.is_voter(d));
}

TEST(Membership, TheNewestListIsInForce) {
    Membership membership(Index(1), list({a}), {});
    membership.append(Index(5), list({a, b}));
    EXPECT_EQ(membership.current(), list({a, b}));
    EXPECT_EQ(membership.committed(), list({a}));
    EXPECT_EQ(membership.current_index(), Index(5));
    EXPECT_TRUE(membership.is_changing());
    membership.commit(Index(4));
    EXPECT_TRUE(membership.is_changing());
    membership.commit(Index(5));
    EXPECT_FALSE(membership.is_changing());
    EXPECT_EQ(membership.committed_index(), Index(5));
}

TEST(Membership, TruncationBringsTheOlderListBack) {
    Membership membership(Index(1), list({a}), {});
    membership.append(Index(5), list({a, b}));
    membership.append(Index(7), list({a, b, c}));
    EXPECT_FALSE(membership.truncate_from(Index(8)));
    EXPECT_TRUE(membership.truncate_from(Index(6)));
    EXPECT_EQ(membership.current(), list({a, b}));
    EXPECT_TRUE(membership.truncate_from(Index(2)));
    EXPECT_EQ(membership.current(), list({a}));
    EXPECT_FALSE(membership.is_changing());
}

TEST(Membership, CommittingOverSeveralListsKeepsTheNewest) {
    Membership membership(Index(1), list({a}), {});
    membership.append(Index(2), list({a, b}));
    membership.append(Index(3), list({a, b, c}));
    membership.append(Index(4), list({a, b, c, d}));
    membership.commit(Index(3));
    EXPECT_EQ(membership.committed(), list({a, b, c}));
    EXPECT_EQ(membership.current(), list({a, b, c, d}));
}

TEST(Membership, ASnapshotsListTakesThePlaceOfOlderOnes) {
    Membership membership(Index(1), list({a}), {});
    membership.append(Index(5), list({a, b}));
    membership.append(Index(9), list({a, b, c}));
    Membership other = membership;
    membership.restore(Index(7), list({a, d}), true);
    EXPECT_EQ(membership.committed(), list({a, d}));
    EXPECT_EQ(membership.current(), list({a, b, c}));
    other.restore(Index(7), list({a, d}), false);
    EXPECT_EQ(other.current(), list({a, d}));
    EXPECT_FALSE(other.is_changing());
}

TEST(Membership, ForcedOutIsLeftOutUntilACommittedListAgrees) {
    Membership membership(Index(1), list({a, b, c}), {});
    membership.force_out(b);
    membership.force_out(b);
    EXPECT_EQ(membership.current(), list({a, c}));
    EXPECT_EQ(membership.committed(), list({a, b, c}));
    EXPECT_EQ(membership.forced_out(), std::vector{b});
    membership.append(Index(2), list({a, b, c, d}));
    EXPECT_FALSE(membership.current().contains(b));
    membership.commit(Index(2));
    EXPECT_FALSE(membership.current().contains(b));
    membership.append(Index(3), list({a, c}));
    membership.commit(Index(3));
    EXPECT_TRUE(membership.forced_out().empty());
    // Added again later, it is a member like any other.
    membership.append(Index(4), list({a, b, c}));
    EXPECT_TRUE(membership.current().contains(b));
}

TEST(Membership, ARestartKeepsWhoWasForcedOut) {
    const Membership membership(Index(1), list({a, b, c}), {c});
    EXPECT_EQ(membership.current(), list({a, b}));
}

TEST(Membership, CommittingListsOfLongAgoAgainKeepsWhoWasForcedOut) {
    Membership membership(Index(), {}, {c});
    membership.append(Index(1), list({a}));
    membership.append(Index(2), list({a, b}));
    membership.append(Index(3), list({a, b, c}));
    membership.commit(Index(2));
    EXPECT_EQ(membership.forced_out(), std::vector{c}) << "it joined later";
    membership.commit(Index(3));
    EXPECT_EQ(membership.current(), list({a, b}));
    membership.append(Index(4), list({a, b}));
    membership.commit(Index(4));
    EXPECT_TRUE(membership.forced_out().empty());
}

TEST(Membership, WhoStandsInAListThatMayComeBackIsInOne) {
    Membership membership(Index(1), list({a, b}), {});
    membership.append(Index(2), list({a}));
    EXPECT_FALSE(membership.current().contains(b));
    EXPECT_TRUE(membership.is_in_any(b));
    EXPECT_FALSE(membership.is_in_any(c));
    membership.commit(Index(2));
    EXPECT_FALSE(membership.is_in_any(b));
}

TEST(Membership, ANewcomerKnowsNobody) {
    Membership membership(Index(), Members(), {});
    EXPECT_TRUE(membership.current().empty());
    EXPECT_FALSE(membership.is_changing());
    membership.commit(Index(9));
    membership.append(Index(1), list({a}));
    EXPECT_EQ(membership.committed(), list({a}));
}

}  // namespace
}  // namespace rafted::test
