// A backup's directory: what is not whole is never taken for a backup, whatever stopped it.
#include <gtest/gtest.h>

#include "disk/backup_dir.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

using disk::BackupManifest;
using disk::BackupReader;
using disk::BackupWriter;
using Loss = sim::SimFiles::Loss;

const Bytes whole_value = some_bytes(700'000, 5);

BackupManifest manifest_of(const Bytes& bytes) {
    disk::StreamChecksum sum;
    sum.add(bytes);
    return {ClusterId(1),         NodeId(2),        GroupId(3),   "hits",
            snapshot_meta(4, 50), core::LogTime(6), bytes.size(), sum.value()};
}

Result<void> make(ports::Files& files, const BackupManifest& manifest) {
    auto writer = BackupWriter::create(files, "backup");
    if (!writer) return std::unexpected(writer.error());
    constexpr std::size_t piece = 100'000;
    for (std::size_t at = 0; at < whole_value.size(); at += piece) {
        auto done = writer->write(BytesView(whole_value).subspan(at, piece));
        if (!done) return done;
    }
    return writer->finish(manifest);
}

Result<Bytes> read(ports::Files& files) {
    const auto reader = BackupReader::open(files, "backup");
    if (!reader) return std::unexpected(reader.error());
    Bytes bytes;
    auto whole = reader->read([&](BytesView piece) {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return Result<void>{};
    });
    if (!whole) return std::unexpected(whole.error());
    return bytes;
}

ErrorCode code_of_reading(ports::Files& files) {
    const auto bytes = read(files);
    return bytes ? ErrorCode::busy : bytes.error().code;
}

TEST(BackupDir, GivesBackWhatWasPutIn) {
    sim::SimFiles files;
    ASSERT_TRUE(make(files, manifest_of(whole_value)));
    EXPECT_EQ(read(files), whole_value);
    EXPECT_EQ(BackupReader::open(files, "backup")->manifest(), manifest_of(whole_value));
    const auto again = make(files, manifest_of(whole_value));
    ASSERT_FALSE(again) << "a backup is never overwritten";
    EXPECT_EQ(again.error().code, ErrorCode::invalid);
}

TEST(BackupDir, HoldsTheBytesThatTheFormatPageShows) {
    core::SnapshotMeta meta;
    meta.index = Index(3);
    meta.term = Term(2);
    const Bytes bytes = encode(BackupManifest{ClusterId(0xc), NodeId(0xd), GroupId(0xe), "hits",
                                              meta, core::LogTime(1), 5, 0xab});
    Reader in(bytes);
    EXPECT_EQ(text_of(in.raw(8)), "RFTDBKUP");
    EXPECT_EQ(in.number<std::uint32_t>(), 1U);
    EXPECT_EQ(in.number<std::uint64_t>(), 0xcU);
    EXPECT_EQ(in.number<std::uint64_t>(), 0xdU);
    EXPECT_EQ(in.number<std::uint64_t>(), 0xeU);
    EXPECT_EQ(in.text(), "hits");
    EXPECT_GT(in.blob().size(), 100U);
    EXPECT_EQ(in.number<std::int64_t>(), 1);
    EXPECT_EQ(in.number<std::uint64_t>(), 5U);
    EXPECT_EQ(in.number<std::uint64_t>(), 0xabU);
    in.number<std::uint64_t>();
    EXPECT_TRUE(in.complete());
}

TEST(BackupDir, WhatDidNotArriveWholeIsRefusedAndRemoved) {
    sim::SimFiles files;
    BackupManifest other = manifest_of(whole_value);
    other.checksum ^= 1;
    EXPECT_EQ(make(files, other).error().code, ErrorCode::corrupt);
    EXPECT_TRUE(files.paths().empty());
    other = manifest_of(whole_value);
    ++other.bytes;
    EXPECT_EQ(make(files, other).error().code, ErrorCode::corrupt);
    EXPECT_TRUE(files.paths().empty());
}

TEST(BackupDir, AFullDiskLeavesNothing) {
    sim::SimFiles files;
    files.set_faults({.capacity = 400'000});
    EXPECT_EQ(make(files, manifest_of(whole_value)).error().code, ErrorCode::disk_full);
    EXPECT_TRUE(files.paths().empty());
    files.set_faults({});
    EXPECT_TRUE(make(files, manifest_of(whole_value)));
}

TEST(BackupDir, APowerCutAtAnyChangeLeavesAWholeOneOrNone) {
    std::uint64_t changes = 0;
    {
        sim::SimFiles files;
        ASSERT_TRUE(make(files, manifest_of(whole_value)));
        changes = files.changes();
    }
    ASSERT_GT(changes, 10U);
    std::uint64_t whole = 0;
    for (std::uint64_t after = 0; after <= changes; ++after) {
        for (const Loss loss : {Loss::everything, Loss::nothing, Loss::any_sector}) {
            sim::SimFiles files;
            files.set_faults({.stop_after = after});
            const auto made = make(files, manifest_of(whole_value));
            files.crash(loss, after);
            const auto found = read(files);
            if (found) {
                EXPECT_EQ(found, whole_value);
                ++whole;
            } else {
                EXPECT_FALSE(made) << "it was said to be whole";
            }
        }
    }
    EXPECT_GT(whole, 0U);
}

TEST(BackupDir, OneBitAnywhereIsFound) {
    sim::SimFiles files;
    ASSERT_TRUE(make(files, manifest_of(whole_value)));
    for (std::uint64_t at = 0; at < whole_value.size(); at += 99'991) {
        files.flip("backup/value", at, std::byte{4});
        EXPECT_EQ(code_of_reading(files), ErrorCode::corrupt) << "byte " << at;
        files.flip("backup/value", at, std::byte{4});
    }
    const Bytes manifest = files.contents("backup/manifest");
    for (std::uint64_t at = 0; at < manifest.size(); ++at) {
        files.flip("backup/manifest", at, std::byte{4});
        const ErrorCode code = code_of_reading(files);
        const bool is_version = at >= 8 && at < 12;
        EXPECT_EQ(code, is_version ? ErrorCode::wrong_version : ErrorCode::corrupt) << at;
        files.flip("backup/manifest", at, std::byte{4});
    }
    for (std::size_t size = 0; size < manifest.size(); ++size) {
        Bytes cut = manifest;
        cut.resize(size);
        files.put("backup/manifest", cut);
        EXPECT_EQ(code_of_reading(files), ErrorCode::corrupt) << size;
    }
    files.put("backup/manifest", manifest);
    Bytes longer = whole_value;
    longer.push_back({});
    files.put("backup/value", longer);
    EXPECT_EQ(code_of_reading(files), ErrorCode::corrupt);
    files.put("backup/value", whole_value);
    EXPECT_EQ(read(files), whole_value);
}

}  // namespace
}  // namespace rafted::test
