#include "disk/format.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/checksum.hpp"
#include "core/codec.hpp"

namespace rafted::disk {
namespace {

// No byte is a power of two: one flipped bit cannot make any of them zero.
constexpr std::uint32_t head_magic = 0x66'54'46'52;  // "RFTf"
constexpr std::uint32_t foot_magic = 0x65'54'46'52;  // "RFTe"

enum class RecordType : std::uint8_t {
    checkpoint_begins = 1,
    group_changed,
    hard_state_set,
    log_range,
    truncated,
    compacted,
    snapshot_installed,
    appended,
    segment_closed,
    members_moved,
    hard_state_after_removal,
    zero_sectors,
};

/// Their numbers are those of the variant, but for a hard state of which there is more to say.
RecordType type_of(const Record& record) {
    if (std::holds_alternative<ZeroSectors>(record)) return RecordType::zero_sectors;
    const auto* hard = std::get_if<HardStateSet>(&record);
    if (hard != nullptr && hard->state.let_go != core::LogPlace()) {
        return RecordType::hard_state_after_removal;
    }
    return static_cast<RecordType>(record.index() + 1);
}

void put_body(Writer&, const CheckpointBegins&) {}
void put_body(Writer&, const SegmentClosed&) {}
void put_body(Writer& out, const ZeroSectors& body) { out.number(body.count); }
void put_body(Writer& out, const GroupChanged& body) {
    out.number(body.record.slot);
    out.text(body.record.name);
    out.number(body.record.group.value);
    out.number(static_cast<std::uint8_t>(body.record.removed));
}
void put_body(Writer& out, const HardStateSet& body) {
    out.number(body.slot);
    core::encode(out, body.state);
    if (body.state.let_go != core::LogPlace()) core::encode(out, body.state.let_go);
}
void put_body(Writer& out, const MembersMoved& body) {
    out.number(body.slot);
    out.number(static_cast<std::uint32_t>(body.moved.size()));
    for (const ports::Moved& moved : body.moved) {
        out.number(moved.node.value);
        out.text(moved.listed);
        out.text(moved.heard);
    }
}
void put_body(Writer& out, const LogRange& body) {
    out.number(body.slot);
    out.number(body.first.value);
    out.number(body.count);
    out.number(body.installed.value);
    out.number(body.installed_term.value);
}
void put_body(Writer& out, const Truncated& body) {
    out.number(body.slot);
    out.number(body.from.value);
}
void put_body(Writer& out, const Compacted& body) {
    out.number(body.slot);
    out.number(body.below.value);
}
void put_body(Writer& out, const SnapshotInstalled& body) {
    out.number(body.slot);
    out.number(body.index.value);
    out.number(body.term.value);
    out.number(static_cast<std::uint8_t>(body.restarts));
}
void put_body(Writer& out, const Appended& body) {
    out.number(body.slot);
    out.number(body.first.value);
    out.number(body.term.value);
    out.number(static_cast<std::uint8_t>(body.again));
    out.number(static_cast<std::uint32_t>(body.blocks.size()));
    for (const BlockRef& block : body.blocks) {
        out.number(static_cast<std::uint8_t>(block.kind));
        out.number(block.size);
        out.number(block.checksum);
    }
}

Index get_index(Reader& in) { return Index(in.number<std::uint64_t>()); }
Term get_term(Reader& in) { return Term(in.number<std::uint64_t>()); }
bool get_bool(Reader& in) {
    const auto value = in.number<std::uint8_t>();
    if (value > 1) in.fail();
    return value == 1;
}

GroupChanged get_group(Reader& in) {
    GroupChanged body;
    body.record.slot = in.number<ports::Slot>();
    body.record.name = in.text();
    body.record.group = GroupId(in.number<std::uint64_t>());
    body.record.removed = get_bool(in);
    return body;
}

MembersMoved get_moved(Reader& in) {
    MembersMoved body;
    body.slot = in.number<ports::Slot>();
    const std::size_t count = in.number<std::uint32_t>();
    if (count > in.left() / 16) {
        in.fail();
        return body;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const NodeId node(in.number<std::uint64_t>());
        std::string listed = in.text();
        body.moved.push_back({node, std::move(listed), in.text()});
    }
    return body;
}

LogRange get_range(Reader& in) {
    LogRange body;
    body.slot = in.number<ports::Slot>();
    body.first = get_index(in);
    body.count = in.number<std::uint64_t>();
    body.installed = get_index(in);
    body.installed_term = get_term(in);
    return body;
}

SnapshotInstalled get_installed(Reader& in) {
    SnapshotInstalled body;
    body.slot = in.number<ports::Slot>();
    body.index = get_index(in);
    body.term = get_term(in);
    body.restarts = get_bool(in);
    return body;
}

Appended get_appended(Reader& in) {
    Appended body;
    body.slot = in.number<ports::Slot>();
    body.first = get_index(in);
    body.term = get_term(in);
    body.again = get_bool(in);
    const std::size_t count = in.number<std::uint32_t>();
    if (count > in.left() / 13) {
        in.fail();
        return body;
    }
    body.blocks.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto kind = in.number<std::uint8_t>();
        const auto size = in.number<std::uint32_t>();
        if (size < core::Entry::header_bytes || size > core::Entry::max_bytes) in.fail();
        if (kind >= core::entry_kind_count) in.fail();
        body.blocks.push_back({core::EntryKind(kind), size, in.number<std::uint64_t>()});
    }
    return body;
}

HardStateSet get_hard_state(Reader& in) {
    const auto slot = in.number<ports::Slot>();
    return {slot, core::decode_hard_state(in)};
}

std::optional<Record> get_record(Reader& in) {
    switch (static_cast<RecordType>(in.number<std::uint8_t>())) {
        case RecordType::checkpoint_begins: return CheckpointBegins{};
        case RecordType::group_changed: return get_group(in);
        case RecordType::hard_state_set: return get_hard_state(in);
        case RecordType::log_range: return get_range(in);
        case RecordType::truncated: {
            const auto slot = in.number<ports::Slot>();
            return Truncated{slot, get_index(in)};
        }
        case RecordType::compacted: {
            const auto slot = in.number<ports::Slot>();
            return Compacted{slot, get_index(in)};
        }
        case RecordType::snapshot_installed: return get_installed(in);
        case RecordType::appended: return get_appended(in);
        case RecordType::segment_closed: return SegmentClosed{};
        case RecordType::members_moved: return get_moved(in);
        case RecordType::zero_sectors: return ZeroSectors{in.number<std::uint32_t>()};
        case RecordType::hard_state_after_removal: {
            HardStateSet body = get_hard_state(in);
            body.state.let_go = core::decode_log_place(in);
            if (body.state.let_go == core::LogPlace()) in.fail();
            return body;
        }
    }
    return std::nullopt;
}

void put_checksum(Writer& out, std::uint64_t seed) { out.number(core::checksum(out.view(), seed)); }

bool checksum_fits(BytesView bytes, std::uint64_t seed) {
    std::uint64_t stored = 0;
    const auto body = bytes.first(bytes.size() - sizeof stored);
    std::memcpy(&stored, bytes.data() + body.size(), sizeof stored);
    return stored == core::checksum(body, seed);
}

}  // namespace

