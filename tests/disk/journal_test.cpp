// The journal over many segments: rotation, entries that pin old segments, moving them, and the
// bound on what it takes up.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "support/disk_workload.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

constexpr std::uint64_t segment_bytes = 16 << 10;

class Journal : public testing::Test {
protected:
    void SetUp() override { open(); }
    void open() {
        storage_.reset();
        auto storage = reopen(files_, recovered_);
        ASSERT_TRUE(storage) << to_string(storage.error());
        storage_ = std::move(*storage);
    }
    void write(ports::GroupWrite share) {
        storage_->write({std::move(share)}, [](const Result<void>& done) {
            ASSERT_TRUE(done) << to_string(done.error());
        });
        storage_->write_pending();
    }
    void append(ports::Slot slot, std::uint64_t from, std::uint64_t to, std::size_t payload) {
        ports::GroupWrite share;
        share.slot = slot;
        share.append = entries(1, from, to, payload);
        write(std::move(share));
    }
    void compact(ports::Slot slot, std::uint64_t upto) {
        save(*storage_, slot, snapshot_meta(1, upto), some_bytes(10, 1));
        ports::GroupWrite share;
        share.slot = slot;
        share.compact_below = Index(upto + 1);
        write(std::move(share));
    }
    std::size_t segments() const {
        std::size_t count = 0;
        for (const auto& path : files_.paths()) count += path.ends_with(".log");
        return count;
    }

    sim::SimFiles files_;
    std::unique_ptr<disk::DiskStorage> storage_;
    ports::Recovered recovered_;
};

TEST_F(Journal, B38_AFollowersFilesHoldEveryEntryOnce) {
    write(founding(1, "one"));
    append(1, 2, 30, 400);
    ports::GroupWrite overwrite;
    overwrite.slot = 1;
    overwrite.truncate_from = Index(10);
    overwrite.append = entries(2, 10, 12, 400);
    write(std::move(overwrite));
    open();
    const auto& found = recovered_.groups.at(0).entries;
    ASSERT_EQ(found.size(), 12U);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].index(), Index(i + 1));
    EXPECT_EQ(found[9].term(), Term(2));
}

TEST_F(Journal, ALogOverManySegmentsComesBack) {
    write(founding(1, "one"));
    write(founding(2, "two"));
    for (std::uint64_t i = 2; i < 200; ++i) append(1 + i % 2, (i + 2) / 2, (i + 2) / 2, 900);
    EXPECT_GT(segments(), 8U);
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries.size(), 100U);
    EXPECT_EQ(recovered_.groups.at(1).entries.size(), 100U);
    EXPECT_EQ(recovered_.groups.at(1).entries.back(), entry(1, 100, 900));
}

TEST_F(Journal, ASegmentGoesAsSoonAsNothingLivesInIt) {
    write(founding(1, "one"));
    for (std::uint64_t index = 2; index <= 200; ++index) append(1, index, index, 900);
    EXPECT_GE(segments(), 10U);
    compact(1, 150);
    EXPECT_LE(segments(), 5U);
    compact(1, 200);
    append(1, 201, 201, 10);
    EXPECT_EQ(segments(), 1U);
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, 201, 201, 10));
}

TEST_F(Journal, AFewEntriesOfIdleGroupsDoNotPinItForEver) {
    constexpr ports::Slot idle = 100;
    for (ports::Slot slot = 1; slot <= idle; ++slot) {
        write(founding(slot, "idle " + std::to_string(slot)));
    }
    write(founding(1000, "busy"));
    std::uint64_t last = 1;
    for (int round = 0; round < 300; ++round) {
        append(1000, last + 1, last + 10, 300);
        last += 10;
        if (round % 5 == 4) compact(1000, last - 3);
        const std::uint64_t live = 101 * 50 + 60 * 340;
        const std::uint64_t spare_bytes = segment_bytes + small_options().journal.reserve_bytes;
        ASSERT_LE(storage_->journal_bytes(), 2 * live + 5 * segment_bytes + spare_bytes) << round;
    }
    open();
    ASSERT_EQ(recovered_.groups.size(), 101U);
    for (ports::Slot slot = 1; slot <= idle; ++slot) {
        EXPECT_EQ(recovered_.groups[slot - 1].entries, entries(1, 1, 1));
        EXPECT_EQ(recovered_.groups[slot - 1].hard_state.vote, NodeId(7));
    }
    EXPECT_EQ(recovered_.groups[100].entries.back().index(), Index(last));
    EXPECT_LE(segments(), 6U);
}

