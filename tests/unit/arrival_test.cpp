// disk/arrival.hpp, disk/packing.hpp: the blocks of a snapshot that arrives in pieces.
#include "disk/arrival.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "disk/snapshot_file.hpp"
#include "support/storage_world.hpp"

namespace rafted::disk {
namespace {

using test::some_bytes;

std::uint64_t checksum_of(BytesView value) {
    StreamChecksum sum;
    sum.add(value);
    return sum.value();
}

core::SnapshotPiece first_piece(BytesView value) {
    core::SnapshotPiece first;
    first.meta.index = Index(7);
    first.checksum = checksum_of(value);
    return first;
}

void put_block(Writer& out, BytesView bytes, bool is_packed) {
    out.number(BlockHead{static_cast<std::uint32_t>(bytes.size()), is_packed}.encoded());
    out.raw(bytes);
}

/// The value as it travels, every other block packed, or all, or none.
Bytes travelling(BytesView value, const std::function<bool(std::size_t)>& is_packed) {
    Packer packer;
    Writer out;
    for (std::size_t at = 0; at < value.size(); at += snapshot_block_bytes) {
        const auto block = value.subspan(at, std::min(snapshot_block_bytes, value.size() - at));
        const bool packed = is_packed(at / snapshot_block_bytes);
        put_block(out, packed ? *packer.pack(block) : block, packed);
    }
    return out.take();
}

/// Gives the bytes to an arrival in pieces; returns what came out, or what was wrong.
Result<Bytes> arrived(const core::SnapshotPiece& first, BytesView bytes, std::size_t piece) {
    Arrival arrival(first);
    Bytes value;
    core::SnapshotPiece next = first;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        next.offset = at;
        EXPECT_TRUE(arrival.is_next(next));
        const auto part = bytes.subspan(at, std::min(piece, bytes.size() - at));
        const auto added = arrival.add(part, [&](const Arrival::Block& block) -> Result<void> {
            value.insert(value.end(), block.value.begin(), block.value.end());
            return {};
        });
        if (!added) return std::unexpected(added.error());
    }
    if (const auto whole = arrival.verify(checksum_of(value)); !whole) {
        return std::unexpected(whole.error());
    }
    return value;
}

TEST(Arrival, FindsTheBlocksHoweverTheyWereCut) {
    const Bytes value = some_bytes(2 * snapshot_block_bytes + 1'000, 3);
    for (const int kind : {0, 1, 2}) {
        const Bytes bytes = travelling(
            value, [&](std::size_t block) { return kind == 0 || (kind == 1 && block % 2 == 1); });
        for (const std::size_t piece : {777U, 262'144U, 262'148U, 10'000'000U}) {
            const auto found = arrived(first_piece(value), bytes, piece);
            ASSERT_TRUE(found) << to_string(found.error());
            EXPECT_EQ(*found, value) << kind << ", " << piece;
        }
    }
}

TEST(Arrival, OfNothingIsWhole) { EXPECT_EQ(arrived(first_piece({}), {}, 100)->size(), 0U); }

TEST(Arrival, TakesOnlyThePieceThatFollows) {
    const core::SnapshotPiece first = first_piece(view_of("value"));
    Arrival arrival(first);
    EXPECT_TRUE(arrival.is_next(first));
    ASSERT_TRUE(arrival.add(view_of("abc"), {}));
    EXPECT_FALSE(arrival.is_next(first));
    core::SnapshotPiece next = first;
    next.offset = 3;
    EXPECT_TRUE(arrival.is_next(next));
    next.checksum ^= 1;
    EXPECT_FALSE(arrival.is_next(next)) << "the same entry, by a value that wrote other bytes";
    next.checksum = first.checksum;
    next.meta.index = Index(8);
    EXPECT_FALSE(arrival.is_next(next));
}

TEST(Arrival, WhatIsNoBlockIsSaidSo) {
    const Bytes value = some_bytes(snapshot_block_bytes, 4);
    const auto half = BytesView(value).first(1'000);
    Packer packer;
    const Bytes packed = copy_of(*packer.pack(value));
    const Bytes too_much = some_bytes(snapshot_block_bytes + 1, 4);
    const std::vector<std::pair<const char*, std::function<void(Writer&)>>> damages = {
        {"longer than any", [&](Writer& out) { out.number(BlockHead{1 << 20, true}.encoded()); }},
        {"more of the value than any", [&](Writer& out) { put_block(out, too_much, false); }},
        {"packed more than any",
         [&](Writer& out) { put_block(out, *packer.pack(too_much), true); }},
        {"not packed", [&](Writer& out) { put_block(out, half, true); }},
        {"packed, cut", [&](Writer& out) { put_block(out, BytesView(packed).first(90), true); }},
        {"empty", [&](Writer& out) { put_block(out, {}, false); }},
        {"packed nothing", [&](Writer& out) { put_block(out, *packer.pack({}), true); }},
        {"after the last one",
         [&](Writer& out) {
             put_block(out, half, false);
             put_block(out, half, false);
         }},
        {"cut short", [&](Writer& out) { out.raw(view_of("ab")); }},
        {"of another value", [&](Writer& out) { put_block(out, half, false); }},
    };
    for (const auto& [what, put] : damages) {
        Writer out;
        put(out);
        const auto found = arrived(first_piece(value), out.view(), 1'000);
        ASSERT_FALSE(found) << what;
        EXPECT_EQ(found.error().code, ErrorCode::corrupt) << what;
        EXPECT_NE(found.error().message.find("snapshot at 7 arrived damaged"), std::string::npos)
            << found.error().message;
    }
}

}  // namespace
}  // namespace rafted::disk
