// Bit rot, torn tails, swapped, stale and foreign files: found every time, never taken for data,
// and never mistaken for an unfinished write (or the other way round).
#include <gtest/gtest.h>

#include <algorithm>

#include "disk/inspect.hpp"
#include "disk/segment.hpp"
#include "support/disk_workload.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

constexpr WorkloadShape small{11, 25, 2, 120};
const std::string journal_dir = "node/journal/";

/// Files that hold something, without the lock.
std::vector<std::string> files_of(const sim::SimFiles& files) {
    std::vector<std::string> paths;
    for (const std::string& path : files.paths()) {
        if (!files.contents(path).empty()) paths.push_back(path);
    }
    return paths;
}

std::uint64_t used_bytes(const sim::SimFiles& files, const std::string& path) {
    const Bytes bytes = files.contents(path);
    std::uint64_t end = bytes.size();
    while (end > 0 && bytes[end - 1] == std::byte{0}) --end;
    return end;
}

std::vector<std::string> segments_of(const sim::SimFiles& files) {
    std::vector<std::string> paths;
    for (const std::string& path : files.paths()) {
        if (path.starts_with(journal_dir) && path.ends_with(".log")) paths.push_back(path);
    }
    return paths;
}

std::uint64_t last_frame_of(sim::SimFiles& files, const std::string& path) {
    const auto file = files.open(path, ports::OpenMode::read);
    const auto number = disk::segment_number(path.substr(path.size() - 20));
    auto reader = disk::SegmentReader::open(**file, {path, std::nullopt, *number});
    disk::Frame frame;
    std::uint64_t last = 0;
    while (*reader->next(frame) == disk::SegmentReader::Found::frame) last = frame.position;
    return last;
}

/// All is as it was, but for entries that are outlines of what they were; how many of those.
std::size_t expect_same_or_outlined(const Groups& found, const Groups& before) {
    std::size_t outlines = 0;
    EXPECT_EQ(found.size(), before.size());
    for (const auto& group : found) {
        const auto& was = *std::ranges::find(before, group.record.slot,
                                             [](const auto& g) { return g.record.slot; });
        EXPECT_EQ(group.record, was.record);
        if (group.is_log_lost) continue;
        EXPECT_EQ(group.hard_state, was.hard_state);
        EXPECT_EQ(group.moved, was.moved);
        // What is damaged below the snapshot is let go with all before it.
        EXPECT_LE(group.entries.size(), was.entries.size());
        const auto skipped = was.entries.size() - group.entries.size();
        for (std::size_t i = 0; i < group.entries.size(); ++i) {
            const core::Entry& entry = was.entries[skipped + i];
            EXPECT_TRUE(group.entries[i].is_same_as(entry));
            EXPECT_TRUE(!group.entries[i].is_whole() || group.entries[i] == entry);
            outlines += group.entries[i].is_whole() ? 0U : 1U;
        }
        const bool is_covered = group.entries.empty() || group.snapshot;
        EXPECT_TRUE(skipped == 0 || is_covered);
    }
    return outlines;
}