TEST_F(Journal, GroupsThatAreTouchedInEveryWriteDoNotPinItEither) {
    write(founding(1, "busy"));
    write(founding(2, "slow"));
    append(2, 2, 10, 500);  // live for ever, in the first segment
    std::uint64_t last = 1;
    std::uint64_t term = 1;
    for (int round = 0; round < 300; ++round) {
        ports::Batch batch(2);
        batch[0].slot = 1;
        batch[0].append = entries(1, last + 1, last + 10, 300);
        batch[1].slot = 2;
        batch[1].hard_state = core::HardState{Term(++term), NodeId(), {}};
        storage_->write(std::move(batch), [](const Result<void>& done) { ASSERT_TRUE(done); });
        storage_->write_pending();
        last += 10;
        if (round % 5 == 4) compact(1, last - 3);
    }
    EXPECT_LE(segments(), 6U);
    open();
    EXPECT_EQ(recovered_.groups.at(1).entries.size(), 10U);
    EXPECT_EQ(recovered_.groups.at(1).entries.back(), entry(1, 10, 500));
    EXPECT_EQ(recovered_.groups.at(1).hard_state.term, Term(term));
}

TEST_F(Journal, WhatAWriteDropsIsNotMovedByTheSameWrite) {
    write(founding(1, "busy"));
    write(founding(2, "slow"));
    append(2, 2, 60, 200);
    std::uint64_t last = 1;
    std::uint64_t term = 1;
    std::vector<core::Entry> expected = entries(1, 1, 1);
    for (const auto& e : entries(1, 2, 60, 200)) expected.push_back(e);
    for (int round = 0; round < 400; ++round) {
        ports::Batch batch(2);
        batch[0].slot = 1;
        batch[0].append = entries(1, last + 1, last + 10, 300);
        batch[1].slot = 2;
        const std::uint64_t from = 61 - static_cast<std::uint64_t>(round) % 50;
        batch[1].truncate_from = Index(from);
        batch[1].append = entries(++term, from, 60, 200);
        std::erase_if(expected, [&](const auto& e) { return e.index().value >= from; });
        expected.insert(expected.end(), batch[1].append.begin(), batch[1].append.end());
        storage_->write(std::move(batch), [](const Result<void>& done) { ASSERT_TRUE(done); });
        storage_->write_pending();
        last += 10;
        if (round % 5 == 4) compact(1, last - 3);
        if (round % 50 != 49) continue;
        open();
        ASSERT_EQ(recovered_.groups.at(1).entries, expected) << round;
    }
    EXPECT_LE(segments(), 8U);
}

TEST_F(Journal, ASnapshotAheadOfTheDurableLogStartsTheLogAnew) {
    write(founding(1, "one"));
    // Committed by the others before our own write was done, applied, and saved.
    save(*storage_, 1, snapshot_meta(1, 50), some_bytes(100, 1));
    for (int round = 0; round < 2; ++round) {
        open();
        EXPECT_EQ(recovered_.groups.at(0).snapshot, snapshot_meta(1, 50));
        EXPECT_TRUE(recovered_.groups.at(0).entries.empty());
    }
    append(1, 51, 52, 10);
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, 51, 52, 10));
}

