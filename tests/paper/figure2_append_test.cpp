// Figure 2, "AppendEntries RPC": the receiver's rules, one by one.
#include <gtest/gtest.h>

#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::AppendReply;

const AppendReply& answer_to(const MemberStand& stand, NodeId from) {
    static const AppendReply none{};
    const auto* reply = stand.newest<AppendReply>(from);
    EXPECT_NE(reply, nullptr);
    return reply == nullptr ? none : *reply;
}

// Figure 2, AppendEntries 1 (§5.1): a request of an older term is refused, and changes nothing.
TEST(Figure2Append, Rule1_AnOlderTermIsRefused) {
    MemberStand stand({.hard = {Term(5), {}, {}}});
    stand.receive(b, Term(4), append_after(Index(1), Term(0), commands(Index(2), Term(4), 1)));
    EXPECT_FALSE(answer_to(stand, b).accepted);
    EXPECT_EQ(stand.newest_term<AppendReply>(b), Term(5));
    EXPECT_EQ(stand.log().last(), Index(1));
    EXPECT_FALSE(stand.state().leader);
}

// Figure 2, AppendEntries 2 (§5.3): refused if there is no entry at the place before.
TEST(Figure2Append, Rule2_RefusedWithoutTheEntryBefore) {
    MemberStand stand({.terms = {Term(1)}});
    stand.receive(b, Term(2), append_after(Index(3), Term(2), commands(Index(4), Term(2), 1)));
    EXPECT_FALSE(answer_to(stand, b).accepted);
    EXPECT_EQ(answer_to(stand, b).refused_prev, Index(3));
    EXPECT_EQ(stand.log().last(), Index(2));
}

// Figure 2, AppendEntries 2 (§5.3): refused if the entry before is of another term.
TEST(Figure2Append, Rule2_RefusedIfTheEntryBeforeHasAnotherTerm) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    stand.receive(b, Term(3), append_after(Index(3), Term(2), commands(Index(4), Term(3), 1)));
    EXPECT_FALSE(answer_to(stand, b).accepted);
    EXPECT_EQ(stand.log().last(), Index(3));
    EXPECT_EQ(stand.log().term_at(Index(3)), Term(1));
}

// End of §5.3: a refusal may say how far the logs may still agree, so that the leader skips terms.
TEST(Figure2Append, Rule2_ARefusalSaysWhereTheLogsMayAgree) {
    MemberStand stand({.terms = {Term(1), Term(1), Term(4), Term(4)}});
    stand.receive(b, Term(5), append_after(Index(5), Term(3), {}));
    EXPECT_FALSE(answer_to(stand, b).accepted);
    EXPECT_EQ(answer_to(stand, b).index, Index(3));
    EXPECT_EQ(answer_to(stand, b).index_term, Term(1));
}

// Figure 2, AppendEntries 3 (§5.3): an entry that contradicts a new one goes, and all after it.
TEST(Figure2Append, Rule3_AConflictingEntryGoesWithAllThatFollow) {
    MemberStand stand({.terms = {Term(1), Term(1), Term(1), Term(1)}});
    stand.receive(b, Term(2), append_after(Index(2), Term(1), commands(Index(3), Term(2), 1)));
    EXPECT_EQ(stand.log().last(), Index(3));
    EXPECT_EQ(stand.log().term_at(Index(3)), Term(2));
    EXPECT_EQ(stand.effects().front().truncate_from, Index(3));
    EXPECT_EQ(answer_to(stand, b).index, Index(3));
}

// Figure 2, AppendEntries 3 (§5.3): without a conflict nothing goes. An old request that says less
// than the log holds must not cut off what a newer one brought.
TEST(Figure2Append, Rule3_WithoutAConflictNothingGoes) {
    MemberStand stand({.terms = {Term(1), Term(1), Term(1)}});
    stand.receive(b, Term(1), append_after(Index(1), Term(0), commands(Index(2), Term(1), 1)));
    EXPECT_EQ(stand.log().last(), Index(4));
    EXPECT_FALSE(stand.effects().front().has_write());
    // It proves index 2 only: what lies beyond may be another leader's.
    EXPECT_EQ(answer_to(stand, b).index, Index(2));
}