std::string name_in(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

TEST(Damage, B33_EveryFlippedBitIsFoundAndCostsNoMoreThanAnEntrysBytes) {
    Groups groups;
    const auto files = finished_directory(small, groups);
    std::size_t found = 0;
    std::size_t outlined = 0;
    for (const std::string& path : files_of(*files)) {
        const bool is_journal = path.starts_with(journal_dir);
        const std::uint64_t size = used_bytes(*files, path);
        for (std::uint64_t at = 0; at < size; ++at) {
            SCOPED_TRACE(path + " at " + std::to_string(at));
            auto copy = files->copy();
            copy->flip(path, at, std::byte(1U << (at % 8)));
            ports::Recovered recovered;
            const auto storage = reopen(*copy, recovered);
            if (!storage) {
                EXPECT_TRUE(path.ends_with("identity")) << to_string(storage.error());
                const auto code = storage.error().code;
                EXPECT_TRUE(code == ErrorCode::corrupt || code == ErrorCode::wrong_version);
                EXPECT_NE(storage.error().message.find(name_in(path)), std::string::npos)
                    << storage.error().message;
                ++found;
                continue;
            }
            outlined += expect_same_or_outlined(recovered.groups, groups);
            if (!recovered.notes.empty()) ++found;
            EXPECT_TRUE(!is_journal || !recovered.notes.empty());
        }
    }
    EXPECT_GT(found, 3000U);
    EXPECT_GT(outlined, 100U);
}

TEST(Damage, WhatStandsTwiceIsMended) {
    Groups groups;
    const auto files = finished_directory(small, groups);
    const std::string path = segments_of(*files).back();
    const std::uint64_t size = used_bytes(*files, path);
    for (std::uint64_t at = 0; at < size; ++at) {
        auto copy = files->copy();
        copy->flip(path, at, std::byte(1U << (at % 8)));
        ports::Recovered first;
        ASSERT_TRUE(reopen(*copy, first)) << at;
        if (expect_same_or_outlined(first.groups, groups) > 0) continue;
        ports::Recovered second;
        ASSERT_TRUE(reopen(*copy, second)) << at;
        // A damaged entry below a snapshot stays as it is, and is let go.
        const bool is_let_go = first.notes.front().find("entry") != std::string::npos;
        EXPECT_TRUE(second.notes.empty() || is_let_go) << at << ": " << second.notes.front();
    }
}

TEST(Damage, B31_B34_ALogNotWrittenFromAnyByteOnGivesWhatWasWholeBefore) {
    const Workload work = make_workload({5, 14, 1, 200, false});
    sim::SimFiles files;
    run_workload(files, work);
    const auto segments = segments_of(files);
    ASSERT_EQ(segments.size(), 1U);
    const Bytes whole = files.contents(segments[0]);
    const std::uint64_t used = used_bytes(files, segments[0]);
    std::size_t at_state = 0;
    // The header and the first checkpoint are there before the segment has its name.
    for (std::uint64_t cut = 64 + 96; cut <= used; ++cut) {
        SCOPED_TRACE(cut);
        auto copy = files.copy();
        Bytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
        bytes.resize(whole.size());
        copy->put(segments[0], bytes);
        ports::Recovered recovered;
        const auto storage = reopen(*copy, recovered);
        ASSERT_TRUE(storage) << to_string(storage.error());
        while (at_state < work.states.size() && work.states[at_state] != recovered.groups) {
            ++at_state;
        }
        ASSERT_LT(at_state, work.states.size());
    }
    EXPECT_GT(at_state, 8U);
}

/// The room for a frame is durable before the frame is begun: whatever a file has lost at its end
/// may have been acknowledged, down to the last frame.
TEST(Damage, AFileThatWasCutShortIsNoUnfinishedWrite) {
    Groups groups;
    const auto files = finished_directory({21, 20, 2, 600, false}, groups);
    const std::string path = segments_of(*files).back();
    const Bytes whole = files->contents(path);
    const std::uint64_t used = used_bytes(*files, path);
    ASSERT_GE(whole.size(), used + 32);
    for (std::uint64_t cut = 0; cut < used + 40; ++cut) {
        SCOPED_TRACE(cut);
        auto copy = files->copy();
        copy->put(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)));
        const auto report = disk::inspect(*copy, "node");
        ASSERT_TRUE(report) << to_string(report.error());
        ports::Recovered recovered;
        const auto storage = reopen(*copy, recovered);
        if (cut >= used + 32) {
            EXPECT_TRUE(report->damages.empty());
            ASSERT_TRUE(storage) << to_string(storage.error());
            EXPECT_EQ(recovered.groups, groups);
            continue;
        }
        ASSERT_FALSE(report->damages.empty());
        EXPECT_EQ(report->damages[0].file, path);
        ASSERT_FALSE(storage);
        EXPECT_EQ(storage.error().code, ErrorCode::corrupt);
        EXPECT_NE(storage.error().message.find(name_in(path)), std::string::npos);
    }
    auto both = files->copy();
    both->put(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(used)));
    both->flip(path, 64, std::byte{1});
    const auto report = disk::inspect(*both, "node");
    ASSERT_TRUE(report);
    EXPECT_TRUE(std::ranges::any_of(report->damages, [](const auto& damage) {
        return damage.what.find("cut short") != std::string::npos;
    })) << "another damage, by which nothing is lost, hides it";
}