TEST_F(Journal, AnEntryMayBeLargerThanASegment) {
    write(founding(1, "one"));
    append(1, 2, 3, 100'000);
    append(1, 4, 4, 10);
    open();
    auto expected = entries(1, 1, 1);
    for (const auto& e : entries(1, 2, 3, 100'000)) expected.push_back(e);
    expected.push_back(entry(1, 4, 10));
    EXPECT_EQ(recovered_.groups.at(0).entries, expected);
}

TEST_F(Journal, AThousandGroupsComeBack) {
    ports::Batch batch;
    for (ports::Slot slot = 1; slot <= 1000; ++slot) {
        batch.push_back(founding(slot, "group " + std::to_string(slot)));
    }
    storage_->write(std::move(batch), [](const Result<void>& done) { ASSERT_TRUE(done); });
    storage_->write_pending();
    open();
    EXPECT_EQ(recovered_.groups.size(), 1000U);
}

TEST_F(Journal, B41_ExactlyTwoSnapshotsAreKept) {
    write(founding(1, "one"));
    const auto count = [&] {
        std::vector<std::string> names;
        for (const auto& path : files_.paths()) {
            if (path.starts_with("node/snapshots/1/")) names.push_back(path);
        }
        return names;
    };
    for (std::uint64_t index = 1; index <= 12; ++index) {
        save(*storage_, 1, snapshot_meta(1, index), some_bytes(100, 1));
        ASSERT_EQ(count().size(), std::min<std::uint64_t>(index, 2));
    }
    EXPECT_EQ(count()[0], "node/snapshots/1/000000000000000b-0000000000000001.snap");
    EXPECT_EQ(count()[1], "node/snapshots/1/000000000000000c-0000000000000001.snap");
}

TEST_F(Journal, B36_FourRestartsChangeNothing) {
    const Workload work = make_workload({31, 60, 3, 500});
    storage_.reset();
    sim::SimFiles files;
    run_workload(files, work);
    for (int restart = 0; restart < 4; ++restart) {
        ports::Recovered recovered;
        ASSERT_TRUE(reopen(files, recovered));
        EXPECT_EQ(recovered.groups, work.states.back());
        EXPECT_TRUE(recovered.notes.empty());
        EXPECT_EQ(recovered.node, NodeId(4711));
    }
}

/// What of the disk is in use by the journal, by path.
std::map<std::string, std::uint64_t> journal_files(const sim::SimFiles& files) {
    std::map<std::string, std::uint64_t> found;
    for (const auto& path : files.paths()) {
        if (path.starts_with("node/journal/")) found[path] = files.contents(path).size();
    }
    return found;
}

const std::string spare = "node/journal/spare.log.new";

/// A group whose log grows by one entry at a time.
class Growing : public Journal {
protected:
    void SetUp() override {
        Journal::SetUp();
        write(founding(1, "one"));
    }
    void grow() {
        ++last_;
        append(1, last_, last_, 900);
    }
    void grow_until_prepared() {
        while (!storage_->prepare_segment()) grow();
    }
    bool has_spare() const { return journal_files(files_).contains(spare); }

    std::uint64_t last_ = 1;
};

TEST_F(Growing, TheNextSegmentIsWrittenBeforeItIsNeeded) {
    EXPECT_FALSE(storage_->prepare_segment()) << "it is small yet";
    grow_until_prepared();
    EXPECT_FALSE(storage_->prepare_segment());
    const std::uint64_t size = files_.contents(spare).size();
    EXPECT_GE(size, segment_bytes);
    // The first grows as it is written, so the better one takes its place at once.
    grow();
    ASSERT_EQ(segments(), 2U);
    EXPECT_FALSE(has_spare());
    EXPECT_EQ(journal_files(files_).rbegin()->second, size);
    // One that was prepared is used to its end.
    grow_until_prepared();
    grow();
    EXPECT_EQ(segments(), 2U);
    while (segments() < 3) grow();
    EXPECT_FALSE(has_spare());
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries.size(), last_);
    EXPECT_TRUE(recovered_.notes.empty());
}

TEST_F(Growing, ADeadSegmentBecomesTheNextOne) {
    std::uint64_t used = 0;
    for (int round = 0; round < 60; ++round) {
        grow_until_prepared();
        grow();
        compact(1, last_ - 1);
        ASSERT_LE(segments(), 2U);
        used = std::max(used, round < 10 ? files_.used_bytes() : 0);
        ASSERT_LE(files_.used_bytes(), used + segment_bytes);
    }
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, last_, last_, 900));
}

TEST_F(Growing, WithoutSpaceForTheNextSegmentItIsTriedAgainWithTheOneAfter) {
    while (last_ < 9) grow();
    files_.set_faults({.capacity = files_.used_bytes() + 1'000});
    EXPECT_TRUE(storage_->prepare_segment());
    EXPECT_FALSE(has_spare()) << "the space is needed elsewhere";
    files_.set_faults({});
    grow();
    EXPECT_FALSE(storage_->prepare_segment());
    while (segments() < 2) grow();
    grow_until_prepared();
    EXPECT_TRUE(has_spare());
}

TEST(JournalOptions, OutOfRangeIsRefusedByName) {
    disk::JournalOptions options;
    EXPECT_TRUE(options.validate());
    options.segment_bytes = 100;
    const auto refused = options.validate();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_EQ(refused.error().message, "segment_bytes is 100, allowed is 16384 to 1073741824");
}

}  // namespace
}  // namespace rafted::test
