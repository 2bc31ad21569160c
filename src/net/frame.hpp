// Frames: how a stream of bytes is cut into bodies. Pure: no socket, no clock.
//
//   frame = length:u32    of the body; 1 to the receiver's limit
//           checksum:u32  low half of XXH3 of the body
//           body          its first byte is the type (wire.hpp)
//
//   1. Nothing is allocated for a length above the limit.
//   2. A body is handed on only whole and with a right checksum.
//   3. A frame that arrives in one read is not copied; one that arrives in several is received
//      into memory of exactly its size.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "core/entry.hpp"
#include "rafted/result.hpp"

namespace rafted::net {

inline constexpr std::size_t frame_header_bytes = 8;

/// A whole body as received.
struct Frame {
    BytesView body;
    /// Keeps the body alive; null: it lies in a buffer that is used again after the call.
    std::shared_ptr<const void> owner;

    /// The same body, in memory that `owner` keeps: copied only if it has none yet.
    Frame kept() const;
};

class FrameSink {
public:
    virtual ~FrameSink() = default;
    /// An error ends the stream.
    virtual Result<void> take(const Frame& frame) = 0;
};

/// Cuts a received stream into frames.
class FrameReader {
public:
    explicit FrameReader(std::size_t max_body) : max_body_(max_body) {}
    void set_max_body(std::size_t max_body) { max_body_ = max_body; }

    /// Where the rest of a frame that has begun should be received; empty if none has.
    std::span<std::byte> rest();
    /// `direct` bytes were received into rest(), and after them those of `behind`. Fails with
    /// invalid (length zero), too_large, corrupt (checksum), or what the sink says.
    Result<void> received(std::size_t direct, BytesView behind, FrameSink& sink);
    /// Nothing of a next frame has arrived yet.
    bool between_frames() const { return header_size_ == 0 && !body_; }

private:
    Result<void> begin(BytesView& bytes, FrameSink& sink);
    Result<void> finish(const Frame& frame, FrameSink& sink);

    std::size_t max_body_;
    std::array<std::byte, frame_header_bytes> header_{};
    std::size_t header_size_ = 0;
    std::shared_ptr<std::byte[]> body_;  // a frame that did not arrive in one read
    std::size_t body_size_ = 0;
    std::size_t body_have_ = 0;
};

/// One frame to send: the parts of its body, in this order.
struct OutFrame {
    Bytes head;
    Bytes body;
    std::vector<core::Entry> blocks;
    std::size_t size() const;
};

/// What waits to be written on one connection. Small parts lie together in one buffer; large
/// entries and bodies are referenced, never copied.
class OutQueue {
public:
    void push(OutFrame frame);
    /// Fills as many gather slots as there are and fit; returns how many.
    std::size_t gather(std::span<iovec> slots) const;
    /// These first bytes have been written.
    void written(std::size_t n);
    std::size_t bytes() const { return bytes_; }
    bool empty() const { return bytes_ == 0; }

private:
    struct Piece {
        Bytes own;
        core::Entry block;
        bool is_block = false;
        BytesView view() const { return is_block ? block.block() : BytesView(own); }
    };
    Bytes& tail();

    std::deque<Piece> pieces_;
    std::size_t front_written_ = 0;
    std::size_t bytes_ = 0;
    Bytes spare_;  // memory of a piece that was written, for the next
};

}  // namespace rafted::net
