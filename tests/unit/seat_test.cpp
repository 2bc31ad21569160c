// The seat between a disk that is late or full and a value that is slow: what is promised, what is
// told to the member, and what becomes of writes that were on their way behind a refused one.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/member_stand.hpp"
#include "support/seat_stand.hpp"

namespace rafted::test {
namespace {

using core::AppendReply;
using core::VoteReply;
using core::VoteRequest;
using std::chrono::milliseconds;

const Term one(1);
const Term two(2);

/// Longer than a full disk is left alone, shorter than an election timeout.
constexpr auto pause = milliseconds(150);

/// The newest index that was acknowledged, none if nothing was.
Index acknowledged(const SeatStand& stand) {
    Index newest;
    for (const AppendReply& reply : stand.said<AppendReply>()) {
        if (reply.accepted) newest = std::max(newest, reply.index);
    }
    return newest;
}

/// What is to be written to the log.
std::vector<ports::GroupWrite> with_entries(const SeatStand& stand) {
    std::vector<ports::GroupWrite> all;
    for (const ports::GroupWrite& write : stand.writes()) {
        if (!write.append.empty() || write.truncate_from) all.push_back(write);
    }
    return all;
}

core::AppendRequest append(Term term, Index index, Index commit = Index(1)) {
    const Term prev_term = index == Index(2) ? Term() : term;
    return append_after(index - 1, prev_term, {addition(term, index)}, commit);
}

VoteRequest vote_request() { return {Index(9), one, false, true}; }

GroupConfig eager_to_save() {
    GroupConfig config;
    config.snapshot_floor_bytes = 1;
    config.log_file_expansion_factor = 0.001;
    return config;
}

TEST(Seat, AValueThatIsAheadOfItsMemberIsNotSaved) {
    const GroupConfig config = eager_to_save();
    SeatStand stand(config);
    stand.receive(b, one, snapshot_upto(one, Index(10), config));
    stand.install();
    stand.answer();
    ASSERT_EQ(stand.state().log.snapshot(), Index(10));
    // The value is slow: it has yet to load that one when the next is put in place.
    stand.receive(b, one,
                  append_after(Index(10), one, additions(one, Index(11), Index(12)), Index(12)));
    stand.answer();
    stand.receive(b, one, snapshot_upto(one, Index(20), config));
    stand.install();
    stand.run_value();
    ASSERT_EQ(stand.applied(), Index(20)) << "a load takes the newest there is";
    ASSERT_EQ(stand.state().log.committed(), Index(12)) << "of which nobody has been told";
    stand.run_value();
    stand.run_snapshots();
    stand.run_snapshots();
    // The answer for the write comes only now.
    stand.answer();
    EXPECT_EQ(stand.state().log.snapshot(), Index(20));
    EXPECT_EQ(acknowledged(stand), Index(20));
    stand.run_value();
    // What follows is saved when it is due, as ever.
    stand.receive(b, one, append(one, Index(21), Index(21)));
    stand.answer();
    stand.run_value();
    stand.run_value();
    stand.run_snapshots();
    stand.run_snapshots();
    EXPECT_EQ(stand.snapshot_on_disk(), Index(21));
    EXPECT_EQ(stand.state().log.snapshot(), Index(21));
}

TEST(Seat, AfterAFailedSnapshotItIsTriedAgainByItself) {
    SeatStand stand(eager_to_save());
    stand.let_saves_fail(true);
    stand.receive(b, one, append(one, Index(2), Index(2)));
    stand.answer();
    stand.run_value();
    stand.run_value();
    for (int failures = 0; failures < 20; ++failures) {
        stand.run_snapshots();
        stand.pass(std::chrono::seconds(10));
        stand.answer_all();
        stand.run_value();
    }
    EXPECT_EQ(stand.snapshot_on_disk(), Index());
    ASSERT_EQ(stand.alarms().size(), 1U);
    EXPECT_TRUE(stand.alarms()[0].starts_with("no snapshot can be saved: ")) << stand.alarms()[0];
    stand.let_saves_fail(false);
    stand.run_snapshots();
    stand.pass(std::chrono::seconds(10));
    stand.run_value();
    stand.run_snapshots();
    stand.run_snapshots();
    EXPECT_EQ(stand.snapshot_on_disk(), Index(2)) << "though the log has not grown";
    EXPECT_TRUE(stand.alarms().empty());
}

TEST(Seat, StopsWhereALeaderContradictsWhatIsCommittedHere) {
    SeatStand stand;
    stand.receive(b, one, append(one, Index(2), Index(2)));
    stand.answer();
    EXPECT_TRUE(stand.alarms().empty());
    stand.receive(c, two, append_after(Index(1), Term(), {addition(two, Index(2))}, Index(2)));
    ASSERT_EQ(stand.alarms().size(), 1U);
    EXPECT_TRUE(stand.alarms()[0].starts_with("stopped: corrupt: entry 2 of term 1 is committed"))
        << stand.alarms()[0];
}

TEST(Seat, WhatWasWrittenBehindARefusedWriteIsWrittenAgainWithIt) {
    SeatStand stand;
    stand.receive(b, one, append(one, Index(2)));
    stand.answer();
    ASSERT_EQ(acknowledged(stand), Index(2));
    stand.forget();
    stand.receive(b, one, append(one, Index(3)));
    stand.receive(b, one, append(one, Index(4)));
    ASSERT_EQ(stand.writes().size(), 2U);
    stand.refuse();
    stand.pass(pause);
    EXPECT_EQ(with_entries(stand).size(), 1U) << "not while one from before is under way";
    stand.answer_all();
    EXPECT_EQ(stand.state().log.stable(), Index(2));
    stand.receive(b, one, append(one, Index(4)));
    EXPECT_EQ(acknowledged(stand), Index(2)) << "it follows what is not there";
    stand.pass(pause);
    const auto again = with_entries(stand);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again.front().truncate_from, Index(3));
    EXPECT_EQ(again.front().append, additions(one, Index(3), Index(4)));
    stand.answer_all();
    EXPECT_EQ(stand.state().log.stable(), Index(4));
    stand.receive(b, one, append_after(Index(4), one, {}, Index(1)));
    EXPECT_EQ(acknowledged(stand), Index(4));
}

TEST(Seat, ASnapshotThatGotInPlaceBehindARefusedWriteIsTold) {
    SeatStand stand;
    stand.receive(b, one, append(one, Index(2)));
    stand.answer();
    stand.forget();
    stand.receive(b, one, append(one, Index(3)));
    stand.receive(c, two, snapshot_upto(one, Index(20)));
    ASSERT_EQ(stand.writes().size(), 2U);
    stand.refuse();
    stand.install();
    stand.answer_all();
    // The log on disk begins behind it now, and so must the member's.
    EXPECT_EQ(stand.state().log.snapshot(), Index(20));
    EXPECT_EQ(stand.state().log.last(), Index(20));
    EXPECT_EQ(acknowledged(stand), Index(20)) << "the snapshot and its term are on disk";
    stand.run_value();
    EXPECT_EQ(stand.applied(), Index(20));
    stand.pass(pause);
    for (const ports::GroupWrite& write : with_entries(stand)) {
        EXPECT_GT(write.truncate_from, Index(20));
        EXPECT_TRUE(write.append.empty()) << "what was refused is covered by it";
    }
    stand.answer_all();
    stand.receive(c, two, append_after(Index(20), one, {addition(two, Index(21))}, Index(20)));
    const auto next = with_entries(stand);
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next.front().append, additions(two, Index(21), Index(21)));
}

