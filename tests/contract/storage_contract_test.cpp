// The contract of ports/storage.hpp, sentence by sentence, on every implementation.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

using ports::Batch;
using ports::GroupWrite;

struct Kind {
    const char* name;
    std::unique_ptr<StorageWorld> (*make)();
};

class StorageContract : public testing::TestWithParam<Kind> {
protected:
    void SetUp() override {
        world_ = GetParam().make();
        reopen();
    }
    void reopen() {
        if (storage_) storage_->close();
        storage_.reset();
        storage_ = world_->open();
        ASSERT_NE(storage_, nullptr);
        auto recovered = storage_->recover();
        ASSERT_TRUE(recovered.has_value()) << to_string(recovered.error());
        recovered_ = std::move(*recovered);
    }
    void write(GroupWrite write) {
        const auto done = write_and_wait(*storage_, std::move(write));
        ASSERT_TRUE(done.has_value()) << to_string(done.error());
    }
    GroupWrite append(ports::Slot slot, std::vector<core::Entry> entries) {
        GroupWrite write;
        write.slot = slot;
        write.append = std::move(entries);
        return write;
    }
    bool durable() const { return world_->is_durable(); }

    std::unique_ptr<StorageWorld> world_;
    std::unique_ptr<ports::Storage> storage_;
    ports::Recovered recovered_;
};

TEST_P(StorageContract, ANewPlaceIsANodeOfItsOwnWithoutGroups) {
    EXPECT_TRUE(recovered_.node);
    EXPECT_FALSE(recovered_.cluster);
    EXPECT_TRUE(recovered_.groups.empty());
    EXPECT_TRUE(recovered_.notes.empty());
    const NodeId first = recovered_.node;
    reopen();
    EXPECT_EQ(recovered_.node == first, durable());
}

TEST_P(StorageContract, TheClusterIsSetOnceAndForGood) {
    EXPECT_TRUE(storage_->set_cluster(ClusterId(5)));
    EXPECT_TRUE(storage_->set_cluster(ClusterId(5)));
    const auto other = storage_->set_cluster(ClusterId(6));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::wrong_cluster);
    reopen();
    EXPECT_EQ(recovered_.cluster, durable() ? ClusterId(5) : ClusterId());
}

TEST_P(StorageContract, WhatWasAnsweredIsThereAgain) {
    write(founding(1, "one"));
    write(founding(2, "two"));
    write(append(1, entries(1, 2, 40)));
    GroupWrite vote;
    vote.slot = 2;
    vote.hard_state =
        core::HardState{Term(9), NodeId(3), {NodeId(4), NodeId(5)}, {Term(8), Index(7)}};
    write(vote);
    if (!durable()) return;
    reopen();
    ASSERT_EQ(recovered_.groups.size(), 2U);
    EXPECT_EQ(recovered_.groups[0].record, record(1, "one"));
    EXPECT_EQ(recovered_.groups[0].entries, entries(1, 1, 40));
    EXPECT_EQ(recovered_.groups[0].hard_state.term, Term(1));
    EXPECT_EQ(recovered_.groups[1].hard_state, *vote.hard_state);
    EXPECT_EQ(recovered_.groups[1].entries, entries(1, 1, 1));
    EXPECT_FALSE(recovered_.groups[1].snapshot);
}

TEST_P(StorageContract, AGroupsShareIsPerformedInFieldOrder) {
    write(founding(1, "one"));
    write(append(1, entries(1, 2, 10)));
    GroupWrite all;
    all.slot = 1;
    all.record = record(1, "uno");
    all.hard_state = core::HardState{Term(2), NodeId(), {}};
    all.truncate_from = Index(5);
    all.append = entries(2, 5, 7);
    write(all);
    if (!durable()) return;
    reopen();
    auto expected = entries(1, 1, 4);
    for (const auto& e : entries(2, 5, 7)) expected.push_back(e);
    EXPECT_EQ(recovered_.groups.at(0).entries, expected);
    EXPECT_EQ(recovered_.groups.at(0).record.name, "uno");
    EXPECT_EQ(recovered_.groups.at(0).hard_state.term, Term(2));
}

TEST_P(StorageContract, WhoHasMovedIsToldAgainAsTheLastWordWas) {
    const auto moved = [this](ports::Slot slot, std::vector<ports::Moved> members) {
        GroupWrite news;
        news.slot = slot;
        news.moved = std::move(members);
        write(std::move(news));
    };
    const std::vector<ports::Moved> two{{NodeId(2), "b:1", "b:2"}, {NodeId(3), "c:1", "c:2"}};
    for (const ports::Slot slot : {1U, 2U, 3U}) {
        write(founding(slot, std::to_string(slot)));
        moved(slot, two);
    }
    moved(2, {});
    GroupWrite removal;
    removal.slot = 3;
    removal.record = record(3, "3");
    removal.record->removed = true;
    write(removal);
    // So much that the first segments are gone, and only a checkpoint can have told it.
    for (std::uint64_t index = 2; index <= 40; ++index) {
        write(append(2, entries(1, index, index, 10'000)));
        GroupWrite compaction;
        compaction.slot = 2;
        compaction.compact_below = Index(index);
        write(compaction);
    }
    save(*storage_, 2, snapshot_meta(1, 39), some_bytes(10, 1));
    if (!durable()) return;
    reopen();
    ASSERT_EQ(recovered_.groups.size(), 3U);
    EXPECT_EQ(recovered_.groups[0].moved, two);
    EXPECT_TRUE(recovered_.groups[1].moved.empty());
    EXPECT_TRUE(recovered_.groups[2].moved.empty());
}

TEST_P(StorageContract, EveryWriteIsAnsweredOnceAndInOrder) {
    write(founding(1, "one"));
    std::mutex mutex;
    std::vector<std::uint64_t> order;
    constexpr std::uint64_t last = 200;
    for (std::uint64_t index = 2; index <= last; ++index) {
        Batch batch{append(1, entries(1, index, index))};
        storage_->write(std::move(batch), [&, index](const Result<void>& done) {
            EXPECT_TRUE(done.has_value());
            const std::lock_guard hold(mutex);
            order.push_back(index);
        });
    }
    storage_->close();  // answers all that waits
    ASSERT_EQ(order.size(), last - 1);
    EXPECT_TRUE(std::ranges::is_sorted(order));
    if (!durable()) return;
    reopen();
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, 1, last));
}

TEST_P(StorageContract, AfterCloseWritesAreRefusedAsStopped) {
    storage_->close();
    const auto done = write_and_wait(*storage_, founding(1, "one"));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::stopped);
}