Result<void> check_prefix(BytesView bytes, std::string_view magic, const std::string& path) {
    if (bytes.size() < prefix_bytes) {
        return fail(ErrorCode::corrupt, path + " is too short: " + std::to_string(bytes.size()) +
                                            " bytes do not hold its header");
    }
    if (text_of(bytes.first(magic.size())) != magic) {
        return fail(ErrorCode::corrupt, path + " does not begin with " + std::string(magic) +
                                            ": it is damaged, or no file of Rafted");
    }
    std::uint32_t version = 0;
    std::memcpy(&version, bytes.data() + magic.size(), sizeof version);
    if (version != format_version) {
        return fail(ErrorCode::wrong_version,
                    path + " has format version " + std::to_string(version) +
                        ", this program reads version " + std::to_string(format_version) +
                        ": use a program that knows that version");
    }
    return {};
}

void put_prefix(Writer& out, std::string_view magic) {
    out.raw(view_of(magic));
    out.number(format_version);
}

std::uint64_t seed_of(NodeId node, std::uint64_t file, std::uint64_t position) {
    const std::array<std::uint64_t, 3> place{node.value, file, position};
    return core::checksum(std::as_bytes(std::span(place)));
}

Bytes encode(const Identity& identity) {
    Writer out;
    put_prefix(out, identity_magic);
    out.number(std::uint32_t{0});
    out.number(identity.node.value);
    out.number(identity.cluster.value);
    put_checksum(out, 0);
    return out.take();
}

