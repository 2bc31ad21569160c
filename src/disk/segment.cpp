#include "disk/segment.hpp"

#include <algorithm>
#include <cstring>

#include "core/checksum.hpp"

namespace rafted::disk {
namespace {

constexpr std::size_t window_bytes = std::size_t{1} << 20;

bool is_zero(BytesView bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

std::uint64_t written_bytes(BytesView bytes) {
    const auto last = std::ranges::find_if(bytes.rbegin(), bytes.rend(),
                                           [](std::byte b) { return b != std::byte{0}; });
    return static_cast<std::uint64_t>(bytes.rend() - last);
}

std::uint64_t round_up(std::uint64_t n) { return (n + frame_unit - 1) / frame_unit * frame_unit; }

/// Whether the bad bytes [from, to) of a frame at `position` are such that were never written.
bool was_never_written(BytesView frame, std::uint64_t position, std::uint64_t from,
                       std::uint64_t to) {
    if (written_bytes(frame) < to) return true;
    for (std::uint64_t at = from; at < to;) {
        const std::uint64_t sector = (position + at) / sector_bytes * sector_bytes;
        const std::uint64_t begin = sector > position ? sector - position : 0;
        const std::uint64_t end =
            std::min<std::uint64_t>(sector + sector_bytes - position, frame.size());
        if (is_zero(frame.subspan(begin, end - begin))) return true;
        at = end;
    }
    return false;
}

}  // namespace

Result<BytesView> Window::at(std::uint64_t offset, std::size_t n) {
    if (offset >= size_) return BytesView{};
    n = static_cast<std::size_t>(std::min<std::uint64_t>(n, size_ - offset));
    if (offset < start_ || offset + n > start_ + bytes_.size()) {
        start_ = offset;
        const auto want = std::min<std::uint64_t>(std::max(n, window_bytes), size_ - offset);
        bytes_.resize(static_cast<std::size_t>(want));
        const auto got = file_->read(offset, bytes_);
        bytes_.resize(got ? *got : 0);
        if (!got) return std::unexpected(got.error());
    }
    return BytesView(bytes_).subspan(static_cast<std::size_t>(offset - start_)).first(n);
}

Result<void> Window::read(std::uint64_t offset, std::span<std::byte> into) {
    if (into.size() <= window_bytes) {
        const auto bytes = at(offset, into.size());
        if (!bytes) return std::unexpected(bytes.error());
        std::ranges::copy(*bytes, into.begin());
        return {};
    }
    const auto got = file_->read(offset, into);
    if (!got) return std::unexpected(got.error());
    return {};
}

Result<SegmentReader> SegmentReader::open(const ports::File& file, Place place) {
    const auto size = file.size();
    if (!size) return std::unexpected(size.error());
    Window window(file, *size);
    const auto bytes = window.at(0, segment_head_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    const auto head = decode_segment_head(*bytes, place.path);
    if (!head) return std::unexpected(head.error());
    if (place.node && head->node != *place.node) {
        return fail(ErrorCode::corrupt, place.path + " belongs to node " + to_string(head->node) +
                                            ", this directory to " + to_string(*place.node));
    }
    if (head->number != place.number) {
        return fail(ErrorCode::corrupt, place.path + " holds segment " + hex(head->number) +
                                            ": files have been swapped or renamed");
    }
    return SegmentReader(std::move(window), *head);
}

std::uint64_t SegmentReader::seed(std::uint64_t position) const {
    return seed_of(head_.node, head_.number, position);
}

SegmentReader::Found SegmentReader::damaged(Damage damage) {
    damage_ = std::move(damage);
    return Found::damaged;
}

Result<SegmentReader::Found> SegmentReader::next(Frame& frame) {
    const auto bytes = window_.at(position_, frame_head_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    const auto head = bytes->size() == frame_head_bytes ? decode_frame_head(*bytes, seed(position_))
                                                        : std::nullopt;
    search_from_ = position_ + frame_unit;
    if (!head) return no_head(*bytes);
    if (head->size() > window_.size() - position_) {
        damage_ = {position_, "the last frame ends after the file", {}, {}};
        return Found::torn;
    }
    frame = Frame{position_, *head, {}, {}};
    const auto size = static_cast<std::size_t>(head->size());
    const Body body = std::make_shared_for_overwrite<std::byte[]>(size);
    const std::span<std::byte> all(body.get(), size);
    if (auto read = window_.read(position_, all); !read) return std::unexpected(read.error());
    search_from_ = position_ + size;
    const auto bad = parse(body, frame);
    if (!bad.empty()) return judge(*head, all, bad);
    if (head->ordinal != ordinal_) {
        return damaged({position_,
                        "frame " + std::to_string(head->ordinal) + " stands where " +
                            std::to_string(ordinal_) + " should",
                        {},
                        {}});
    }
    ++ordinal_;
    position_ += size;
    return Found::frame;
}

/// There is no head at position_: the end, an unfinished write, or damage.
Result<SegmentReader::Found> SegmentReader::no_head(BytesView bytes) {
    const auto end = written_end(position_);
    if (!end) return std::unexpected(end.error());
    if (*end == position_) return Found::end;
    const auto later = find_frame(search_from_);
    if (!later) return std::unexpected(later.error());
    const bool begun = *end < position_ + frame_head_bytes;  // cut within the head
    if (!*later && (is_zero(bytes) || begun)) {
        damage_ = {position_, "the last frame has no head", {}, {}};
        return Found::torn;
    }
    return damaged({position_, "a frame's head does not verify; what it held is unknown", {}, {}});
}

/// The frame at position_ has a head but does not verify.
Result<SegmentReader::Found> SegmentReader::judge(const FrameHead& head, BytesView frame,
                                                  const std::vector<Region>& bad) {
    const auto unexplained = std::ranges::find_if(bad, [&](const Region& region) {
        return !was_never_written(frame, position_, region.from, region.to);
    });
    const auto later = find_frame(position_ + head.size());
    if (!later) return std::unexpected(later.error());
    if (!*later && unexplained == bad.end()) {
        damage_ = bad.front().damage;
        return Found::torn;
    }
    return damaged(unexplained == bad.end() ? bad.front().damage : unexplained->damage);
}

/// Fills the frame in; returns what of it does not verify.
std::vector<SegmentReader::Region> SegmentReader::parse(const Body& body, Frame& frame) const {
    const std::uint64_t size = frame.head.size();
    const BytesView all(body.get(), static_cast<std::size_t>(size));
    const std::uint64_t records_end = frame_head_bytes + frame.head.records_bytes;
    const auto bytes = all.subspan(frame_head_bytes, frame.head.records_bytes);
    std::vector<Region> bad;
    if (core::checksum(bytes, seed(position_)) != frame.head.records_checksum) {
        bad.push_back({frame_head_bytes,
                       size,
                       {position_ + frame_head_bytes, "a frame's records do not verify", {}, {}}});
        return bad;
    }
    auto records = decode_records(bytes);
    if (!records || records->empty()) {
        bad.push_back({frame_head_bytes,
                       records_end,
                       {position_ + frame_head_bytes, "a frame's records make no sense", {}, {}}});
        return bad;
    }
    frame.records = std::move(*records);
    auto rest = take_blocks(body, frame, bad);
    const auto mark = all.subspan(static_cast<std::size_t>(size - frame_mark_bytes));
    const bool padded =
        rest.to <= size - frame_mark_bytes && round_up(rest.to + frame_mark_bytes) == size;
    if (!padded || !std::ranges::equal(mark, frame_mark()) ||
        !is_zero(all.subspan(static_cast<std::size_t>(rest.to),
                             static_cast<std::size_t>(size - frame_mark_bytes - rest.to)))) {
        rest.from = std::min(rest.to, size - frame_mark_bytes);
        rest.to = size;
        rest.damage = {position_ + rest.from, "a frame's end does not verify", {}, {}};
        bad.push_back(std::move(rest));
    }
    return bad;
}

/// Takes the entries' blocks; returns up to where they reach.
SegmentReader::Region SegmentReader::take_blocks(const Body& body, Frame& frame,
                                                 std::vector<Region>& bad) const {
    const std::uint64_t room = frame.head.size() - frame_mark_bytes;
    Region reached{0, frame_head_bytes + frame.head.records_bytes, {}};
    for (const Record& record : frame.records) {
        const auto* appended = std::get_if<Appended>(&record);
        if (appended == nullptr) continue;
        Index index = appended->first;
        for (const BlockRef& block : appended->blocks) {
            const std::uint64_t from = reached.to;
            if (block.size > room - from) return {0, room + 1, {}};
            reached.to = from + block.size;
            auto entry = core::Entry::decode(body, BytesView(body.get() + from, block.size));
            const bool right = entry && entry->size() == block.size &&
                               entry->checksum() == block.checksum && entry->index() == index;
            if (right) {
                frame.entries.push_back(std::move(*entry));
            } else {
                bad.push_back({from,
                               reached.to,
                               {position_ + from, "entry " + to_string(index) + " does not verify",
                                appended->slot, index}});
            }
            ++index;
        }
    }
    return reached;
}

Result<bool> SegmentReader::resume() {
    const auto found = find_frame(search_from_);
    if (!found) return std::unexpected(found.error());
    if (!*found) return false;
    position_ = **found;
    const auto bytes = window_.at(position_, frame_head_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    ordinal_ = decode_frame_head(*bytes, seed(position_)).value_or(FrameHead{}).ordinal;
    return true;
}

/// The first place from here on where a frame's head verifies.
Result<std::optional<std::uint64_t>> SegmentReader::find_frame(std::uint64_t from) {
    for (std::uint64_t at = round_up(from); at < window_.size();) {
        const auto bytes = window_.at(at, window_bytes);
        if (!bytes) return std::unexpected(bytes.error());
        const std::size_t units = bytes->size() / frame_unit;
        for (std::size_t i = 0; i < units; ++i) {
            const std::uint64_t place = at + i * frame_unit;
            const auto head = bytes->subspan(i * frame_unit, frame_head_bytes);
            if (head.back() == std::byte{0}) continue;
            if (decode_frame_head(head, seed(place))) return place;
        }
        if (units == 0) break;
        at += units * frame_unit;
    }
    return std::nullopt;
}

Result<std::uint64_t> SegmentReader::written_end(std::uint64_t from) {
    std::uint64_t end = from;
    for (std::uint64_t at = from; at < window_.size();) {
        const auto bytes = window_.at(at, window_bytes);
        if (!bytes) return std::unexpected(bytes.error());
        if (bytes->empty()) break;
        if (const auto n = written_bytes(*bytes); n > 0) end = at + n;
        at += bytes->size();
    }
    return end;
}

}  // namespace rafted::disk