TEST_P(StorageContract, ASnapshotIsGivenBackAsItWasTaken) {
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

TEST_P(StorageContract, AnEmptySnapshotIsASnapshot) {
    write(founding(1, "one"));
    save(*storage_, 1, snapshot_meta(1, 1), {});
    auto source = storage_->open_snapshot(1);
    ASSERT_TRUE(source);
    EXPECT_EQ((*source)->size(), 0U);
}

TEST_P(StorageContract, WithoutCommitNothingOfASnapshotRemains) {
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

TEST_P(StorageContract, B42_TheNewestSnapshotIsTheOneWithTheHighestIndex) {
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

TEST_P(StorageContract, ASourceStaysReadableWhileItLives) {
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

TEST_P(StorageContract, ReceivedPiecesBecomeASnapshotAndTheLogRestarts) {
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

TEST_P(StorageContract, TheLogStaysIfItHoldsTheReceivedSnapshotsLastEntry) {
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

TEST_P(StorageContract, PiecesOutOfPlaceAreIgnoredAndOffsetZeroStartsOver) {
    write(founding(1, "one"));
    const auto sender = world_in_memory()->open();
    const Bytes bytes = some_bytes(5'000, 3);
    save(*sender, 1, snapshot_meta(2, 20), bytes);
    auto source = sender->open_snapshot(1);
    const auto pieces = pieces_of(**source, 1000);
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

TEST_P(StorageContract, ASnapshotThatDoesNotVerifyIsCorruptAndLeavesNothing) {
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

TEST_P(StorageContract, BesideOneThatDoesNotVerifyNoSnapshotCounts) {
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

TEST_P(StorageContract, B40_MemoryAndDiskExchangeSnapshotsBothWays) {
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

TEST_P(StorageContract, CompactionDropsWhatASnapshotCovers) {
    write(founding(1, "one"));
    write(append(1, entries(1, 2, 20)));
    save(*storage_, 1, snapshot_meta(1, 15), some_bytes(10, 1));
    GroupWrite compact;
    compact.slot = 1;
    compact.compact_below = Index(12);
    write(compact);
    if (!durable()) return;
    reopen();
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, 12, 20));
    EXPECT_EQ(recovered_.groups.at(0).snapshot, snapshot_meta(1, 15));
}

TEST_P(StorageContract, OfARemovedGroupOnlyTheHardStateIsKept) {
    write(founding(1, "one"));
    write(append(1, entries(1, 2, 20)));
    save(*storage_, 1, snapshot_meta(1, 15), some_bytes(10, 1));
    GroupWrite removal;
    removal.slot = 1;
    removal.record = record(1, "one");
    removal.record->removed = true;
    write(removal);
    EXPECT_FALSE(storage_->open_snapshot(1));
    if (!durable()) return;
    reopen();
    ASSERT_EQ(recovered_.groups.size(), 1U);
    EXPECT_TRUE(recovered_.groups[0].record.removed);
    EXPECT_TRUE(recovered_.groups[0].entries.empty());
    EXPECT_FALSE(recovered_.groups[0].snapshot);
    EXPECT_EQ(recovered_.groups[0].hard_state.term, Term(1));
}

TEST_P(StorageContract, SnapshotsAreSavedBesideRunningWrites) {
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

/// Of a storage that keeps a log, which a memory-only one does not.
class DurableStorageContract : public StorageContract {};

TEST_P(DurableStorageContract, WhatDoesNotFitTheLogIsRefused) {
    write(founding(1, "one"));
    std::vector<GroupWrite> bad(5);
    for (auto& share : bad) share.slot = 1;
    bad[0].append = entries(1, 4, 4);  // a gap
    bad[1].append = entries(1, 1, 1);  // there already
    bad[2].compact_below = Index(9);   // beyond the end
    bad[3].slot = 2;                   // no such group
    bad[3].append = entries(1, 1, 1);
    bad[4].record = record(3, "other");
    for (auto& share : bad) {
        Batch batch{append(1, entries(1, 2, 2)), std::move(share)};
        const auto done = write_and_wait(*storage_, std::move(batch));
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, ErrorCode::invalid) << done.error().message;
    }
    write(append(1, entries(1, 2, 5)));
    reopen();
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, 1, 5));
}

INSTANTIATE_TEST_SUITE_P(On, DurableStorageContract,
                         testing::Values(Kind{"Disk", world_on_disk},
                                         Kind{"SimFiles", world_on_memory_files}),
                         [](const auto& kind) { return std::string(kind.param.name); });
INSTANTIATE_TEST_SUITE_P(On, StorageContract,
                         testing::Values(Kind{"Disk", world_on_disk},
                                         Kind{"SimFiles", world_on_memory_files},
                                         Kind{"Memory", world_in_memory}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace rafted::test