Result<Identity> decode_identity(BytesView bytes, const std::string& path) {
    if (auto known = check_prefix(bytes, identity_magic, path); !known) {
        return std::unexpected(known.error());
    }
    if (bytes.size() != identity_bytes || !checksum_fits(bytes, 0)) {
        return fail(ErrorCode::corrupt, path +
                                            " is damaged: its checksum does not fit; start with "
                                            "an empty directory, as a new node");
    }
    Reader in(bytes.subspan(prefix_bytes + 4));
    Identity identity;
    identity.node = NodeId(in.number<std::uint64_t>());
    identity.cluster = ClusterId(in.number<std::uint64_t>());
    return identity;
}

Bytes encode(const SegmentHead& head) {
    Writer out;
    put_prefix(out, segment_magic);
    out.number(std::uint32_t{0});
    out.number(head.node.value);
    out.number(head.number);
    out.number(head.previous_end);
    out.number(std::uint64_t{0});
    out.number(std::uint64_t{0});
    put_checksum(out, 0);
    return out.take();
}

Result<SegmentHead> decode_segment_head(BytesView bytes, const std::string& path) {
    if (auto known = check_prefix(bytes, segment_magic, path); !known) {
        return std::unexpected(known.error());
    }
    if (!is_sealed_segment_head(bytes)) {
        return fail(ErrorCode::corrupt, path + " is damaged at offset 0: the segment's header");
    }
    Reader in(bytes.subspan(prefix_bytes + 4));
    SegmentHead head;
    head.node = NodeId(in.number<std::uint64_t>());
    head.number = in.number<std::uint64_t>();
    head.previous_end = in.number<std::uint64_t>();
    return head;
}

bool is_sealed_segment_head(BytesView bytes) {
    return bytes.size() >= segment_head_bytes && checksum_fits(bytes.first(segment_head_bytes), 0);
}

std::string segment_name(std::uint64_t number) { return hex(number) + ".log"; }

std::optional<std::uint64_t> segment_number(std::string_view name) {
    if (name.size() != 20 || !name.ends_with(".log")) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + 16, number, 16);
    const bool exact = error == std::errc() && end == name.data() + 16;
    if (!exact || segment_name(number) != name) return std::nullopt;
    return number;
}

void encode(Writer& out, const Record& record) {
    out.number(static_cast<std::uint8_t>(type_of(record)));
    std::visit([&out](const auto& body) { put_body(out, body); }, record);
}

std::optional<std::vector<Record>> decode_records(BytesView bytes) {
    Reader in(bytes);
    std::vector<Record> records;
    while (!in.at_end()) {
        auto record = get_record(in);
        if (!record || in.failed()) return std::nullopt;
        records.push_back(std::move(*record));
    }
    if (in.failed()) return std::nullopt;
    return records;
}

std::array<std::byte, frame_head_bytes> encode(const FrameHead& head, FrameEnd end,
                                               std::uint64_t seed) {
    std::array<std::byte, frame_head_bytes> bytes{};
    const auto put = [&bytes](std::size_t at, auto value) {
        std::memcpy(bytes.data() + at, &value, sizeof value);
    };
    put(8, head.records_checksum);
    put(16, head.records_bytes);
    put(20, head.units);
    put(24, head.ordinal);
    put(28, end == FrameEnd::head ? head_magic : foot_magic);
    put(0, core::checksum(BytesView(bytes).subspan(8), seed));
    return bytes;
}

std::optional<FrameHead> decode_frame_end(BytesView bytes, FrameEnd end, std::uint64_t seed) {
    Reader in(bytes);
    const auto stored = in.number<std::uint64_t>();
    FrameHead head;
    head.records_checksum = in.number<std::uint64_t>();
    head.records_bytes = in.number<std::uint32_t>();
    head.units = in.number<std::uint32_t>();
    head.ordinal = in.number<std::uint32_t>();
    const auto magic = in.number<std::uint32_t>();
    if (in.failed() || magic != (end == FrameEnd::head ? head_magic : foot_magic)) {
        return std::nullopt;
    }
    if (stored != core::checksum(bytes.subspan(8, frame_head_bytes - 8), seed)) return std::nullopt;
    const std::uint64_t least =
        frame_head_bytes + 2 * std::uint64_t{head.records_bytes} + frame_foot_bytes;
    if (head.size() > max_frame_bytes || head.size() < least) return std::nullopt;
    return head;
}

}  // namespace rafted::disk