TEST(Damage, TornSectorsOfTheLastFrameAreCutOffAndDamageIsNot) {
    sim::SimFiles files;
    {
        ports::Recovered recovered;
        auto storage = reopen(files, recovered);
        ASSERT_TRUE(storage);
        (*storage)->write({founding(1, "one")}, [](const Result<void>&) {});
        (*storage)->write_pending();
        ports::GroupWrite write;
        write.slot = 1;
        write.append = entries(1, 2, 3, 2000);
        (*storage)->write({write}, [](const Result<void>&) {});
        (*storage)->write_pending();
    }
    const std::string path = segments_of(files).at(0);
    const Bytes whole = files.contents(path);
    const std::uint64_t used = used_bytes(files, path);
    const std::uint64_t last_frame = last_frame_of(files, path);
    const std::uint64_t first_sector = last_frame / 512;
    const std::uint64_t sectors = (used + 511) / 512 - first_sector;
    ASSERT_GE(sectors, 8U);
    ASSERT_LE(sectors, 10U);
    for (std::uint64_t lost = 1; lost < (1U << sectors); ++lost) {
        Bytes bytes = whole;
        for (std::uint64_t i = 0; i < sectors; ++i) {
            if ((lost >> i) % 2 == 0) continue;
            const std::uint64_t from = std::max((first_sector + i) * 512, last_frame);
            const std::uint64_t to = std::min((first_sector + i + 1) * 512, used);
            std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                      bytes.begin() + static_cast<std::ptrdiff_t>(to), std::byte{0});
        }
        auto copy = files.copy();
        copy->put(path, bytes);
        ports::Recovered recovered;
        const auto storage = reopen(*copy, recovered);
        ASSERT_TRUE(storage) << lost << ": " << to_string(storage.error());
        ASSERT_EQ(recovered.groups.at(0).entries, entries(1, 1, 1));
        const bool all_lost = lost == (1U << sectors) - 1;
        ASSERT_EQ(recovered.notes.size(), all_lost ? 0U : 1U) << lost;
    }
    auto copy = files.copy();
    copy->flip(path, used - 1000, std::byte{1});
    ports::Recovered recovered;
    const auto storage = reopen(*copy, recovered);
    ASSERT_TRUE(storage) << to_string(storage.error());
    const auto& held = recovered.groups.at(0).entries;
    ASSERT_EQ(held.size(), 3U);
    EXPECT_TRUE(held[1].is_whole());
    EXPECT_FALSE(held[2].is_whole());
    ASSERT_EQ(recovered.notes.size(), 1U);
    EXPECT_NE(recovered.notes[0].find("entry 3"), std::string::npos);
    EXPECT_NE(recovered.notes[0].find("'one'"), std::string::npos);
}

TEST(Damage, ZerosThatWereWrittenAreNoUnfinishedWrite) {
    sim::SimFiles files;
    const Bytes zeros(3000, std::byte{0});
    const core::Entry entry =
        core::Entry::make({Term(1), Index(1), core::EntryKind::command, {}}, zeros);
    {
        ports::Recovered recovered;
        auto storage = reopen(files, recovered);
        ASSERT_TRUE(storage);
        auto write = founding(1, "one");
        write.append = {entry};
        (*storage)->write({write}, [](const Result<void>& done) { EXPECT_TRUE(done); });
        (*storage)->write_pending();
    }
    const std::string path = segments_of(files).at(0);
    const std::uint64_t end = used_bytes(files, path);
    const std::uint64_t begin = last_frame_of(files, path);
    // Any bit of the entry, also one that makes a sector of zeros something else.
    for (std::uint64_t at = end - 3000; at < end - 200; at += 7) {
        auto copy = files.copy();
        copy->flip(path, at, std::byte{4});
        ports::Recovered recovered;
        const auto storage = reopen(*copy, recovered);
        ASSERT_TRUE(storage) << to_string(storage.error());
        ASSERT_EQ(recovered.groups.at(0).entries.size(), 1U) << at;
        EXPECT_TRUE(recovered.groups.at(0).entries[0].is_same_as(entry));
        EXPECT_FALSE(recovered.groups.at(0).entries[0].is_whole());
    }
    // A sector of it that holds something was never written: head, or foot.
    for (const std::uint64_t sector : {(begin + 40) / 512, (end - 1) / 512}) {
        Bytes bytes = files.contents(path);
        for (std::uint64_t at = std::max(sector * 512, begin); at < (sector + 1) * 512; ++at) {
            bytes[at] = std::byte{0};
        }
        auto copy = files.copy();
        copy->put(path, bytes);
        ports::Recovered recovered;
        ASSERT_TRUE(reopen(*copy, recovered));
        EXPECT_TRUE(recovered.groups.empty() || recovered.groups.at(0).entries.empty());
    }
}