TEST(Seat, NoTermIsPromisedThatTheDiskHasRefused) {
    SeatStand stand;
    stand.receive(b, one, append(one, Index(2)));
    stand.answer();
    stand.forget();
    // A write with the term, one without it, and a heartbeat that is answered behind both.
    stand.receive(c, two, append_after(Index(9), two, {}, Index(1)));
    stand.receive(c, two, append_after(Index(2), one, {addition(two, Index(3))}, Index(1)));
    stand.receive(c, two, append_after(Index(2), one, {}, Index(1)));
    ASSERT_EQ(stand.writes().size(), 2U);
    ASSERT_TRUE(stand.writes().front().hard_state);
    ASSERT_FALSE(stand.writes().back().hard_state);
    stand.refuse();
    stand.answer_all();
    EXPECT_EQ(stand.state().stable_hard.term, one);
    EXPECT_EQ(acknowledged(stand), Index());
    stand.receive(c, two, append_after(Index(2), one, {}, Index(1)));
    EXPECT_EQ(acknowledged(stand), Index()) << "nothing new has been written since";
    stand.pass(pause);
    ASSERT_EQ(stand.writes().size(), 1U);
    ASSERT_TRUE(stand.writes().front().hard_state);
    EXPECT_EQ(stand.writes().front().hard_state->term, two);
    stand.answer_all();
    EXPECT_EQ(stand.state().stable_hard.term, two);
    stand.receive(c, two, append_after(Index(2), one, {}, Index(1)));
    EXPECT_EQ(acknowledged(stand), Index(2));
}

