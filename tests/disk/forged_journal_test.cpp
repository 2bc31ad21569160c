// Records that make no sense in frames whose checksums are right: refused with a clear error, and
// looked through by inspection, at no more cost than their bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/codec.hpp"
#include "disk/image.hpp"
#include "disk/inspect.hpp"
#include "support/disk_workload.hpp"
#include "support/forged_journal.hpp"

namespace rafted::test {
namespace {

using namespace disk;
using testing::HasSubstr;

constexpr ports::Slot slot = 9;

struct Outcome {
    Result<void> opened;
    Result<DirectoryReport> inspected;
};

/// A directory whose journal is one segment: a group, then these records.
Outcome outcome_of(const std::vector<Record>& records) {
    sim::SimFiles files;
    files.put("node/identity", encode(Identity{NodeId(4711), {}}));
    std::vector<Record> all{CheckpointBegins{}, GroupChanged{{slot, "group", GroupId(9), false}}};
    all.insert(all.end(), records.begin(), records.end());
    const ForgedFrame frame{bytes_of(all), {}};
    files.put("node/journal/" + segment_name(7),
              forged_segment({NodeId(4711), 7, 100}, std::span(&frame, 1)));
    auto inspected = inspect(files, "node", {.entries = true, .snapshots = true, .progress = {}});
    ports::Recovered recovered;
    const auto storage = reopen(files, recovered);
    if (storage) return {{}, std::move(inspected)};
    return {std::unexpected(storage.error()), std::move(inspected)};
}

void expect_refused(const std::vector<Record>& records, const std::string& why) {
    const auto [opened, inspected] = outcome_of(records);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
    EXPECT_THAT(opened.error().message, HasSubstr(why));
    ASSERT_TRUE(inspected) << to_string(inspected.error());
    EXPECT_FALSE(inspected->is_whole());
}

TEST(ForgedJournal, WhatMakesSenseIsTaken) {
    EXPECT_TRUE(outcome_of({LogRange{slot, Index(1), 0, {}, {}}}).opened);
}

TEST(ForgedJournal, AWideRangeOfEntriesThatNeverTurnUpCostsNothing) {
    constexpr std::uint64_t count = core::max_index.value;
    std::vector<Record> records;
    for (ports::Slot other = slot; other < slot + 1'000; ++other) {
        records.emplace_back(GroupChanged{{other, "group", GroupId(other), false}});
        records.emplace_back(LogRange{other, Index(1), count, {}, {}});
    }
    expect_refused(records, "entries 1..9223372036854775808 are missing");
    const auto [opened, inspected] = outcome_of(records);
    ASSERT_EQ(inspected->groups.size(), 1'000U);
    EXPECT_EQ(inspected->groups[0].missing, count);
    EXPECT_EQ(inspected->groups[0].entry_list.size(), 10'000U);
}

TEST(ForgedJournal, AFrameThatSaysNothingIsRefused) {
    sim::SimFiles files;
    files.put("node/identity", encode(Identity{NodeId(4711), {}}));
    const std::vector<Record> begin{CheckpointBegins{}};
    const std::vector<Record> nothing{ZeroSectors{1}};
    const std::vector<ForgedFrame> frames{{bytes_of(begin), {}}, {bytes_of(nothing), {}}};
    files.put("node/journal/" + segment_name(7), forged_segment({NodeId(4711), 7, 0}, frames));
    ports::Recovered recovered;
    EXPECT_FALSE(reopen(files, recovered));
    EXPECT_TRUE(inspect(files, "node"));
}

TEST(ForgedJournal, IndexesThatWouldWrapAreRefused) {
    constexpr Index last{UINT64_MAX};
    expect_refused({LogRange{slot, Index(0), 0, {}, {}}}, "the log's range makes no sense");
    expect_refused({LogRange{slot, last, 5, {}, {}}}, "the log's range makes no sense");
    expect_refused({LogRange{slot, Index(2), core::max_index.value, {}, {}}}, "the log's range");
    expect_refused({LogRange{slot, Index(1), 0, last, Term(1)}}, "its snapshot's index");
    expect_refused({SnapshotInstalled{slot, last, Term(1), true}}, "its snapshot's index");
    BlockRef block;
    block.size = core::Entry::header_bytes;
    expect_refused({Appended{slot, last, Term(1), false, {block}}}, "");
    expect_refused({Appended{slot, core::max_index, Term(1), false, {block, block}}}, "cannot be");
    expect_refused({Compacted{slot, last}}, "compacted below");
}

TEST(ForgedJournal, TheHighestSnapshotMakesACheckpointThatIsTaken) {
    const std::vector<Record> records{GroupChanged{{slot, "group", GroupId(9), false}},
                                      SnapshotInstalled{slot, core::max_index, Term(1), true}};
    for (const bool lenient : {false, true}) {
        Image image(lenient);
        ASSERT_TRUE(image.apply({records, {}, 1}));
        const auto checkpoint = image.checkpoint();
        Image again(lenient);
        EXPECT_TRUE(again.apply({checkpoint, {}, 2}));
        EXPECT_EQ(again.checkpoint(), checkpoint);
    }
}

}  // namespace
}  // namespace rafted::test
