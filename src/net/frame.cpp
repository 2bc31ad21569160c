#include "net/frame.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/checksum.hpp"

namespace rafted::net {
namespace {

/// Parts of this size and more, on the average, are referenced: to copy smaller ones costs less
/// than to count who holds them and to gather them.
constexpr std::size_t large_part = 2048;
/// What is copied of one frame, at most.
constexpr std::size_t max_copied = std::size_t{32} << 10;
/// A tail buffer is not grown beyond this; the next piece begins.
constexpr std::size_t max_tail = std::size_t{64} << 10;

struct Header {
    std::uint32_t length = 0;
    std::uint32_t checksum = 0;
};

Header parse(BytesView bytes) {
    Header header;
    std::memcpy(&header.length, bytes.data(), 4);
    std::memcpy(&header.checksum, bytes.data() + 4, 4);
    return header;
}

std::uint32_t body_checksum(BytesView body) {
    return static_cast<std::uint32_t>(core::checksum(body));
}

std::uint32_t body_checksum(const OutFrame& frame) {
    std::vector<BytesView> parts;
    parts.reserve(2 + frame.blocks.size());
    parts.emplace_back(frame.head);
    parts.emplace_back(frame.body);
    for (const auto& block : frame.blocks) parts.push_back(block.block());
    return static_cast<std::uint32_t>(core::checksum(std::span<const BytesView>(parts)));
}

Result<void> check_length(std::size_t length, std::size_t limit) {
    if (length == 0) return fail(ErrorCode::invalid, "a frame of length zero");
    if (length > limit) {
        return fail(ErrorCode::too_large, "a frame of " + std::to_string(length) +
                                              " bytes; at most " + std::to_string(limit) +
                                              " are accepted here");
    }
    return {};
}

}  // namespace

Frame Frame::kept() const {
    if (owner) return *this;
    auto memory = std::make_shared_for_overwrite<std::byte[]>(body.size());
    std::memcpy(memory.get(), body.data(), body.size());
    const BytesView copy(memory.get(), body.size());
    return {copy, std::move(memory)};
}

std::span<std::byte> FrameReader::rest() {
    if (!body_) return {};
    return {body_.get() + body_have_, body_size_ - body_have_};
}

Result<void> FrameReader::received(std::size_t direct, BytesView behind, FrameSink& sink) {
    if (body_) {
        body_have_ += direct;
        if (body_have_ < body_size_) {
            const auto part = behind.first(std::min(behind.size(), body_size_ - body_have_));
            if (!part.empty()) std::memcpy(body_.get() + body_have_, part.data(), part.size());
            body_have_ += part.size();
            behind = behind.subspan(part.size());
            if (body_have_ < body_size_) return {};
        }
        const BytesView body(body_.get(), body_size_);
        if (auto done = finish({body, std::move(body_)}, sink); !done) return done;
    }
    while (!behind.empty()) {
        if (auto begun = begin(behind, sink); !begun) return begun;
    }
    return {};
}

/// Takes one header and as much of its body as is there.
Result<void> FrameReader::begin(BytesView& bytes, FrameSink& sink) {
    const auto part = std::min(bytes.size(), frame_header_bytes - header_size_);
    std::memcpy(header_.data() + header_size_, bytes.data(), part);
    header_size_ += part;
    bytes = bytes.subspan(part);
    if (header_size_ < frame_header_bytes) return {};
    const std::size_t length = parse(header_).length;
    if (auto sane = check_length(length, max_body_); !sane) return sane;
    if (bytes.size() >= length) {
        const auto body = bytes.first(length);
        bytes = bytes.subspan(length);
        return finish({body, nullptr}, sink);
    }
    body_ = std::make_shared_for_overwrite<std::byte[]>(length);
    body_size_ = length;
    body_have_ = bytes.size();
    if (!bytes.empty()) std::memcpy(body_.get(), bytes.data(), bytes.size());
    bytes = {};
    return {};
}

Result<void> FrameReader::finish(const Frame& frame, FrameSink& sink) {
    const auto expected = parse(header_).checksum;
    header_size_ = 0;
    if (body_checksum(frame.body) != expected) {
        return fail(ErrorCode::corrupt, "a frame of " + std::to_string(frame.body.size()) +
                                            " bytes fails its checksum");
    }
    return sink.take(frame);
}

std::size_t OutFrame::size() const {
    std::size_t n = frame_header_bytes + head.size() + body.size();
    for (const auto& block : blocks) n += block.size();
    return n;
}

void OutQueue::push(OutFrame frame) {
    const std::size_t size = frame.size();
    const bool is_copied = size <= max_copied && size / (1 + frame.blocks.size()) < large_part;
    bytes_ += size;
    Bytes& out = tail();
    const std::size_t at = out.size();
    out.resize(at + (is_copied ? size : frame_header_bytes + frame.head.size()));
    std::byte* const begin = out.data() + at;
    std::byte* end = begin + frame_header_bytes;
    // Not std::ranges::copy, which goes byte by byte here.
    const auto copy = [&end](BytesView part) { end = std::copy(part.begin(), part.end(), end); };
    copy(frame.head);
    if (is_copied) {
        copy(frame.body);
        for (const auto& block : frame.blocks) copy(block.block());
    }
    const auto length = static_cast<std::uint32_t>(size - frame_header_bytes);
    const BytesView body(begin + frame_header_bytes, end);
    const std::uint32_t sum = is_copied ? body_checksum(body) : body_checksum(frame);
    std::memcpy(begin, &length, 4);
    std::memcpy(begin + 4, &sum, 4);
    if (is_copied) return;
    if (!frame.body.empty()) {
        pieces_.push_back({.own = std::move(frame.body), .block = {}, .is_block = false});
    }
    for (auto& block : frame.blocks) {
        pieces_.push_back({.own = {}, .block = std::move(block), .is_block = true});
    }
}

Bytes& OutQueue::tail() {
    if (pieces_.empty() || pieces_.back().is_block || pieces_.back().own.size() > max_tail) {
        pieces_.push_back({.own = std::move(spare_), .block = {}, .is_block = false});
        spare_.clear();
    }
    return pieces_.back().own;
}

std::size_t OutQueue::gather(std::span<iovec> slots) const {
    std::size_t used = 0;
    std::size_t skip = front_written_;
    for (const auto& piece : pieces_) {
        if (used == slots.size()) break;
        const auto view = piece.view().subspan(skip);
        skip = 0;
        if (view.empty()) continue;
        // writev takes a pointer to non-const, and does not write through it.
        slots[used++] = {const_cast<std::byte*>(view.data()), view.size()};
    }
    return used;
}

void OutQueue::written(std::size_t n) {
    bytes_ -= n;
    while (n > 0 || (!pieces_.empty() && front_written_ == pieces_.front().view().size())) {
        auto& piece = pieces_.front();
        const auto left = piece.view().size() - front_written_;
        if (n < left) {
            front_written_ += n;
            return;
        }
        n -= left;
        front_written_ = 0;
        if (!piece.is_block && piece.own.capacity() > spare_.capacity() &&
            piece.own.capacity() <= 2 * max_tail) {
            spare_ = std::move(piece.own);
            spare_.clear();
        }
        pieces_.pop_front();
    }
}

}  // namespace rafted::net
