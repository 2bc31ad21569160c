// The contract of ports/storage.hpp, sentence by sentence, on every implementation.
#include <mutex>

#include "support/storage_contract.hpp"

namespace rafted::test {
namespace {

using ports::Batch;
using ports::GroupWrite;

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

INSTANTIATE_TEST_SUITE_P(On, DurableStorageContract, testing::Values(on_disk, on_memory_files),
                         name_of_kind);
INSTANTIATE_TEST_SUITE_P(On, StorageContract, testing::Values(on_disk, on_memory_files, in_memory),
                         name_of_kind);

}  // namespace
}  // namespace rafted::test
