// Damaged snapshots: the one before stands in, or another is fetched; what belongs to a lost log is
// in nobody's way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/disk_workload.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

const std::string newest = "node/snapshots/1/000000000000000a-0000000000000001.snap";
const std::string older = "node/snapshots/1/0000000000000005-0000000000000001.snap";

/// A group with two snapshots and entries 6 to 20.
void make_group_with_snapshots(sim::SimFiles& files) {
    ports::Recovered recovered;
    {
        auto storage = reopen(files, recovered);
        ASSERT_TRUE(storage);
        auto group = founding(1, "one");
        group.append = entries(1, 1, 20);
        (*storage)->write({group}, [](const Result<void>& done) { EXPECT_TRUE(done); });
        (*storage)->write_pending();
        save(**storage, 1, snapshot_meta(1, 5), some_bytes(5000, 5));
        save(**storage, 1, snapshot_meta(1, 10), some_bytes(5000, 10));
        ports::GroupWrite compact;
        compact.slot = 1;
        compact.compact_below = Index(6);
        (*storage)->write({compact}, [](const Result<void>& done) { EXPECT_TRUE(done); });
        (*storage)->write_pending();
    }
}

TEST(DamagedSnapshots, ADamagedSnapshotFallsBackToTheOneBeforeIt) {
    sim::SimFiles files;
    make_group_with_snapshots(files);
    ports::Recovered recovered;
    files.flip(newest, 2000, std::byte{8});
    {
        auto copy = files.copy();
        auto storage = reopen(*copy, recovered);
        ASSERT_TRUE(storage) << to_string(storage.error());
        EXPECT_EQ(recovered.groups.at(0).snapshot, snapshot_meta(1, 5));
        EXPECT_EQ(recovered.groups.at(0).entries, entries(1, 6, 20));
        ASSERT_EQ(recovered.notes.size(), 1U);
        EXPECT_NE(recovered.notes[0].find(newest), std::string::npos);
        auto source = (*storage)->open_snapshot(1);
        ASSERT_TRUE(source);
        EXPECT_EQ(read_all(**source), some_bytes(5000, 5));
    }
}

TEST(DamagedSnapshots, WithoutAWholeSnapshotTheLogIsKeptButCannotBeUsed) {
    sim::SimFiles files;
    make_group_with_snapshots(files);
    ports::Recovered recovered;
    files.flip(newest, 2000, std::byte{8});
    files.flip(older, 3000, std::byte{8});
    // Where it ends is known.
    for (int round = 0; round < 2; ++round) {
        auto storage = reopen(files, recovered);
        ASSERT_TRUE(storage) << to_string(storage.error());
        const auto& group = recovered.groups.at(0);
        EXPECT_TRUE(group.is_log_lost);
        EXPECT_EQ(group.hard_state.let_go, (core::LogPlace{Term(1), Index(20)}));
        EXPECT_TRUE(group.entries.empty());
        EXPECT_FALSE(group.snapshot);
        EXPECT_EQ(group.peers, snapshot_meta(1, 20).members.all()) << "its head is whole";
        ASSERT_EQ(recovered.notes.size(), 1U);
        for (const auto& part : {newest, older, std::string("'one'")}) {
            EXPECT_NE(recovered.notes[0].find(part), std::string::npos);
        }
    }
    {
        auto storage = reopen(files, recovered);
        ASSERT_TRUE(storage);
        ports::GroupWrite anew;
        anew.slot = 1;
        anew.let_go_log = true;
        anew.append = entries(2, 1, 30);
        (*storage)->write({anew}, [](const Result<void>& done) { EXPECT_TRUE(done); });
        save(**storage, 1, snapshot_meta(2, 25), view_of("of the new log, before that is there"));
        (*storage)->write_pending();
    }
    ASSERT_TRUE(reopen(files, recovered));
    EXPECT_FALSE(recovered.groups.at(0).is_log_lost);
    EXPECT_EQ(recovered.groups.at(0).entries, entries(2, 1, 30));
    EXPECT_EQ(recovered.groups.at(0).snapshot, snapshot_meta(2, 25));
}

