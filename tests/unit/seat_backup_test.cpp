// A seat that is asked for backups: a snapshot is made when none covers what is wanted, and what is
// held is bounded and let go.
#include <gtest/gtest.h>

#include "core/codec.hpp"
#include "ports/backup.hpp"
#include "rafted/codec.hpp"
#include "support/member_stand.hpp"
#include "support/seat_stand.hpp"

namespace rafted::test {
namespace {

using Answer = std::optional<Result<Bytes>>;
using std::chrono::seconds;

const Term one(1);
constexpr seconds patience{30};

class BackupSeat : public testing::Test {
protected:
    /// Entries up to this one are there, committed and applied.
    void grow_to(Index last) {
        for (Index i = next_; i <= last; ++i) {
            const Term before = i == Index(2) ? Term() : one;
            stand_.receive(b, one, append_after(i - 1, before, {addition(one, i)}, i));
        }
        next_ = last + 1;
        stand_.answer_all();
        stand_.run_value();
        ASSERT_EQ(stand_.applied(), last);
    }
    std::shared_ptr<Answer> ask(RequestKind kind, Bytes body) {
        auto answer = std::make_shared<Answer>();
        stand_.request({kind, "tally", patience, std::move(body)},
                       [answer](Result<Bytes> result) { *answer = std::move(result); });
        return answer;
    }
    std::shared_ptr<Answer> begin(Index at_least = {}) {
        return ask(RequestKind::begin_backup, encode(ports::BackupWanted{at_least}));
    }
    std::shared_ptr<Answer> read(std::uint64_t ticket, std::uint64_t offset) {
        auto answer =
            ask(RequestKind::read_backup, encode(ports::BackupPiece{ticket, offset, 1 << 20}));
        stand_.run_backups();
        return answer;
    }
    /// What is asked for is frozen, written, put in place and opened.
    void make_snapshot() {
        stand_.run_value();
        stand_.run_snapshots();
        stand_.run_snapshots();
        stand_.answer_all();
        stand_.run_backups();
    }
    static ports::HeldBackup held(const std::shared_ptr<Answer>& answer) {
        if (!*answer || !**answer) return {};
        return decode<ports::HeldBackup>(***answer).value_or(ports::HeldBackup{});
    }
    static Index index_of(const ports::HeldBackup& backup) {
        Reader in(backup.meta);
        return core::decode_snapshot_meta(in).index;
    }

    SeatStand stand_;
    Index next_{2};
};

TEST_F(BackupSeat, ASnapshotIsMadeOfWhatIsApplied) {
    grow_to(Index(5));
    const auto answer = begin();
    EXPECT_FALSE(*answer);
    make_snapshot();
    const auto backup = held(answer);
    EXPECT_EQ(index_of(backup), Index(5));
    EXPECT_EQ(backup.name, "tally");
    EXPECT_EQ(backup.node, a);
    const auto bytes = read(backup.ticket, 0);
    ASSERT_TRUE(*bytes && **bytes);
    EXPECT_EQ((**bytes)->size(), backup.bytes);
    const auto none = read(backup.ticket, backup.bytes);
    ASSERT_TRUE(*none && **none);
    EXPECT_TRUE((**none)->empty());
}

TEST_F(BackupSeat, OneThatCoversWhatIsWantedIsNotMadeAgain) {
    grow_to(Index(5));
    const auto first = begin();
    make_snapshot();
    const auto second = begin();
    stand_.run_backups();
    EXPECT_EQ(index_of(held(second)), Index(5));
    EXPECT_NE(held(second).ticket, held(first).ticket);
}

TEST_F(BackupSeat, AMemberThatLagsIsWaitedFor) {
    grow_to(Index(5));
    const auto answer = begin(Index(8));
    make_snapshot();
    EXPECT_FALSE(*answer);
    grow_to(Index(9));
    make_snapshot();
    EXPECT_EQ(index_of(held(answer)), Index(9));
}

TEST_F(BackupSeat, WhatWaitsForTooLongIsTold) {
    const auto answer = begin(Index(100));
    stand_.pass(patience - seconds(4));
    EXPECT_FALSE(*answer);
    stand_.pass(seconds(1));
    ASSERT_TRUE(*answer && !**answer);
    EXPECT_EQ((*answer)->error().code, ErrorCode::timeout);
    EXPECT_NE((*answer)->error().message.find("entry 100"), std::string::npos);
}

TEST_F(BackupSeat, ADiskWithoutRoomIsTold) {
    grow_to(Index(5));
    stand_.let_saves_fail(true);
    const auto answer = begin();
    make_snapshot();
    ASSERT_TRUE(*answer && !**answer);
    EXPECT_EQ((*answer)->error().code, ErrorCode::disk_full);
    stand_.let_saves_fail(false);
    stand_.pass(seconds(10));
    const auto again = begin();
    make_snapshot();
    EXPECT_EQ(index_of(held(again)), Index(5));
}

TEST_F(BackupSeat, ItStaysReadableWhenNewerOnesReplaceIt) {
    grow_to(Index(5));
    const auto answer = begin();
    make_snapshot();
    const auto before = read(held(answer).ticket, 0);
    for (const Index last : {Index(6), Index(7), Index(8)}) {
        grow_to(last);
        const auto newer = begin(last);
        make_snapshot();
        ASSERT_EQ(index_of(held(newer)), last);
    }
    const auto after = read(held(answer).ticket, 0);
    ASSERT_TRUE(*after && **after);
    EXPECT_EQ(***after, ***before);
}

TEST_F(BackupSeat, WhatNobodyReadsIsLetGo) {
    grow_to(Index(5));
    const auto answer = begin();
    make_snapshot();
    const std::uint64_t ticket = held(answer).ticket;
    stand_.pass(seconds(59));
    const auto in_time = read(ticket, 0);
    EXPECT_TRUE(*in_time && **in_time);
    stand_.pass(seconds(61));
    const auto late = read(ticket, 0);
    ASSERT_TRUE(*late && !**late);
    EXPECT_EQ((*late)->error().code, ErrorCode::invalid);
}

TEST_F(BackupSeat, NoMoreThanEightAreUnderWay) {
    grow_to(Index(5));
    std::vector<std::shared_ptr<Answer>> answers;
    for (std::size_t i = 0; i < host::BackupDesk::max_backups; ++i) answers.push_back(begin());
    make_snapshot();
    const auto refused = begin();
    ASSERT_TRUE(*refused && !**refused);
    EXPECT_EQ((*refused)->error().code, ErrorCode::busy);
    EXPECT_TRUE(*ask(RequestKind::end_backup, encode(held(answers.front()).ticket)));
    const auto next = begin();
    stand_.run_backups();
    EXPECT_EQ(index_of(held(next)), Index(5));
}

TEST_F(BackupSeat, WhoeverWaitsIsToldOfTheEnd) {
    const auto answer = begin(Index(100));
    stand_.stop();
    ASSERT_TRUE(*answer && !**answer);
    EXPECT_EQ((*answer)->error().code, ErrorCode::stopped);
}

TEST_F(BackupSeat, RequestsWithoutSenseAreRefused) {
    for (const RequestKind kind :
         {RequestKind::begin_backup, RequestKind::read_backup, RequestKind::end_backup}) {
        const auto answer = ask(kind, Bytes(3));
        ASSERT_TRUE(*answer && !**answer);
        EXPECT_EQ((*answer)->error().code, ErrorCode::invalid);
    }
}

}  // namespace
}  // namespace rafted::test
