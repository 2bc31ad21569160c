// The bytes of the directory's files: what is written is read back, and nothing else is.
#include "disk/format.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "disk/snapshot_file.hpp"
#include "disk/snapshots.hpp"
#include "support/bytes_file.hpp"

namespace rafted::disk {
namespace {

std::vector<Record> all_records() {
    return {CheckpointBegins{},
            GroupChanged{{3, "group", GroupId(9), true}},
            HardStateSet{3, {Term(2), NodeId(3), {NodeId(4), NodeId(5)}}},
            HardStateSet{3, {Term(2), NodeId(3), {NodeId(4)}, {Term(2), Index(9)}}},
            LogRange{3, Index(4), 5, Index(3), Term(2)},
            Truncated{3, Index(8)},
            Compacted{3, Index(6)},
            SnapshotInstalled{3, Index(9), Term(3), true},
            Appended{3, Index(10), Term(4), true, {{core::EntryKind::members, 50, 1}, {{}, 60, 2}}},
            SegmentClosed{},
            MembersMoved{3, {{NodeId(4), "a:1", "b:2"}, {NodeId(5), "", "c:3"}}},
            ZeroSectors{7}};
}

Bytes bytes_of(const std::vector<Record>& records) {
    Writer out;
    for (const Record& record : records) encode(out, record);
    return out.take();
}

TEST(DiskFormat, B31_EveryRecordGoesRoundAndTrailingBytesAreNotTaken) {
    const auto records = all_records();
    EXPECT_EQ(decode_records(bytes_of(records)), records);
    for (const Record& record : records) {
        EXPECT_EQ(decode_records(bytes_of({record})), std::vector<Record>{record});
        auto longer = bytes_of({record});
        longer.push_back(std::byte{0});  // no record has type 0
        EXPECT_EQ(decode_records(longer), std::nullopt);
    }
}

TEST(DiskFormat, B32_RecordsCutShortAreRefused) {
    for (const Record& record : all_records()) {
        const Bytes whole = bytes_of({record});
        for (std::size_t n = 1; n < whole.size(); ++n) {
            EXPECT_EQ(decode_records(BytesView(whole).first(n)), std::nullopt);
        }
    }
}

TEST(DiskFormat, B33_NonsenseIsRefused) {
    for (const auto type : {std::byte{0}, std::byte{13}, std::byte{255}}) {
        Bytes bytes = bytes_of({Truncated{3, Index(8)}});
        bytes[0] = type;
        EXPECT_EQ(decode_records(bytes), std::nullopt);
    }
    const Appended small{1, Index(1), Term(1), false, {{{}, 39, 1}}};
    EXPECT_EQ(decode_records(bytes_of({small})), std::nullopt);
    Bytes many = bytes_of({Appended{1, Index(1), Term(1), false, {}}});
    std::fill(many.end() - 4, many.end(), std::byte{0xFF});  // four billion blocks
    EXPECT_EQ(decode_records(many), std::nullopt);
}

TEST(DiskFormat, AFramesEndsAreOnlyReadWhereTheyWereWritten) {
    const FrameHead head{77, 40, 5, 3};
    for (const auto end : {FrameEnd::head, FrameEnd::foot}) {
        const auto other = end == FrameEnd::head ? FrameEnd::foot : FrameEnd::head;
        const auto bytes = encode(head, end, seed_of(NodeId(1), 2, 64));
        EXPECT_EQ(decode_frame_end(bytes, end, seed_of(NodeId(1), 2, 64)), head);
        EXPECT_EQ(decode_frame_end(bytes, other, seed_of(NodeId(1), 2, 64)), std::nullopt);
        EXPECT_EQ(decode_frame_end(bytes, end, seed_of(NodeId(2), 2, 64)), std::nullopt);
        EXPECT_EQ(decode_frame_end(bytes, end, seed_of(NodeId(1), 3, 64)), std::nullopt);
        EXPECT_EQ(decode_frame_end(bytes, end, seed_of(NodeId(1), 2, 96)), std::nullopt);
        const FrameHead small{77, 40, 4, 3};  // four units do not hold 40 bytes of records twice
        EXPECT_EQ(decode_frame_end(encode(small, end, 5), end, 5), std::nullopt);
    }
}

TEST(DiskFormat, IdentityAndSegmentHeadGoRound) {
    const Identity identity{NodeId(0xABCD), ClusterId(0x1234)};
    EXPECT_EQ(encode(identity).size(), identity_bytes);
    EXPECT_EQ(decode_identity(encode(identity), "x"), identity);
    const SegmentHead head{NodeId(5), 42, 4711};
    EXPECT_EQ(encode(head).size(), segment_head_bytes);
    EXPECT_EQ(decode_segment_head(encode(head), "x"), head);
}

TEST(DiskFormat, EveryFlippedBitOfIdentityAndSegmentHeadIsFound) {
    const Bytes identity = encode(Identity{NodeId(0xABCD), ClusterId(0x1234)});
    const Bytes head = encode(SegmentHead{NodeId(5), 42, 4711});
    for (const Bytes& whole : {identity, head}) {
        for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
            Bytes bytes = whole;
            bytes[bit / 8] ^= std::byte(1U << (bit % 8));
            EXPECT_FALSE(decode_identity(bytes, "x"));
            EXPECT_FALSE(decode_segment_head(bytes, "x"));
        }
        for (std::size_t n = 0; n < whole.size(); ++n) {
            EXPECT_FALSE(decode_identity(BytesView(whole).first(n), "x"));
            EXPECT_FALSE(decode_segment_head(BytesView(whole).first(n), "x"));
        }
    }
}

TEST(DiskFormat, NamesSortAsTheirNumbersDo) {
    EXPECT_EQ(segment_name(42), "000000000000002a.log");
    EXPECT_EQ(segment_number("000000000000002a.log"), 42U);
    EXPECT_EQ(segment_number("000000000000002A.log"), std::nullopt);
    EXPECT_EQ(segment_number("2a.log"), std::nullopt);
    EXPECT_EQ(segment_number("000000000000002a.log.new"), std::nullopt);
    const Snapshots::Name name{Index(100), Term(7)};
    EXPECT_EQ(Snapshots::text(name), "0000000000000064-0000000000000007");
    EXPECT_EQ(Snapshots::parse("0000000000000064-0000000000000007"), name);
    EXPECT_EQ(Snapshots::parse("64-7"), std::nullopt);
    EXPECT_LT(Snapshots::text({Index(99), Term(9)}), Snapshots::text(name));
}

TEST(StreamChecksum, DependsOnTheBytesAloneNotOnThePieces) {
    Bytes bytes(600'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 / 3);
    StreamChecksum whole;
    whole.add(bytes);
    for (const std::size_t piece : {1000U, 262'144U, 262'145U, 599'999U}) {
        StreamChecksum pieces;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            pieces.add(BytesView(bytes).subspan(at, std::min(piece, bytes.size() - at)));
        }
        EXPECT_EQ(pieces.value(), whole.value()) << piece;
    }
    bytes[300'000] ^= std::byte{1};
    StreamChecksum other;
    other.add(bytes);
    EXPECT_NE(other.value(), whole.value());
}

TEST(SnapshotFile, BelongsToItsNodeAndSlot) {
    test::OneFile files;
    auto writer = SnapshotWriter::create({&files, "s", {NodeId(1), 2}}, {});
    ASSERT_TRUE(writer && writer->write(view_of("hello")) && writer->finish());
    const auto open = [&](SnapshotOwner owner) {
        return SnapshotReader::open(std::make_unique<test::BytesFile>(*files.bytes), "s", owner);
    };
    EXPECT_TRUE(open({NodeId(1), 2}));
    EXPECT_FALSE(open({NodeId(1), 3}));
    EXPECT_FALSE(open({NodeId(2), 2}));
    EXPECT_NE(open({NodeId(2), 2}).error().message.find("swapped"), std::string::npos);
}

}  // namespace
}  // namespace rafted::disk