TEST(DamagedSnapshots, TheSnapshotsOfALostLogAreInNobodysWay) {
    sim::SimFiles files;
    make_group_with_snapshots(files);
    ports::Recovered recovered;
    files.flip(newest, 2000, std::byte{8});
    files.flip(older, 3000, std::byte{8});
    auto storage = reopen(files, recovered);
    ASSERT_TRUE(storage && recovered.groups.at(0).is_log_lost);
    const auto open_holds = [&](const std::string& text) {
        const auto source = (*storage)->open_snapshot(1);
        return source && std::ranges::equal(read_all(**source), view_of(text));
    };
    EXPECT_FALSE((*storage)->open_snapshot(1));
    // Of the log that begins anew: older by number, and even one of the same name.
    save(**storage, 1, snapshot_meta(1, 2), view_of("at 2"));
    EXPECT_TRUE(open_holds("at 2"));
    save(**storage, 1, snapshot_meta(1, 3), view_of("at 3"));
    EXPECT_TRUE(open_holds("at 3"));
    save(**storage, 1, snapshot_meta(1, 10), view_of("at 10"));
    EXPECT_TRUE(open_holds("at 10"));
    ports::GroupWrite anew;
    anew.slot = 1;
    anew.let_go_log = true;
    anew.append = entries(2, 1, 30);
    (*storage)->write({anew}, [](const Result<void>& done) { EXPECT_TRUE(done); });
    (*storage)->write_pending();
    EXPECT_TRUE(open_holds("at 10"));
    const auto left = files.list("node/snapshots/1");
    ASSERT_TRUE(left && *left);
    EXPECT_THAT(**left,
                testing::UnorderedElementsAre(testing::EndsWith("5-0000000000000001.snap.damaged"),
                                              testing::EndsWith("3-0000000000000001.snap"),
                                              testing::EndsWith("a-0000000000000001.snap")));
}

TEST(DamagedSnapshots, WithoutSnapshotAndLogItIsNotKnownWhatWasPromised) {
    sim::SimFiles files;
    ports::Recovered recovered;
    const std::string only = "node/snapshots/1/000000000000000a-0000000000000001.snap";
    {
        auto storage = reopen(files, recovered);
        ASSERT_TRUE(storage);
        auto group = founding(1, "one");
        group.append = entries(1, 1, 10);
        (*storage)->write({group}, [](const Result<void>&) {});
        (*storage)->write_pending();
        save(**storage, 1, snapshot_meta(1, 10), some_bytes(500, 5));
        ports::GroupWrite compact;
        compact.slot = 1;
        compact.compact_below = Index(11);
        (*storage)->write({compact}, [](const Result<void>& done) { EXPECT_TRUE(done); });
        (*storage)->write_pending();
    }
    auto damaged = files.copy();
    damaged->flip(only, 100, std::byte{8});
    ASSERT_TRUE(reopen(*damaged, recovered));
    EXPECT_EQ(recovered.groups.at(0).hard_state.let_go, (core::LogPlace{Term(1), Index(10)}));
    ASSERT_TRUE(files.remove(only));
    const auto storage = reopen(files, recovered);
    ASSERT_FALSE(storage);
    EXPECT_EQ(storage.error().code, ErrorCode::corrupt);
    EXPECT_NE(storage.error().message.find("'one'"), std::string::npos);
}

TEST(DamagedSnapshots, ASourceNeverGivesWrongBytes) {
    sim::SimFiles files;
    ports::Recovered recovered;
    auto storage = reopen(files, recovered);
    ASSERT_TRUE(storage);
    (*storage)->write({founding(1, "one")}, [](const Result<void>&) {});
    (*storage)->write_pending();
    const Bytes bytes = some_bytes(2000, 7);
    save(**storage, 1, snapshot_meta(1, 1), bytes);
    const std::string path = "node/snapshots/1/0000000000000001-0000000000000001.snap";
    const std::uint64_t size = files.contents(path).size();
    for (std::uint64_t at = 0; at < size; ++at) {
        files.flip(path, at, std::byte(1U << (at % 8)));
        auto source = (*storage)->open_snapshot(1);
        if (source) {
            const auto read = (*source)->read(0, bytes.size());
            ASSERT_FALSE(read.has_value()) << at;
            EXPECT_EQ(read.error().code, ErrorCode::corrupt);
        } else {
            EXPECT_TRUE(source.error().code == ErrorCode::corrupt ||
                        source.error().code == ErrorCode::wrong_version);
        }
        files.flip(path, at, std::byte(1U << (at % 8)));
    }
    for (std::uint64_t cut = 0; cut < size; ++cut) {
        const Bytes whole = files.contents(path);
        files.put(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)));
        EXPECT_FALSE((*storage)->open_snapshot(1)) << cut;
        files.put(path, whole);
    }
}

}  // namespace
}  // namespace rafted::test
