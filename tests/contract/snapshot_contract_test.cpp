// The contract of ports/storage.hpp for snapshots, on every implementation.
#include <algorithm>
#include <thread>

#include "support/storage_contract.hpp"

namespace rafted::test {
namespace {

using ports::Batch;
using ports::GroupWrite;

class SnapshotContract : public StorageContract {};

TEST_P(SnapshotContract, ASnapshotIsGivenBackAsItWasTaken) {
    write(founding(1, "one"));
    const auto none = storage_->open_snapshot(1);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::no_such_group);
    const Bytes bytes = some_bytes(700'000, 5);
    save(*storage_, 1, snapshot_meta(1, 1), bytes);
    for (int round = 0; round < (durable() ? 2 : 1); ++round) {
        auto source = storage_->open_snapshot(1);
        ASSERT_TRUE(source) << to_string(source.error());
        EXPECT_EQ((*source)->meta(), snapshot_meta(1, 1));
        EXPECT_EQ((*source)->size(), bytes.size());
        EXPECT_EQ(read_all(**source, 100'001), bytes);
        EXPECT_EQ(*(*source)->read(262'140, 8),
                  Bytes(bytes.begin() + 262'140, bytes.begin() + 262'148));
        EXPECT_EQ((*source)->read(bytes.size(), 10)->size(), 0U);
        EXPECT_EQ((*source)->read(bytes.size() + 99, 10)->size(), 0U);
        EXPECT_EQ((*source)->read(bytes.size() - 3, 10)->size(), 3U);
        if (durable()) reopen();
    }
}

TEST_P(SnapshotContract, WhatTravelsCanBeReadFromAnyOffset) {
    write(founding(1, "one"));
    save(*storage_, 1, snapshot_meta(1, 1), some_bytes(700'000, 5));
    auto source = storage_->open_snapshot(1);
    ASSERT_TRUE(source);
    const std::uint64_t size = (*source)->packed_size();
    const auto whole = (*source)->read_packed(0, size + 1);
    ASSERT_TRUE(whole);
    ASSERT_EQ(whole->size(), size);
    for (const std::uint64_t at : {std::uint64_t{1}, size / 3, size / 2, size - 2}) {
        const auto part = (*source)->read_packed(at, 5'000);
        ASSERT_TRUE(part);
        ASSERT_EQ(part->size(), std::min<std::uint64_t>(5'000, size - at));
        EXPECT_TRUE(std::equal(part->begin(), part->end(), whole->begin() + static_cast<long>(at)));
    }
    EXPECT_EQ((*source)->read_packed(size, 10)->size(), 0U);
    EXPECT_EQ((*source)->read_packed(size + 99, 10)->size(), 0U);
}

TEST_P(SnapshotContract, AnEmptySnapshotIsASnapshot) {
    write(founding(1, "one"));
    save(*storage_, 1, snapshot_meta(1, 1), {});
    auto source = storage_->open_snapshot(1);
    ASSERT_TRUE(source);
    EXPECT_EQ((*source)->size(), 0U);
}

TEST_P(SnapshotContract, WithoutCommitNothingOfASnapshotRemains) {
    write(founding(1, "one"));
    {
        auto sink = storage_->save_snapshot(1, snapshot_meta(1, 1));
        ASSERT_TRUE(sink);
        ASSERT_TRUE((*sink)->write(some_bytes(600'000, 1)));
    }
    EXPECT_FALSE(storage_->open_snapshot(1));
    reopen();
    EXPECT_FALSE(storage_->open_snapshot(1));
}

TEST_P(SnapshotContract, B42_TheNewestSnapshotIsTheOneWithTheHighestIndex) {
    write(founding(1, "one"));
    for (const std::uint64_t index : {9U, 100U, 99U, 255U, 256U, 1000U}) {
        save(*storage_, 1, snapshot_meta(1, index), some_bytes(100, index));
    }
    for (int round = 0; round < (durable() ? 2 : 1); ++round) {
        auto source = storage_->open_snapshot(1);
        ASSERT_TRUE(source);
        EXPECT_EQ((*source)->meta().index, Index(1000));
        EXPECT_EQ(read_all(**source), some_bytes(100, 1000));
        if (durable()) reopen();
    }
    if (!durable()) return;
    EXPECT_EQ(recovered_.groups.at(0).snapshot, snapshot_meta(1, 1000));
}

TEST_P(SnapshotContract, ASourceStaysReadableWhileItLives) {
    write(founding(1, "one"));
    const Bytes bytes = some_bytes(600'000, 5);
    save(*storage_, 1, snapshot_meta(1, 1), bytes);
    auto source = storage_->open_snapshot(1);
    ASSERT_TRUE(source);
    for (std::uint64_t index = 2; index < 6; ++index) {
        save(*storage_, 1, snapshot_meta(1, index), some_bytes(100, index));
    }
    EXPECT_EQ(read_all(**source, 4096), bytes);
}

TEST_P(SnapshotContract, ReceivedPiecesBecomeASnapshotAndTheLogRestarts) {
    write(founding(1, "one"));
    write(append(1, entries(1, 2, 10)));
    const auto sender = world_in_memory()->open();
    const Bytes bytes = some_bytes(50'000, 3);
    save(*sender, 9, snapshot_meta(4, 100), bytes);
    auto source = sender->open_snapshot(9);
    for (auto& piece : pieces_of(**source, 7'000)) {
        GroupWrite write;
        write.slot = 1;
        write.pieces.push_back(std::move(piece));
        const auto done = write_and_wait(*storage_, std::move(write));
        ASSERT_TRUE(done) << to_string(done.error());
    }
    write(append(1, entries(4, 101, 103)));
    auto received = storage_->open_snapshot(1);
    ASSERT_TRUE(received);
    EXPECT_EQ((*received)->meta(), snapshot_meta(4, 100));
    EXPECT_EQ((*received)->checksum(), (*source)->checksum());
    EXPECT_EQ(read_all(**received), bytes);
    if (!durable()) return;
    reopen();
    EXPECT_EQ(recovered_.groups.at(0).snapshot, snapshot_meta(4, 100));
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(4, 101, 103));
}

TEST_P(SnapshotContract, TheLogStaysIfItHoldsTheReceivedSnapshotsLastEntry) {
    write(founding(1, "one"));
    write(append(1, entries(1, 2, 10)));
    const auto sender = world_in_memory()->open();
    save(*sender, 1, snapshot_meta(1, 7), some_bytes(100, 3));
    auto source = sender->open_snapshot(1);
    GroupWrite share;
    share.slot = 1;
    share.pieces = pieces_of(**source, 1000);
    write(std::move(share));
    EXPECT_TRUE(storage_->open_snapshot(1));
    if (!durable()) return;
    reopen();
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, 1, 10));
    EXPECT_EQ(recovered_.groups.at(0).snapshot, snapshot_meta(1, 7));
}

TEST_P(SnapshotContract, PiecesOutOfPlaceAreIgnoredAndOffsetZeroStartsOver) {
    write(founding(1, "one"));
    const auto sender = world_in_memory()->open();
    const Bytes bytes = some_bytes(5'000, 3);
    save(*sender, 1, snapshot_meta(2, 20), bytes);
    auto source = sender->open_snapshot(1);
    const auto pieces = pieces_of(**source, (*source)->packed_size() / 5 + 1);
    ASSERT_EQ(pieces.size(), 5U);
    for (const std::size_t at : {1U, 0U, 1U, 3U, 1U, 0U, 1U, 2U, 2U, 3U, 4U, 4U}) {
        GroupWrite share;
        share.slot = 1;
        share.pieces.push_back(pieces[at]);
        write(std::move(share));
    }
    auto received = storage_->open_snapshot(1);
    ASSERT_TRUE(received);
    EXPECT_EQ(read_all(**received), bytes);
}

TEST_P(SnapshotContract, PiecesOfTwoSendersDoNotBecomeOneSnapshot) {
    write(founding(1, "one"));
    const auto sender = world_in_memory()->open();
    const auto other = world_in_memory()->open();
    save(*sender, 1, snapshot_meta(2, 20), some_bytes(5'000, 3));
    save(*other, 1, snapshot_meta(2, 20), some_bytes(5'000, 4));  // the same value, in other bytes
    auto pieces = pieces_of(**sender->open_snapshot(1), 1'000);
    const auto others = pieces_of(**other->open_snapshot(1), 1'000);
    std::ranges::copy(others.begin() + 3, others.end(), pieces.begin() + 3);
    GroupWrite mixed;
    mixed.slot = 1;
    mixed.pieces = std::move(pieces);
    const auto done = write_and_wait(*storage_, std::move(mixed));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::corrupt);
    GroupWrite share;
    share.slot = 1;
    share.pieces = others;
    write(std::move(share));
    EXPECT_EQ(read_all(**storage_->open_snapshot(1)), some_bytes(5'000, 4));
}

TEST_P(SnapshotContract, ASnapshotThatDoesNotVerifyIsCorruptAndLeavesNothing) {
    write(founding(1, "one"));
    const auto sender = world_in_memory()->open();
    save(*sender, 1, snapshot_meta(2, 20), some_bytes(5'000, 3));
    auto source = sender->open_snapshot(1);
    for (const int fault : {0, 1, 2}) {
        auto pieces = pieces_of(**source, 1000);
        if (fault == 0) pieces[2].data[17] ^= std::byte{4};
        if (fault == 1) pieces[4].checksum ^= 1;
        if (fault == 2) pieces.erase(pieces.begin() + 1);
        GroupWrite share;
        share.slot = 1;
        share.hard_state = core::HardState{Term(7), NodeId(), {}};
        share.pieces = std::move(pieces);
        const auto done = write_and_wait(*storage_, std::move(share));
        ASSERT_FALSE(done) << fault;
        EXPECT_EQ(done.error().code, ErrorCode::corrupt);
        EXPECT_FALSE(storage_->open_snapshot(1));
    }
    if (!durable()) return;
    reopen();
    EXPECT_FALSE(recovered_.groups.at(0).snapshot);
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, 1, 1));
    EXPECT_EQ(recovered_.groups.at(0).hard_state.term, Term(7));  // the rest of the batch
}

TEST_P(SnapshotContract, BesideOneThatDoesNotVerifyNoSnapshotCounts) {
    write(founding(1, "one"));
    write(founding(2, "two"));
    const auto sender = world_in_memory()->open();
    Batch batch;
    for (const ports::Slot slot : {1U, 2U}) {
        save(*sender, slot, snapshot_meta(2, 20), some_bytes(5'000, 3));
        GroupWrite share;
        share.slot = slot;
        share.pieces = pieces_of(**sender->open_snapshot(slot), 10'000);
        batch.push_back(std::move(share));
    }
    const Batch right = batch;
    batch[1].pieces.front().checksum ^= 1;
    const auto done = write_and_wait(*storage_, std::move(batch));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::corrupt);
    // Both members are told the same: the log of each goes on where it was.
    for (const ports::Slot slot : {1U, 2U}) {
        EXPECT_FALSE(storage_->open_snapshot(slot)) << slot;
        write(append(slot, entries(1, 2, 2)));
    }
    ASSERT_TRUE(write_and_wait(*storage_, right));
    for (const ports::Slot slot : {1U, 2U}) EXPECT_TRUE(storage_->open_snapshot(slot)) << slot;
    if (!durable()) return;
    reopen();
    for (const auto& group : recovered_.groups) {
        EXPECT_EQ(group.snapshot, snapshot_meta(2, 20));
        EXPECT_TRUE(group.entries.empty());
    }
}

TEST_P(SnapshotContract, B40_MemoryAndDiskExchangeSnapshotsBothWays) {
    const Bytes bytes = some_bytes(700'000, 8);
    for (const bool to_memory : {true, false}) {
        auto other = world_in_memory()->open();
        ASSERT_TRUE(other->recover());
        ports::Storage& from = to_memory ? *storage_ : *other;
        ports::Storage& to = to_memory ? *other : *storage_;
        ASSERT_TRUE(write_and_wait(from, founding(4, "four")));
        ASSERT_TRUE(write_and_wait(to, founding(5, "five")));
        save(from, 4, snapshot_meta(2, 30), bytes);
        auto source = from.open_snapshot(4);
        ASSERT_TRUE(source);
        GroupWrite share;
        share.slot = 5;
        share.pieces = pieces_of(**source, 65'536);
        ASSERT_TRUE(write_and_wait(to, std::move(share)));
        auto received = to.open_snapshot(5);
        ASSERT_TRUE(received);
        EXPECT_EQ(read_all(**received, 50'000), bytes);
        EXPECT_EQ((*received)->meta(), snapshot_meta(2, 30));
    }
}

TEST_P(SnapshotContract, SnapshotsAreSavedBesideRunningWrites) {
    write(founding(1, "one"));
    std::thread saver([this] {
        for (std::uint64_t index = 1; index <= 20; ++index) {
            save(*storage_, 1, snapshot_meta(1, index), some_bytes(20'000, index));
        }
    });
    for (std::uint64_t index = 2; index <= 100; ++index) {
        write(append(1, entries(1, index, index)));
    }
    saver.join();
    auto source = storage_->open_snapshot(1);
    ASSERT_TRUE(source);
    EXPECT_EQ(read_all(**source), some_bytes(20'000, 20));
}

INSTANTIATE_TEST_SUITE_P(On, SnapshotContract, testing::Values(on_disk, on_memory_files, in_memory),
                         name_of_kind);

}  // namespace
}  // namespace rafted::test