TEST(Seat, AVoteThatTheDiskHasRefusedLeavesOnlyOnceItIsThere) {
    SeatStand stand;
    stand.receive(c, two, vote_request());
    ASSERT_EQ(stand.writes().size(), 1U);
    stand.refuse();
    stand.receive(c, two, vote_request());
    stand.answer_all();
    EXPECT_TRUE(stand.said<VoteReply>().empty()) << "not the second time either";
    stand.pass(pause);
    stand.answer_all();
    stand.receive(c, two, vote_request());
    const auto votes = stand.said<VoteReply>();
    ASSERT_EQ(votes.size(), 1U);
    EXPECT_TRUE(votes.front().granted);
}

TEST(Seat, AVoteThatFitsOnAFullDiskIsGiven) {
    SeatStand stand;
    stand.receive(b, one, append(one, Index(2)));
    stand.receive(c, two, vote_request());
    ASSERT_EQ(stand.writes().size(), 2U);
    stand.refuse();
    stand.answer_all();
    EXPECT_EQ(stand.state().stable_hard, stand.state().hard);
    const auto votes = stand.said<VoteReply>();
    ASSERT_EQ(votes.size(), 1U);
    EXPECT_TRUE(votes.front().granted);
    EXPECT_EQ(acknowledged(stand), Index()) << "only what fits was taken";
}

TEST(Seat, ADiskThatRefusesEverythingIsLeftAloneForAWhile) {
    for (const ErrorCode why : {ErrorCode::disk_full, ErrorCode::disk_failed}) {
        SCOPED_TRACE(to_string(Error{why, {}, {}}));
        SeatStand stand;
        stand.receive(b, one, append(one, Index(2)));
        const auto refuse_all = [&] {
            int refused = 0;
            for (; !stand.writes().empty() && refused < 10; ++refused) stand.answer(fail(why, ""));
            return refused;
        };
        EXPECT_LE(refuse_all(), 2);
        stand.pass(pause);
        EXPECT_EQ(!stand.writes().empty(), why == ErrorCode::disk_full) << "a failed one for good";
        EXPECT_LE(refuse_all(), 2);
    }
}

TEST(Seat, AnAddressThatWasRefusedIsWrittenWithTheNextTry) {
    SeatStand stand;
    stand.hear(c, "elsewhere");
    ASSERT_EQ(stand.writes().size(), 1U);
    ASSERT_TRUE(stand.writes().front().moved);
    stand.refuse();
    EXPECT_TRUE(stand.writes().empty());
    stand.pass(pause);
    ASSERT_EQ(stand.writes().size(), 1U);
    ASSERT_TRUE(stand.writes().front().moved);
    EXPECT_EQ(stand.writes().front().moved->front().heard, "elsewhere");
    stand.answer_all();
    stand.pass(pause);
    EXPECT_TRUE(stand.writes().empty());
}

TEST(Seat, WhoAsksForVotesIsToldWhereOthersHaveMoved) {
    SeatStand stand;
    stand.hear(c, "elsewhere");
    stand.answer_all();
    const core::VoteRequest request{Index(2), Term(1), true, false};
    stand.forget();
    stand.receive(c, Term(5), request);
    EXPECT_TRUE(stand.said<core::MovedNotice>().empty()) << "that one knows";
    stand.receive(b, Term(5), request);
    ASSERT_EQ(stand.said<core::MovedNotice>().size(), 1U);
    EXPECT_EQ(stand.said<core::MovedNotice>().front(), (core::MovedNotice{c, "elsewhere"}));
}

TEST(Seat, AMemberIsLookedForWhereOthersSayUntilItSpeaks) {
    SeatStand stand;
    stand.receive(b, Term(1), core::MovedNotice{c, "elsewhere"});
    EXPECT_EQ(stand.address_of(c), "elsewhere");
    stand.answer_all();
    stand.receive(NodeId(9), Term(1), core::MovedNotice{c, "nowhere"});
    EXPECT_EQ(stand.address_of(c), "elsewhere") << "the word of no member";
    stand.hear(c, "here");
    stand.receive(b, Term(1), core::MovedNotice{c, "nowhere"});
    EXPECT_EQ(stand.address_of(c), "elsewhere") << "what it has said itself the transport knows";
    stand.forget();
    stand.receive(b, Term(5), core::VoteRequest{Index(2), Term(1), true, false});
    EXPECT_EQ(stand.said<core::MovedNotice>().front().address, "here");
}

}  // namespace
}  // namespace rafted::test