// Figure 2, AppendEntries 4: entries that are not in the log yet are appended, the others are not.
TEST(Figure2Append, Rule4_OnlyWhatIsNotThereIsAppended) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    stand.receive(b, Term(1), append_after(Index(1), Term(0), commands(Index(2), Term(1), 4)));
    EXPECT_EQ(stand.log().last(), Index(5));
    ASSERT_EQ(stand.effects().front().append.size(), 2U);
    EXPECT_EQ(stand.effects().front().append.front().index(), Index(4));
    EXPECT_TRUE(answer_to(stand, b).accepted);
    EXPECT_EQ(answer_to(stand, b).index, Index(5));
}

// Figure 2, AppendEntries 5: the commit index follows the leader's, but not past the last entry
// that this request speaks of.
TEST(Figure2Append, Rule5_CommitFollowsTheLeaderUpToTheLastNewEntry) {
    MemberStand stand({.terms = {Term(1), Term(1), Term(1)}});
    stand.receive(b, Term(2),
                  append_after(Index(1), Term(0), commands(Index(2), Term(1), 1), Index(4)));
    EXPECT_EQ(stand.log().committed(), Index(2));
    stand.receive(b, Term(2), append_after(Index(3), Term(1), {}, Index(4)));
    EXPECT_EQ(stand.log().committed(), Index(3));
    stand.receive(b, Term(2), append_after(Index(4), Term(1), {}, Index(3)));
    EXPECT_EQ(stand.log().committed(), Index(3));
}

// §5.4: an entry that is committed stands in every later leader's log. A leader that has another
// one there shows that a majority has lost what it had: nothing of it is taken, or acknowledged.
TEST(Figure2Append, ALeaderThatContradictsWhatIsCommittedIsNotFollowed) {
    const auto refused = [](const core::AppendRequest& request) {
        MemberStand stand({.terms = {Term(1), Term(1), Term(1)}});
        stand.receive(b, Term(1), append_after(Index(4), Term(1), {}, Index(3)));
        EXPECT_EQ(stand.log().committed(), Index(3));
        stand.forget();
        const core::Log before = stand.log();
        stand.receive(c, Term(2), request);
        EXPECT_EQ(stand.log(), before);
        EXPECT_EQ(stand.newest<core::AppendReply>(c), nullptr);
        return stand.effects().front().contradiction;
    };
    const core::Contradiction found{Index(3), Term(1), Term(2), c};
    EXPECT_EQ(refused(append_after(Index(3), Term(2), {})), found);
    EXPECT_EQ(refused(append_after(Index(2), Term(1), commands(Index(3), Term(2), 2))), found);
    // What is not committed may be in the way of a new leader, and the same entry is no matter.
    MemberStand stand({.terms = {Term(1), Term(1), Term(1)}});
    stand.receive(b, Term(1), append_after(Index(4), Term(1), {}, Index(3)));
    stand.receive(c, Term(2), append_after(Index(3), Term(1), commands(Index(4), Term(2), 1)));
    EXPECT_FALSE(stand.effects().front().contradiction);
    EXPECT_EQ(stand.log().term_at(Index(4)), Term(2));
}

// Figure 2, AppendEntries, arguments: followers learn from it who leads and can send clients there.
TEST(Figure2Append, FollowersLearnWhoLeads) {
    MemberStand stand;
    stand.receive(c, Term(1), append_after(Index(1), Term(0), {}));
    EXPECT_EQ(stand.state().leader, c);
    const auto request = stand.propose("x");
    EXPECT_EQ(stand.answer(request)->error, ErrorCode::not_leader);
    EXPECT_EQ(stand.answer(request)->leader, c);
}

// Figure 2, AppendEntries, arguments: without entries it is a heartbeat: accepted, nothing written.
TEST(Figure2Append, WithoutEntriesItIsAHeartbeat) {
    MemberStand stand({.terms = {Term(1)}});
    stand.receive(b, Term(1), append_after(Index(2), Term(1), {}));
    EXPECT_TRUE(answer_to(stand, b).accepted);
    EXPECT_FALSE(stand.effects().front().has_write());
}

// §5.3: a request that came twice does no harm.
TEST(Figure2Append, ADoubledRequestDoesNoHarm) {
    MemberStand stand;
    const auto request = append_after(Index(1), Term(0), commands(Index(2), Term(1), 2), Index(2));
    stand.receive(b, Term(1), request);
    const core::Log before = stand.log();
    stand.forget();
    stand.receive(b, Term(1), request);
    EXPECT_EQ(stand.log(), before);
    EXPECT_FALSE(stand.effects().front().has_write());
    EXPECT_EQ(answer_to(stand, b).index, Index(3));
}

}  // namespace
}  // namespace rafted::test
