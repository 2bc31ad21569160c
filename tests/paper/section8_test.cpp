// Section 8, client interaction: finding the leader, reads that are never stale. (That a command
// with the same number is executed once is the value's part: see the tests of its sessions.)
#include <gtest/gtest.h>

#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::AppendReply;
using std::chrono::milliseconds;

// §8: a server that does not lead refuses a client and tells of the leader it heard last.
TEST(Section8, AFollowerSendsClientsToTheLeader) {
    MemberStand stand;
    stand.receive(c, Term(1), append_after(Index(1), Term(0), {}));
    for (const auto request : {stand.propose("x"), stand.read()}) {
        ASSERT_TRUE(stand.answer(request));
        EXPECT_EQ(stand.answer(request)->error, ErrorCode::not_leader);
        EXPECT_EQ(stand.answer(request)->leader, c);
    }
}

// §8: without a known leader it says so, and the client tries another server.
TEST(Section8, WithoutALeaderNobodyIsNamed) {
    MemberStand stand;
    const auto request = stand.propose("x");
    EXPECT_EQ(stand.answer(request)->error, ErrorCode::not_leader);
    EXPECT_FALSE(stand.answer(request)->leader);
}

// §8: a leader starts its term with an entry that carries no command, so that it finds out what is
// committed.
TEST(Section8, ALeaderBeginsItsTermWithAnEntryOfItsOwn) {
    MemberStand stand({.terms = {Term(1)}});
    stand.win();
    const core::Entry& entry = stand.log().at(stand.log().last());
    EXPECT_EQ(entry.kind(), core::EntryKind::elected);
    EXPECT_EQ(entry.term(), stand.member().term());
    EXPECT_EQ(stand.leader().term_start, entry.index());
}

// §8: before that entry is committed it answers no read.
TEST(Section8, NoReadBeforeThatEntryIsCommitted) {
    MemberStand stand({.terms = {Term(1)}});
    stand.win();
    const auto request = stand.read();
    const core::Stamp stamp{stand.leader().round, stand.now()};
    // b has answered a message sent after the read, but not stored the entry.
    stand.receive(b, stand.member().term(), AppendReply{true, Index(2), Term(), Index(), stamp});
    EXPECT_FALSE(stand.ready(request));
    stand.acknowledge(b);
    ASSERT_TRUE(stand.ready(request));
    EXPECT_EQ(stand.ready(request)->index, stand.leader().term_start);
}

// §8: before it answers a read it makes sure, by messages to a majority, that it still leads.
TEST(Section8, AReadWaitsForAMajoritysWord) {
    MemberStand stand({.voters = {a, b, c, d, e}});
    stand.win({b, c});
    stand.acknowledge(b);
    stand.acknowledge(c);
    stand.forget();
    const auto request = stand.read();
    EXPECT_EQ(stand.said().size(), 4U);
    stand.acknowledge(b);
    EXPECT_FALSE(stand.ready(request));
    stand.acknowledge(c);
    EXPECT_TRUE(stand.ready(request));
}

// §8: answers to messages that left before the read came prove nothing.
TEST(Section8, AnswersToEarlierMessagesProveNothing) {
    MemberStand stand;
    stand.win();
    stand.acknowledge(b);
    const core::Stamp before{stand.leader().round, stand.now()};
    const auto request = stand.read();
    stand.receive(b, stand.member().term(), AppendReply{true, Index(2), Term(), Index(), before});
    EXPECT_FALSE(stand.ready(request));
    stand.acknowledge(b);
    EXPECT_TRUE(stand.ready(request));
}

// §8: a deposed leader answers none of its reads.
TEST(Section8, ADeposedLeaderAnswersNoRead) {
    MemberStand stand;
    stand.win();
    stand.acknowledge(b);
    const auto request = stand.read();
    stand.receive(c, Term(9), append_after(Index(1), Term(0), {}));
    EXPECT_FALSE(stand.ready(request));
    EXPECT_EQ(stand.answer(request)->error, ErrorCode::not_leader);
    EXPECT_EQ(stand.answer(request)->leader, c);
}

// §8, thesis §6.4.1: a lease may stand for the round, if clocks drift less than the margin.
TEST(Section8, ALeaseStandsForTheRound) {
    GroupConfig config;
    config.clock_drift_margin = milliseconds(400);
    MemberStand stand({.config = config});
    stand.win();
    stand.acknowledge(b);
    stand.forget();
    const auto request = stand.read();
    EXPECT_TRUE(stand.ready(request));
    EXPECT_TRUE(stand.said().empty());
    stand.pass(milliseconds(600));
    stand.forget();
    const auto later = stand.read();
    EXPECT_FALSE(stand.ready(later));
}

}  // namespace
}  // namespace rafted::test
