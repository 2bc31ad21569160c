#include "disk/snapshot_file.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "core/check.hpp"
#include "core/checksum.hpp"
#include "core/codec.hpp"
#include "disk/format.hpp"

namespace rafted::disk {
namespace {

constexpr std::size_t block_head_bytes = 12;
constexpr std::size_t head_difference = block_head_bytes - BlockHead::bytes;
constexpr std::size_t end_bytes = 48;
/// So many bytes go to the device at a time: the journal's syncs wait behind them, for as long as
/// that takes.
constexpr std::uint64_t give_way_bytes = std::uint64_t{128} << 10;
constexpr std::uint64_t max_header_bytes = 16 << 20;
constexpr std::string_view end_magic = "RFTSDONE";

std::uint64_t block_seed(std::uint64_t header_sum, std::uint64_t number, std::uint32_t packed) {
    const std::array<std::uint64_t, 3> place{header_sum, number, packed};
    return core::checksum(std::as_bytes(std::span(place)));
}

/// As much of the part as is still wanted.
void append_some(Bytes& bytes, BytesView part, std::uint64_t want) {
    const auto n = std::min<std::uint64_t>(part.size(), want - bytes.size());
    bytes.insert(bytes.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n));
}

}  // namespace

void StreamChecksum::add(BytesView piece) {
    while (!piece.empty()) {
        const auto n = std::min(piece.size(), snapshot_block_bytes - block_.size());
        block_.insert(block_.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
        piece = piece.subspan(n);
        if (block_.size() < snapshot_block_bytes) return;
        sum_ = core::checksum(block_, sum_);
        block_.clear();
    }
}

std::uint64_t StreamChecksum::value() const {
    return block_.empty() ? sum_ : core::checksum(block_, sum_);
}

Result<SnapshotWriter> SnapshotWriter::create(const Place& place, const core::SnapshotMeta& meta) {
    auto file = place.files->open(place.path, place.mode);
    if (!file) return std::unexpected(file.error());
    SnapshotWriter writer(std::move(*file), meta);
    Writer body;
    core::encode(body, meta);
    Writer out;
    put_prefix(out, snapshot_magic);
    out.number(static_cast<std::uint32_t>(prefix_bytes + 4 + 8 + 4 + 4 + body.size() + 8));
    out.number(place.owner.node.value);
    out.number(place.owner.slot);
    out.blob(body.view());
    writer.header_sum_ = core::checksum(out.view());
    out.number(writer.header_sum_);
    if (auto put = writer.put(out.view()); !put) return std::unexpected(put.error());
    return writer;
}

Result<void> SnapshotWriter::put(BytesView bytes) {
    const std::array<BytesView, 1> pieces{bytes};
    auto written = file_->write(position_, pieces);
    position_ += bytes.size();
    return written;
}

Result<void> SnapshotWriter::write(BytesView piece) {
    while (!piece.empty()) {
        const auto n = std::min(piece.size(), snapshot_block_bytes - block_.size());
        block_.insert(block_.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
        piece = piece.subspan(n);
        size_ += n;
        if (block_.size() < snapshot_block_bytes) return {};
        if (auto flushed = flush_block(); !flushed) return flushed;
    }
    return {};
}

Result<void> SnapshotWriter::flush_block() {
    const auto packed = packer_.pack(block_);
    if (!packed) return std::unexpected(packed.error());
    auto written = put_block(*packed, block_);
    block_.clear();
    return written;
}

Result<void> SnapshotWriter::write_packed(BytesView packed, BytesView block) {
    CHECK(block_.empty(), "a packed block comes behind half of one");
    size_ += block.size();
    return put_block(packed, block);
}

Result<void> SnapshotWriter::put_block(BytesView packed, BytesView block) {
    const auto size = static_cast<std::uint32_t>(packed.size());
    Writer head;
    head.number(size);
    head.number(core::checksum(packed, block_seed(header_sum_, blocks_.size(), size)));
    stream_sum_ = core::checksum(block, stream_sum_);
    blocks_.push_back(position_);
    const std::array<BytesView, 2> pieces{head.view(), packed};
    auto written = file_->write(position_, pieces);
    position_ += block_head_bytes + packed.size();
    if (!written || position_ - given_ < give_way_bytes) return written;
    const std::uint64_t from = std::exchange(given_, position_);
    return file_->write_back(from, position_ - from);
}

Result<void> SnapshotWriter::finish() {
    if (!block_.empty()) {
        if (auto flushed = flush_block(); !flushed) return flushed;
    }
    Writer out;
    for (const std::uint64_t at : blocks_) out.number(at);
    out.number(std::uint64_t{blocks_.size()});
    out.number(position_);
    out.number(size_);
    out.number(stream_sum_);
    out.number(core::checksum(out.view(), header_sum_));
    out.raw(view_of(end_magic));
    auto done = put(out.view());
    if (done) done = file_->sync();
    return done;
}

Result<SnapshotReader> SnapshotReader::open(std::unique_ptr<ports::File> file, std::string path,
                                            const SnapshotOwner& owner) {
    SnapshotReader reader(std::move(file), std::move(path));
    const auto size = reader.file_->size();
    if (!size) return std::unexpected(size.error());
    reader.file_bytes_ = *size;
    auto read = reader.read_header(owner);
    if (read) read = reader.read_end();
    if (!read) return std::unexpected(read.error());
    return reader;
}

std::unexpected<Error> SnapshotReader::corrupt(std::uint64_t offset,
                                               const std::string& what) const {
    return fail(ErrorCode::corrupt,
                path_ + " is damaged at offset " + std::to_string(offset) + ": " + what);
}

Result<void> SnapshotReader::fill(std::uint64_t offset, std::span<std::byte> bytes) const {
    const auto got = file_->read(offset, bytes);
    if (!got) return std::unexpected(got.error());
    if (*got != bytes.size()) return corrupt(offset + *got, "the file ends too early");
    return {};
}

Result<Bytes> SnapshotReader::bytes_at(std::uint64_t offset, std::uint64_t n) const {
    if (offset > file_bytes_ || n > file_bytes_ - offset) {
        return corrupt(file_bytes_, "the file ends too early");
    }
    Bytes bytes(static_cast<std::size_t>(n));
    if (auto filled = fill(offset, bytes); !filled) return std::unexpected(filled.error());
    return bytes;
}

Result<void> SnapshotReader::read_header(const SnapshotOwner& owner) {
    const auto start = bytes_at(0, std::min<std::uint64_t>(file_bytes_, prefix_bytes + 4));
    if (!start) return std::unexpected(start.error());
    // Another version, or rot in these bytes: the header's checksum tells.
    const auto known = check_prefix(*start, snapshot_magic, path_);
    if (!known && known.error().code != ErrorCode::wrong_version) return known;
    Reader lead(BytesView(*start).subspan(prefix_bytes));
    header_bytes_ = lead.number<std::uint32_t>();
    if (lead.failed() || header_bytes_ < prefix_bytes + 28 || header_bytes_ > max_header_bytes) {
        return corrupt(prefix_bytes, "its header");
    }
    const auto bytes = bytes_at(0, header_bytes_);
    if (!bytes) return std::unexpected(bytes.error());
    Reader in(BytesView(*bytes).subspan(prefix_bytes + 4));
    const SnapshotOwner found{NodeId(in.number<std::uint64_t>()), in.number<ports::Slot>()};
    const auto body = in.blob();
    header_sum_ = in.number<std::uint64_t>();
    const bool fits =
        in.complete() && core::checksum(BytesView(*bytes).first(bytes->size() - 8)) == header_sum_;
    Reader meta(body);
    meta_ = core::decode_snapshot_meta(meta);
    if (!fits || !meta.complete()) return corrupt(prefix_bytes, "its header");
    if (!known) return known;
    if (found != owner) {
        return fail(ErrorCode::corrupt, path_ + " belongs to node " + to_string(found.node) +
                                            ", slot " + std::to_string(found.slot) +
                                            ": files have been swapped or renamed");
    }
    return {};
}

Result<void> SnapshotReader::read_end() {
    if (file_bytes_ < header_bytes_ + end_bytes) return corrupt(file_bytes_, "its end is missing");
    const auto end = bytes_at(file_bytes_ - end_bytes, end_bytes);
    if (!end) return std::unexpected(end.error());
    Reader in(*end);
    const auto count = in.number<std::uint64_t>();
    const auto table = in.number<std::uint64_t>();
    size_ = in.number<std::uint64_t>();
    stream_sum_ = in.number<std::uint64_t>();
    const auto sum = in.number<std::uint64_t>();
    const bool ended = text_of(in.raw(end_magic.size())) == end_magic;
    const std::uint64_t table_end = file_bytes_ - end_bytes;
    const bool sane = ended && table >= header_bytes_ && table <= table_end &&
                      count == (table_end - table) / 8 && (table_end - table) % 8 == 0;
    if (!sane) return corrupt(table_end, "its end");
    const auto bytes = bytes_at(table, table_end - table + 32);
    if (!bytes) return std::unexpected(bytes.error());
    if (core::checksum(*bytes, header_sum_) != sum) return corrupt(table, "its end");
    Reader places(*bytes);
    std::uint64_t least = header_bytes_;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto at = places.number<std::uint64_t>();
        const bool follows = i == 0 ? at == least : at > least;
        if (!follows) return corrupt(table, "its table of blocks");
        blocks_.push_back(at);
        least = at;
    }
    blocks_.push_back(table);
    const bool counted = size_ <= count * snapshot_block_bytes &&
                         (count == 0 || size_ > (count - 1) * snapshot_block_bytes);
    if (least > table || !counted) return corrupt(table, "its table of blocks");
    return {};
}

/// A block with its head, verified.
Result<void> SnapshotReader::read_block(std::size_t number, Bytes& bytes) const {
    const std::uint64_t from = blocks_[number];
    bytes.resize(static_cast<std::size_t>(blocks_[number + 1] - from));
    if (auto filled = fill(from, bytes); !filled) return filled;
    Reader in(bytes);
    const auto size = in.number<std::uint32_t>();
    const auto sum = in.number<std::uint64_t>();
    if (in.failed() || size != in.left() ||
        core::checksum(in.rest(), block_seed(header_sum_, number, size)) != sum) {
        return corrupt(from, "block " + std::to_string(number) + " does not verify");
    }
    return {};
}

Result<void> SnapshotReader::load_packed(std::size_t number) {
    if (loaded_packed_ == number) return {};
    loaded_packed_ = SIZE_MAX;
    if (auto got = read_block(number, packed_); !got) return got;
    const auto size = static_cast<std::uint32_t>(packed_.size() - block_head_bytes);
    Writer head;
    head.number(BlockHead{size, true}.encoded());
    // In place of the end of the longer one that it has in the file.
    std::ranges::copy(head.view(), packed_.begin() + head_difference);
    loaded_packed_ = number;
    return {};
}

Result<void> SnapshotReader::load_block(std::size_t number) {
    if (loaded_ == number) return {};
    loaded_ = SIZE_MAX;
    if (auto got = load_packed(number); !got) return got;
    const auto block = unpacker_.unpack(BytesView(packed_).subspan(block_head_bytes));
    const auto bytes =
        std::min<std::uint64_t>(size_ - number * snapshot_block_bytes, snapshot_block_bytes);
    if (!block || block->size() != bytes) {
        return corrupt(blocks_[number], "block " + std::to_string(number) + " does not decompress");
    }
    block_ = *block;
    loaded_ = number;
    return {};
}

/// Where a block begins among those that travel: there each has a smaller head.
std::uint64_t SnapshotReader::packed_place(std::size_t block) const {
    return blocks_[block] - header_bytes_ - block * head_difference;
}

Result<Bytes> SnapshotReader::read_packed(std::uint64_t offset, std::size_t max) {
    Bytes bytes;
    if (offset >= packed_size()) return bytes;
    const auto want = std::min<std::uint64_t>(max, packed_size() - offset);
    bytes.reserve(static_cast<std::size_t>(want));
    const auto numbers = std::views::iota(std::size_t{0}, blocks());
    const auto after = std::ranges::partition_point(
        numbers, [&](std::size_t number) { return packed_place(number) <= offset; });
    auto number = static_cast<std::size_t>(after - numbers.begin()) - 1;
    for (; bytes.size() < want; ++number) {
        if (auto got = load_packed(number); !got) return std::unexpected(got.error());
        const std::uint64_t begun = offset + bytes.size() - packed_place(number);
        append_some(bytes, BytesView(packed_).subspan(head_difference + begun), want);
    }
    return bytes;
}

Result<Bytes> SnapshotReader::read(std::uint64_t offset, std::size_t max) {
    Bytes bytes;
    if (offset >= size_) return bytes;
    const auto want = std::min<std::uint64_t>(max, size_ - offset);
    bytes.reserve(static_cast<std::size_t>(want));
    while (bytes.size() < want) {
        const std::uint64_t at = offset + bytes.size();
        auto loaded = load_block(static_cast<std::size_t>(at / snapshot_block_bytes));
        if (!loaded) return std::unexpected(loaded.error());
        append_some(bytes, block_.subspan(at % snapshot_block_bytes), want);
    }
    return bytes;
}

Result<void> SnapshotReader::verify() const {
    const auto done = verify(0, std::numeric_limits<std::uint64_t>::max());
    return done ? Result<void>() : std::unexpected(done.error());
}

Result<std::size_t> SnapshotReader::verify(std::size_t block, std::uint64_t bytes) const {
    const std::uint64_t from = blocks_[block];
    Bytes packed;
    for (; block < blocks() && blocks_[block] - from < bytes; ++block) {
        if (auto read = read_block(block, packed); !read) return std::unexpected(read.error());
    }
    return block;
}

}  // namespace rafted::disk
