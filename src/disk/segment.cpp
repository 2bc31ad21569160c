#include "disk/segment.hpp"

#include <algorithm>

#include "core/checksum.hpp"
#include "disk/sectors.hpp"

namespace rafted::disk {
namespace {

constexpr std::size_t window_bytes = std::size_t{1} << 20;

std::uint64_t round_up(std::uint64_t n) { return (n + frame_unit - 1) / frame_unit * frame_unit; }

bool is_frame_end(BytesView bytes) { return bytes.back() != std::byte{0}; }

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
        // Not std::ranges::copy, which goes byte by byte here.
        std::copy(bytes->begin(), bytes->end(), into.begin());
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
    if (!head && is_sealed_segment_head(*bytes)) return std::unexpected(head.error());
    if (!head) return without_header(window, place, head.error());
    if (place.node && head->node != *place.node) {
        return fail(ErrorCode::corrupt, place.path + " belongs to node " + to_string(head->node) +
                                            ", this directory to " + to_string(*place.node));
    }
    if (head->number != place.number) {
        return fail(ErrorCode::corrupt, place.path + " holds segment " + hex(head->number) +
                                            ": files have been swapped or renamed");
    }
    return SegmentReader(std::move(window), *head, false);
}

/// All that a header says is known from the file's name and the directory, but for a cross-check;
/// and whatever has happened to it, a frame behind it that verifies is of this place and version.
Result<SegmentReader> SegmentReader::without_header(const Window& window, const Place& place,
                                                    const Error& error) {
    if (!place.node) return std::unexpected(error);
    const SegmentHead head{*place.node, place.number, 0};
    SegmentReader trial(window, head, true);
    Frame frame;
    const auto found = trial.next(frame);
    if (!found) return std::unexpected(found.error());
    if (*found != Found::frame) return std::unexpected(error);
    return SegmentReader(window, head, true);
}

std::uint64_t SegmentReader::seed(std::uint64_t position) const {
    return seed_of(head_.node, head_.number, position);
}

bool SegmentReader::ends_too_soon() const { return window_.size() < position_ + frame_unit; }

std::string SegmentReader::cut_short() const {
    return "it has been cut short, to " + std::to_string(window_.size()) + " bytes";
}

SegmentReader::Found SegmentReader::damaged(Damage damage) {
    damage_ = std::move(damage);
    return Found::damaged;
}

Result<SegmentReader::Found> SegmentReader::next(Frame& frame) {
    const auto bytes = window_.at(position_, frame_head_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    search_from_ = position_ + frame_unit;
    auto head = decode_frame_end(*bytes, FrameEnd::head, seed(position_));
    if (!head) {
        const auto end = written_end(position_);
        if (!end) return std::unexpected(end.error());
        if (*end == position_) return Found::end;
        const auto foot = find_foot();
        if (!foot) return std::unexpected(foot.error());
        if (!*foot) return no_frame(*end);
        head = *foot;
    }
    if (head->size() > window_.size() - position_) {
        return damaged({position_, "the file ends within a frame: " + cut_short(), {}, {}});
    }
    frame = Frame{position_, *head, {}, {}, {}, {}};
    const auto size = static_cast<std::size_t>(head->size());
    Read read{std::make_shared_for_overwrite<std::byte[]>(size), {}, {}, 0};
    read.all = {read.body.get(), size};
    if (auto done = window_.read(position_, read.all); !done) return std::unexpected(done.error());
    search_from_ = position_ + size;
    parse(read, frame);
    if (!read.bad.empty()) {
        const auto torn = is_torn(frame, read);
        if (!torn) return std::unexpected(torn.error());
        if (*torn) {
            damage_ = std::move(read.bad.front().damage);
            return Found::torn;
        }
        if (frame.records.empty()) return damaged(std::move(read.bad.front().damage));
        for (Region& region : read.bad) frame.damages.push_back(std::move(region.damage));
    }
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

/// The foot of the frame that begins at position_, whose head does not verify.
Result<std::optional<FrameHead>> SegmentReader::find_foot() {
    const std::uint64_t seeded = seed(position_);
    for (std::uint64_t at = position_ + frame_unit; at < window_.size();) {
        const auto bytes = window_.at(at, window_bytes);
        if (!bytes) return std::unexpected(bytes.error());
        const std::size_t units = bytes->size() / frame_unit;
        for (std::size_t i = 0; i < units; ++i) {
            const auto unit = bytes->subspan(i * frame_unit, frame_foot_bytes);
            if (!is_frame_end(unit)) continue;
            const auto foot = decode_frame_end(unit, FrameEnd::foot, seeded);
            if (foot && position_ + foot->size() == at + (i + 1) * frame_unit) return foot;
        }
        if (units == 0) break;
        at += units * frame_unit;
    }
    return std::nullopt;
}

/// There is neither head nor foot of a frame at position_: an unfinished write, or damage.
Result<SegmentReader::Found> SegmentReader::no_frame(std::uint64_t written_end) {
    const auto bytes = window_.at(position_, frame_head_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    const bool begun = written_end < position_ + frame_head_bytes;  // cut within the head
    const bool unwritten = is_zero(*bytes) || begun;
    const auto later = find_frame(search_from_);
    if (!later) return std::unexpected(later.error());
    if (!*later && unwritten) {
        damage_ = {position_, "the last frame has no head", {}, {}};
        return Found::torn;
    }
    return damaged({position_, "a frame's head does not verify; what it held is unknown", {}, {}});
}

/// Whether all that is bad is such as was never written, in the last frame.
Result<bool> SegmentReader::is_torn(const Frame& frame, const Read& read) {
    const bool unwritten = std::ranges::all_of(read.bad, [&](const Region& region) {
        return was_never_written(read.all, position_, region.from, region.to);
    });
    const BytesView all = read.all;
    // A head is never zero: else the sector it shares with the frame before was never written.
    const bool more_zeros = frame.records.empty() || written_bytes(all) < all.size() ||
                            is_zero(all.first(frame_head_bytes)) ||
                            zero_sectors(position_, {&all, 1}) > read.zero_sectors;
    if (!unwritten || !more_zeros) return false;
    const auto later = find_frame(position_ + frame.head.size());
    if (!later) return std::unexpected(later.error());
    return !*later;
}

/// Fills the frame in, and notes what of it does not verify.
void SegmentReader::parse(Read& read, Frame& frame) const {
    check_ends(read, frame);
    if (!take_records(read, frame)) return;
    const std::uint64_t to = take_blocks(read, frame);
    const std::uint64_t end = frame.head.size() - frame_foot_bytes - frame.head.records_bytes;
    const bool padded = to <= end && end - to < frame_unit;
    if (padded && is_zero(read.all.subspan(static_cast<std::size_t>(to),
                                           static_cast<std::size_t>(end - to)))) {
        return;
    }
    const std::uint64_t from = std::min(to, end);
    read.bad.push_back({from, end, {position_ + from, "a frame's padding is not zero", {}, {}}});
    if (padded) {
        frame.mends.push_back(
            {position_ + from, Bytes(static_cast<std::size_t>(end - from), std::byte{0})});
    }
}

/// Of head and foot one has been found.
void SegmentReader::check_ends(Read& read, Frame& frame) const {
    const std::uint64_t foot_at = frame.head.size() - frame_foot_bytes;
    const std::uint64_t seeded = seed(position_);
    const auto check = [&](FrameEnd end, std::uint64_t at, const char* what) {
        const auto bytes = read.all.subspan(static_cast<std::size_t>(at), frame_head_bytes);
        if (decode_frame_end(bytes, end, seeded) == frame.head) return;
        const auto right = encode(frame.head, end, seeded);
        read.bad.push_back({at, at + frame_head_bytes, {position_ + at, what, {}, {}}});
        frame.mends.push_back({position_ + at, Bytes(right.begin(), right.end())});
    };
    check(FrameEnd::head, 0, "a frame's head does not verify");
    check(FrameEnd::foot, foot_at, "a frame's foot does not verify");
}

/// From either of their two places; false if they verify in neither.
bool SegmentReader::take_records(Read& read, Frame& frame) const {
    const std::size_t n = frame.head.records_bytes;
    const std::size_t places[] = {frame_head_bytes, read.all.size() - frame_foot_bytes - n};
    std::optional<BytesView> good;
    for (const std::size_t at : places) {
        const BytesView bytes = read.all.subspan(at, n);
        if (core::checksum(bytes, seed(position_)) == frame.head.records_checksum) {
            good = bytes;
        } else {
            read.bad.push_back(
                {at, at + n, {position_ + at, "a frame's records do not verify", {}, {}}});
        }
    }
    if (!good) return false;
    auto records = decode_records(*good);
    const bool says_nothing =
        records && records->size() == 1 && std::holds_alternative<ZeroSectors>(records->front());
    if (!records || records->empty() || says_nothing) {
        read.bad.push_back(
            {frame_head_bytes,
             frame_head_bytes + n,
             {position_ + frame_head_bytes, "a frame's records make no sense", {}, {}}});
        return false;
    }
    for (const std::size_t at : places) {
        const BytesView bytes = read.all.subspan(at, n);
        if (std::ranges::equal(bytes, *good)) continue;
        frame.mends.push_back({position_ + at, copy_of(*good)});
    }
    if (const auto* zeros = std::get_if<ZeroSectors>(&records->front())) {
        read.zero_sectors = zeros->count;
        records->erase(records->begin());
    }
    frame.records = std::move(*records);
    return true;
}

/// Takes the entries' blocks, and outlines for those that do not verify; returns up to where they
/// reach.
std::uint64_t SegmentReader::take_blocks(Read& read, Frame& frame) const {
    const std::uint64_t room = frame.head.size() - frame_foot_bytes - frame.head.records_bytes;
    std::uint64_t at = frame_head_bytes + frame.head.records_bytes;
    for (const Record& record : frame.records) {
        const auto* appended = std::get_if<Appended>(&record);
        if (appended == nullptr) continue;
        Index index = appended->first;
        for (const BlockRef& block : appended->blocks) {
            if (block.size > room - at) return room + 1;
            const core::Entry known = core::Entry::outline(
                {appended->term, index, block.kind, block.size, block.checksum});
            auto entry =
                core::Entry::decode(read.body, BytesView(read.body.get() + at, block.size));
            if (entry && entry->is_same_as(known)) {
                frame.entries.push_back(std::move(*entry));
            } else {
                frame.entries.push_back(known);
                read.bad.push_back(
                    {at,
                     at + block.size,
                     {position_ + at, "entry " + to_string(index) + " does not verify",
                      appended->slot, index}});
            }
            at += block.size;
            ++index;
        }
    }
    return at;
}

Result<bool> SegmentReader::resume() {
    const auto found = find_frame(search_from_);
    if (!found) return std::unexpected(found.error());
    if (!*found) return false;
    position_ = **found;
    const auto bytes = window_.at(position_, frame_head_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    const auto head = decode_frame_end(*bytes, FrameEnd::head, seed(position_));
    ordinal_ = head.value_or(FrameHead{}).ordinal;
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
            if (!is_frame_end(head)) continue;
            if (decode_frame_end(head, FrameEnd::head, seed(place))) return place;
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