TEST(Damage, ZeroedStaleAndMisdirectedBlocksAreFound) {
    Groups groups;
    const auto files = finished_directory({21, 60, 2, 900}, groups);
    const auto segments = segments_of(*files);
    ASSERT_GE(segments.size(), 2U);
    for (const bool in_last : {false, true}) {
        const std::string& path = in_last ? segments.back() : segments.front();
        const Bytes other = files->contents(in_last ? segments.front() : segments.back());
        // Zeros in the very last frame are an unfinished write; before it they are not.
        const std::uint64_t end = in_last ? last_frame_of(*files, path) : used_bytes(*files, path);
        for (std::uint64_t at = 0; at + 1024 <= end; at += 512) {
            for (const int kind : {0, 1, 2}) {
                SCOPED_TRACE(path + " at " + std::to_string(at) + " kind " + std::to_string(kind));
                Bytes bytes = files->contents(path);
                const auto target = bytes.begin() + static_cast<std::ptrdiff_t>(at);
                const auto next = target + 512;
                if (kind == 0) std::fill(target, next, std::byte{0});
                if (kind == 1) std::copy(next, next + 512, target);  // the neighbour's
                if (kind == 2 && at + 512 <= other.size()) {
                    std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(at), 512, target);
                }
                if (bytes == files->contents(path)) continue;
                auto copy = files->copy();
                copy->put(path, bytes);
                ports::Recovered recovered;
                const auto storage = reopen(*copy, recovered);
                if (storage) {
                    EXPECT_FALSE(recovered.notes.empty());
                    expect_same_or_outlined(recovered.groups, groups);
                } else {
                    EXPECT_EQ(storage.error().code, ErrorCode::corrupt);
                }
            }
        }
    }
}

TEST(Damage, AZeroedUnitBeforeTheLastFrameIsFound) {
    Groups groups;
    const auto files = finished_directory({21, 60, 2, 900}, groups);
    const std::string path = segments_of(*files).back();
    const std::uint64_t end = last_frame_of(*files, path);
    for (std::uint64_t at = 0; at < end; at += 32) {
        Bytes bytes = files->contents(path);
        const auto target = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        std::fill(target, target + 32, std::byte{0});
        if (bytes == files->contents(path)) continue;
        auto copy = files->copy();
        copy->put(path, bytes);
        ports::Recovered recovered;
        ASSERT_TRUE(reopen(*copy, recovered)) << at;
        EXPECT_FALSE(recovered.notes.empty()) << at;
        expect_same_or_outlined(recovered.groups, groups);
    }
}

TEST(Damage, SwappedMissingAndForeignFilesAreFound) {
    Groups groups;
    const auto files = finished_directory({21, 60, 2, 900, false}, groups);
    const auto segments = segments_of(*files);
    ASSERT_GE(segments.size(), 3U);
    const auto refusal = [](sim::SimFiles& damaged) {
        ports::Recovered recovered;
        const auto storage = reopen(damaged, recovered);
        EXPECT_FALSE(storage);
        return storage ? std::string() : to_string(storage.error());
    };
    {
        auto copy = files->copy();
        copy->put(segments[0], files->contents(segments[1]));
        copy->put(segments[1], files->contents(segments[0]));
        EXPECT_NE(refusal(*copy).find("swapped"), std::string::npos);
    }
    for (std::size_t gone = 0; gone < segments.size(); ++gone) {
        auto copy = files->copy();
        ASSERT_TRUE(copy->remove(segments[gone]));
        ports::Recovered recovered;
        const auto storage = reopen(*copy, recovered);
        ASSERT_FALSE(storage) << gone;
        EXPECT_EQ(storage.error().code, ErrorCode::corrupt);
        EXPECT_NE(storage.error().message.find("missing"), std::string::npos);
    }
    {
        auto copy = files->copy();
        sim::SimFiles other;
        auto options = small_options();
        options.new_node = NodeId(666);
        {
            ASSERT_TRUE(disk::DiskStorage::open(other, "node", options));
        }
        copy->put("node/identity", other.contents("node/identity"));
        EXPECT_NE(refusal(*copy).find("belongs to node"), std::string::npos);
    }
    {
        auto copy = files->copy();
        for (const auto& path : segments) ASSERT_TRUE(copy->remove(path));
        EXPECT_NE(refusal(*copy).find("journal has been lost"), std::string::npos);
    }
}

}  // namespace
}  // namespace rafted::test
