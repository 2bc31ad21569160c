// The bytes of a node's directory, as docs/format.md tells them: the identity file, the segments of
// the journal and their frames. Not the reading of whole files (segment.hpp) nor their meaning
// (image.hpp); snapshots have a file of their own (snapshot_file.hpp).
//   1. Every checksum is seeded with where its bytes belong, so that a stale, misdirected or
//      foreign block fails even if it is whole.
//   2. A frame begins and ends at a multiple of frame_unit, so its head and its foot, which say the
//      same, each lie in one sector: each is there whole or not at all.
//   3. The last byte of head and foot is never zero: what is zero was never written.
//   4. Head and records stand twice, at both ends of a frame: what it held is known even if a part
//      of it is damaged.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/entry.hpp"
#include "ports/storage.hpp"

namespace rafted::disk {

/// Of everything in the directory. A program reads this version and refuses any other.
inline constexpr std::uint32_t format_version = 2;

inline constexpr std::string_view identity_magic = "RFTDNODE";
inline constexpr std::string_view segment_magic = "RFTDJRNL";
inline constexpr std::string_view snapshot_magic = "RFTDSNAP";

/// Magic and version, as every file begins. Fails with corrupt or, naming both, wrong_version.
Result<void> check_prefix(BytesView bytes, std::string_view magic, const std::string& path);
void put_prefix(Writer& out, std::string_view magic);
inline constexpr std::size_t prefix_bytes = 12;

/// The seed of the bytes at `position` of a node's file number `file`.
std::uint64_t seed_of(NodeId node, std::uint64_t file, std::uint64_t position);

/// Who the directory belongs to.
struct Identity {
    NodeId node;
    ClusterId cluster;
    bool operator==(const Identity&) const = default;
};
inline constexpr std::size_t identity_bytes = 40;
Bytes encode(const Identity& identity);
Result<Identity> decode_identity(BytesView bytes, const std::string& path);

/// The first bytes of a segment.
struct SegmentHead {
    NodeId node;
    std::uint64_t number = 0;
    std::uint64_t previous_end = 0;  ///< Where the segment before it ends; 0 in the first.
    bool operator==(const SegmentHead&) const = default;
};
inline constexpr std::size_t segment_head_bytes = 64;
Bytes encode(const SegmentHead& head);
Result<SegmentHead> decode_segment_head(BytesView bytes, const std::string& path);
/// Whether its checksum fits: then it is as it was written, be that for here or not.
bool is_sealed_segment_head(BytesView bytes);

/// "000000000000002a.log" and back.
std::string segment_name(std::uint64_t number);
std::optional<std::uint64_t> segment_number(std::string_view name);

/// What a frame says. Blocks of entries follow the records, in the order of their references: all
/// by which an entry is known again, should its block be damaged.
struct BlockRef {
    core::EntryKind kind = core::EntryKind::command;
    std::uint32_t size = 0;
    std::uint64_t checksum = 0;
    bool operator==(const BlockRef&) const = default;
};
/// First record of a segment: everything known is told again, and nothing else is known.
struct CheckpointBegins {
    bool operator==(const CheckpointBegins&) const = default;
};
struct GroupChanged {
    ports::GroupRecord record;
    bool operator==(const GroupChanged&) const = default;
};
struct HardStateSet {
    ports::Slot slot = 0;
    core::HardState state;
    bool operator==(const HardStateSet&) const = default;
};
/// Of a checkpoint: the log's range, whose entries lie in earlier segments. Elsewhere: the log has
/// been let go, and begins anew.
struct LogRange {
    ports::Slot slot = 0;
    Index first;
    std::uint64_t count = 0;
    Index installed;  ///< The newest snapshot received; 0 if none.
    Term installed_term;
    bool operator==(const LogRange&) const = default;
};
struct Truncated {
    ports::Slot slot = 0;
    Index from;
    bool operator==(const Truncated&) const = default;
};
struct Compacted {
    ports::Slot slot = 0;
    Index below;
    bool operator==(const Compacted&) const = default;
};
/// A received snapshot counts from here on.
struct SnapshotInstalled {
    ports::Slot slot = 0;
    Index index;
    Term term;
    bool restarts = false;  ///< The log is empty and goes on after it.
    bool operator==(const SnapshotInstalled&) const = default;
};
/// Entries of one term from `first` on.
struct Appended {
    ports::Slot slot = 0;
    Index first;
    Term term;
    bool again = false;  ///< Moved out of an old segment; nothing changes but the place.
    std::vector<BlockRef> blocks;
    bool operator==(const Appended&) const = default;
};
/// Last record of a segment, once the next one is in place: without that one, it has been lost.
struct SegmentClosed {
    bool operator==(const SegmentClosed&) const = default;
};
/// Members of a group that are not where its list says.
struct MembersMoved {
    ports::Slot slot = 0;
    std::vector<ports::Moved> moved;
    bool operator==(const MembersMoved&) const = default;
};
/// How many whole sectors within the frame are zero because its entries are: more of them that read
/// as zero were never written.
struct ZeroSectors {
    std::uint32_t count = 0;
    bool operator==(const ZeroSectors&) const = default;
};
using Record =
    std::variant<CheckpointBegins, GroupChanged, HardStateSet, LogRange, Truncated, Compacted,
                 SnapshotInstalled, Appended, SegmentClosed, MembersMoved, ZeroSectors>;

void encode(Writer& out, const Record& record);
/// All records of a frame; nothing if they make no sense.
std::optional<std::vector<Record>> decode_records(BytesView bytes);

inline constexpr std::uint64_t frame_unit = 32;
inline constexpr std::size_t frame_head_bytes = 32;
inline constexpr std::size_t frame_foot_bytes = 32;
/// No frame is larger.
inline constexpr std::uint64_t max_frame_bytes = std::uint64_t{1} << 34;

struct FrameHead {
    std::uint64_t records_checksum = 0;
    std::uint32_t records_bytes = 0;
    std::uint32_t units = 0;    ///< The frame's size in frame_units, head and foot included.
    std::uint32_t ordinal = 0;  ///< Counts the frames of a segment from 0.
    std::uint64_t size() const { return units * frame_unit; }
    bool operator==(const FrameHead&) const = default;
};
enum class FrameEnd : std::uint8_t { head, foot };
std::array<std::byte, frame_head_bytes> encode(const FrameHead& head, FrameEnd end,
                                               std::uint64_t seed);
/// Nothing unless the bytes are that end of the frame whose place has this seed.
std::optional<FrameHead> decode_frame_end(BytesView bytes, FrameEnd end, std::uint64_t seed);

}  // namespace rafted::disk
