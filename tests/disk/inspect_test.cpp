// Looking at directories that no process has open: whole, torn and damaged ones.
#include "disk/inspect.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "disk/segment.hpp"
#include "support/disk_workload.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

TEST(Inspect, ShowsWhatIsThere) {
    Groups groups;
    const auto files = finished_directory({41, 60, 3, 500}, groups);
    disk::InspectOptions options;
    options.entries = true;
    std::vector<std::string> seen;
    options.progress = [&](const std::string& file) { seen.push_back(file); };
    const auto report = disk::inspect(*files, "node", options);
    ASSERT_TRUE(report) << to_string(report.error());
    EXPECT_TRUE(report->is_whole());
    EXPECT_EQ(report->node, NodeId(4711));
    EXPECT_EQ(report->format_version, 2U);
    EXPECT_FALSE(report->segments.empty());
    for (const auto& segment : report->segments) {
        EXPECT_EQ(segment.verdict, "whole");
        EXPECT_GT(segment.frames, 0U);
        EXPECT_LE(segment.used_bytes, segment.file_bytes);
        EXPECT_NE(std::ranges::find(seen, segment.file), seen.end());
    }
    ASSERT_EQ(report->groups.size(), groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto& group = report->groups[i];
        EXPECT_EQ(group.record, groups[i].record);
        EXPECT_EQ(group.hard_state, groups[i].hard_state);
        EXPECT_EQ(group.missing, 0U);
        ASSERT_EQ(group.entry_list.size(), groups[i].entries.size());
        for (std::size_t e = 0; e < groups[i].entries.size(); ++e) {
            EXPECT_EQ(group.entry_list[e].entry, groups[i].entries[e]);
            EXPECT_EQ(group.entry_list[e].term, groups[i].entries[e].term());
        }
        EXPECT_LE(group.snapshots.size(), 2U);
        if (!groups[i].snapshot) continue;
        ASSERT_FALSE(group.snapshots.empty());
        EXPECT_EQ(group.snapshots[0].index, groups[i].snapshot->index);
        EXPECT_TRUE(group.snapshots[0].damage.empty());
    }
}

TEST(Inspect, ReportsEveryFlippedBitAndNeverFails) {
    Groups groups;
    const auto files = finished_directory({11, 20, 2, 100}, groups);
    for (const std::string& path : files->paths()) {
        const std::uint64_t size = files->contents(path).size();
        for (std::uint64_t at = 0; at < size; at += 3) {
            if (files->contents(path)[at] == std::byte{0}) continue;
            files->flip(path, at, std::byte{16});
            const auto report = disk::inspect(*files, "node");
            if (report) {
                EXPECT_FALSE(report->is_whole()) << path << " at " << at;
                const bool named = std::ranges::any_of(report->damages, [&](const auto& damage) {
                    return damage.file == path || damage.what.find(path) != std::string::npos;
                });
                EXPECT_TRUE(named) << path << " at " << at;
            } else {
                EXPECT_EQ(report.error().code, ErrorCode::wrong_version);
            }
            files->flip(path, at, std::byte{16});
        }
    }
}

TEST(Inspect, GoesOnBehindDamage) {
    sim::SimFiles files;
    {
        ports::Recovered recovered;
        auto storage = reopen(files, recovered);
        ASSERT_TRUE(storage);
        for (std::uint64_t index = 1; index <= 5; ++index) {
            ports::GroupWrite share = founding(1, "one");
            if (index > 1) share.record.reset();
            share.append = entries(1, index, index, 100);
            (*storage)->write({share}, [](const Result<void>& done) { EXPECT_TRUE(done); });
            (*storage)->write_pending();
        }
    }
    const std::string path = "node/journal/0000000000000001.log";
    {
        const auto file = files.open(path, ports::OpenMode::read);
        auto reader = disk::SegmentReader::open(**file, {path, std::nullopt, 1});
        disk::Frame frame;
        for (int i = 0; i < 3; ++i)
            ASSERT_EQ(*reader->next(frame), disk::SegmentReader::Found::frame);
        const auto block = frame.position + disk::frame_head_bytes + frame.head.records_bytes;
        ASSERT_EQ(frame.entries.at(0).index(), Index(2));
        files.flip(path, block + 60, std::byte{1});
    }
    const auto report = disk::inspect(files, "node");
    ASSERT_TRUE(report);
    ASSERT_EQ(report->groups.size(), 1U);
    EXPECT_EQ(report->groups[0].last, Index(5));
    EXPECT_EQ(report->groups[0].missing, 1U);
    EXPECT_EQ(report->segments[0].verdict, "damaged");
    EXPECT_FALSE(report->is_whole());
}

TEST(Inspect, TellsAnUnfinishedWriteFromDamage) {
    Groups groups;
    const auto files = finished_directory({11, 20, 1, 100, false}, groups);
    const std::string path = "node/journal/0000000000000001.log";
    Bytes bytes = files->contents(path);
    std::uint64_t used = bytes.size();
    while (bytes[used - 1] == std::byte{0}) --used;
    const std::uint64_t length = bytes.size();
    for (const bool is_cut_short : {false, true}) {
        bytes.resize(used - 5);
        if (!is_cut_short) bytes.resize(length);
        files->put(path, bytes);
        const auto report = disk::inspect(*files, "node");
        ASSERT_TRUE(report);
        EXPECT_EQ(report->is_whole(), !is_cut_short);
        EXPECT_EQ(report->segments[0].verdict,
                  is_cut_short ? "damaged" : "unfinished write at the end");
        EXPECT_EQ(files->contents(path), bytes) << "inspection changed the file";
    }
}

TEST(Inspect, RefusesWhatIsInUseOrNoneOfOurs) {
    sim::SimFiles files;
    ports::Recovered recovered;
    auto storage = reopen(files, recovered);
    ASSERT_TRUE(storage);
    EXPECT_EQ(disk::inspect(files, "node").error().code, ErrorCode::in_use);
    EXPECT_EQ(disk::inspect(files, "elsewhere").error().code, ErrorCode::invalid);
    files.put("other/file", {});
    EXPECT_EQ(disk::inspect(files, "other").error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace rafted::test
