// Directories that this format's first program has written, in tests/golden: every later program
// must read them, or say in docs/format.md which it does not. With RAFTED_WRITE_GOLDEN=DIR the
// directory of the present format is written anew to DIR, for a new version.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/disk_workload.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

namespace fs = std::filesystem;

std::string golden_dir(std::uint32_t version) {
    return RAFTED_SOURCE_DIR "/tests/golden/" + std::to_string(version);
}

void load(sim::SimFiles& files, const std::string& from) {
    for (const auto& item : fs::recursive_directory_iterator(from)) {
        if (!item.is_regular_file()) continue;
        std::ifstream in(item.path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        files.put("node/" + fs::relative(item.path(), from).string(), copy_of(view_of(text)));
    }
}

void store(const sim::SimFiles& files, const fs::path& to) {
    for (const std::string& path : files.paths()) {
        if (path.ends_with("lock")) continue;
        const fs::path target = to / path.substr(std::string("node/").size());
        fs::create_directories(target.parent_path());
        const Bytes bytes = files.contents(path);
        std::ofstream(target, std::ios::binary) << text_of(bytes);
    }
}

core::Entry golden_entry(std::uint64_t term, std::uint64_t index) {
    return core::Entry::make({Term(term), Index(index), core::EntryKind::command,
                              core::LogTime(static_cast<std::int64_t>(1000 + index))},
                             view_of("entry " + std::to_string(index)));
}

/// More than one block of a snapshot, in few bytes.
Bytes large_value() {
    Bytes bytes(300'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i / 3000);
    return bytes;
}

/// One of each: entries of two terms, a hard state with all it may hold, members that have moved,
/// two snapshots, a group that was removed, more than one segment.
void write_golden(sim::SimFiles& files) {
    auto options = small_options();
    options.new_node = NodeId(0x1267);
    auto storage = disk::DiskStorage::open(files, "node", options);
    ASSERT_TRUE(storage && (*storage)->recover() && (*storage)->set_cluster(ClusterId(0xC1)));
    const auto write = [&](ports::GroupWrite share) {
        (*storage)->write({std::move(share)}, [](const Result<void>& done) { EXPECT_TRUE(done); });
        (*storage)->write_pending();
    };
    ports::GroupWrite hits = founding(1, "hits");
    hits.hard_state = core::HardState{Term(2), NodeId(0x1267), {NodeId(9)}, {}};
    hits.moved = {{NodeId(7), "old:1", "new:2"}};
    hits.append = {golden_entry(1, 1)};
    write(hits);
    ports::GroupWrite gone = founding(2, "gone");
    gone.append = {golden_entry(1, 1)};
    write(gone);
    for (std::uint64_t index = 2; index <= 90; ++index) {
        ports::GroupWrite more;
        more.slot = 1;
        more.append = {golden_entry(index < 50 ? 1 : 2, index)};
        write(more);
    }
    save(**storage, 1, snapshot_meta(1, 40), view_of("the value at 40"));
    save(**storage, 1, snapshot_meta(2, 60), large_value());
    ports::GroupWrite compact;
    compact.slot = 1;
    compact.compact_below = Index(41);
    write(compact);
    ports::GroupWrite removed;
    removed.slot = 2;
    removed.record = ports::GroupRecord{2, "gone", GroupId(202), true};
    removed.hard_state = core::HardState{Term(5), NodeId(), {}, {Term(4), Index(1)}};
    write(removed);
}

void expect_golden(sim::SimFiles& files) {
    ports::Recovered recovered;
    auto storage = reopen(files, recovered);
    ASSERT_TRUE(storage) << to_string(storage.error());
    EXPECT_EQ(recovered.node, NodeId(0x1267));
    EXPECT_EQ(recovered.cluster, ClusterId(0xC1));
    EXPECT_TRUE(recovered.notes.empty()) << recovered.notes.front();
    ASSERT_EQ(recovered.groups.size(), 2U);
    const auto& hits = recovered.groups[0];
    EXPECT_EQ(hits.record.name, "hits");
    EXPECT_FALSE(hits.record.removed);
    EXPECT_EQ(hits.hard_state, (core::HardState{Term(2), NodeId(0x1267), {NodeId(9)}, {}}));
    EXPECT_EQ(hits.moved, (std::vector<ports::Moved>{{NodeId(7), "old:1", "new:2"}}));
    EXPECT_EQ(hits.snapshot, snapshot_meta(2, 60));
    ASSERT_EQ(hits.entries.size(), 50U);
    for (std::uint64_t index = 41; index <= 90; ++index) {
        EXPECT_EQ(hits.entries[static_cast<std::size_t>(index - 41)],
                  golden_entry(index < 50 ? 1 : 2, index));
    }
    const auto& gone = recovered.groups[1];
    EXPECT_TRUE(gone.record.removed);
    EXPECT_EQ(gone.hard_state, (core::HardState{Term(5), NodeId(), {}, {Term(4), Index(1)}}));
    const auto source = (*storage)->open_snapshot(1);
    ASSERT_TRUE(source) << to_string(source.error());
    EXPECT_EQ(read_all(**source), large_value());
}

TEST(Golden, EachFormatIsRead) {
    if (const char* to = std::getenv("RAFTED_WRITE_GOLDEN")) {
        sim::SimFiles files;
        write_golden(files);
        store(files, to);
    }
    for (std::uint32_t version = 2; version <= disk::format_version; ++version) {
        SCOPED_TRACE(golden_dir(version));
        ASSERT_TRUE(fs::exists(golden_dir(version) + "/identity"));
        sim::SimFiles files;
        load(files, golden_dir(version));
        expect_golden(files);
    }
}

TEST(Golden, WhatIsWrittenNowIsWhatIsKept) {
    sim::SimFiles now;
    write_golden(now);
    sim::SimFiles kept;
    load(kept, golden_dir(disk::format_version));
    for (const std::string& path : now.paths()) {
        // How snapshots are packed is zstd's own matter.
        if (path.ends_with("lock") || path.ends_with(".snap")) continue;
        if (path.ends_with(".new")) continue;
        EXPECT_EQ(now.contents(path), kept.contents(path)) << path << ": the format has changed";
    }
}

}  // namespace
}  // namespace rafted::test
