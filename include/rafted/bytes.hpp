// Bytes on the wire and on disk: a growing Writer and a bounds-checked Reader, little endian. With
// a sink or a source they work in pieces, and what is larger than memory passes through.
// Not a codec: what the bytes mean is said by codec.hpp (values) and the cores' own codecs.
//   1. A Reader never reads past its end; after a failure it stays failed and returns zeros.
//   2. A length read from outside is checked against what is left before anything is allocated.
//   3. What is nested deeper than max_nesting fails on both sides: the stack is bounded too.
//   4. In pieces, a Writer holds one piece at most, a Reader what raw(), blob() or rest() gave.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace rafted {

static_assert(std::endian::native == std::endian::little, "the formats are little endian");

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;
/// Immutable bytes that several owners hold at once (journal, sockets and memory).
using SharedBytes = std::shared_ptr<const Bytes>;

inline BytesView view_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view text_of(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes copy_of(BytesView bytes) { return {bytes.begin(), bytes.end()}; }

/// Containers within containers: a Writer that goes deeper has failed, a Reader refuses.
inline constexpr std::uint32_t max_nesting = 256;

/// Takes what a Writer gathers.
class ByteSink {
public:
    virtual ~ByteSink() = default;
    /// False if it cannot: then the Writer has failed, and drops whatever follows.
    virtual bool take(BytesView piece) = 0;
};

/// Gives a Reader its bytes.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    /// The next bytes, at least one; they stay until the next call. None if they cannot be had.
    virtual BytesView next() = 0;
};

/// Appends to a byte buffer it owns, or gives all away in pieces.
class Writer {
public:
    Writer() = default;
    /// Gives what it has to the sink whenever that is a piece; the rest with flush().
    explicit Writer(ByteSink& sink) : sink_(&sink), limit_(piece_bytes) {}
    static constexpr std::size_t piece_bytes = std::size_t{256} << 10;

    template <class T>
        requires std::is_arithmetic_v<T>
    void number(T value) {
        const auto at = bytes_.size();
        bytes_.resize(at + sizeof value);
        std::memcpy(bytes_.data() + at, &value, sizeof value);
        if (bytes_.size() >= limit_) flush();
    }
    void raw(BytesView bytes) {
        if (bytes.size() >= limit_ - bytes_.size()) return raw_in_pieces(bytes);
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
    /// A length (u32) and the bytes.
    void blob(BytesView bytes) {
        number(static_cast<std::uint32_t>(bytes.size()));
        raw(bytes);
    }
    void text(std::string_view text) { blob(view_of(text)); }

    /// All that was written.
    std::size_t size() const { return given_ + bytes_.size(); }
    /// All that was written and has not been given to a sink.
    BytesView view() const { return bytes_; }
    Bytes take() { return std::move(bytes_); }
    void reserve(std::size_t n) { bytes_.reserve(n); }
    /// What was written from this offset on, to be changed in place. Throws std::logic_error if
    /// some of it has been given to a sink: what is to be streamed cannot be changed afterwards.
    std::span<std::byte> written_from(std::size_t at) {
        if (at < given_) refuse_change();
        return std::span(bytes_).subspan(at - given_);
    }
    bool has_sink() const { return sink_ != nullptr; }
    /// Gives everything to the sink, if there is one.
    void flush();

    /// Something was written that no Reader can take back (too long or too deep).
    void fail() { failed_ = true; }
    bool failed() const { return failed_; }
    void descend() {
        if (++depth_ > max_nesting) fail();
    }
    void ascend() { --depth_; }

private:
    void raw_in_pieces(BytesView bytes);
    [[noreturn]] static void refuse_change();

    Bytes bytes_;
    ByteSink* sink_ = nullptr;
    std::size_t limit_ = SIZE_MAX;  // bytes_ is shorter after each call
    std::size_t given_ = 0;
    std::uint32_t depth_ = 0;
    bool failed_ = false;
    bool refused_ = false;  // by the sink
};

/// Reads what a Writer wrote. Of bytes it keeps no copy, so they must outlive it.
class Reader {
public:
    explicit Reader(BytesView bytes) : rest_(bytes), room_(bytes.size()) {}
    /// Reads `size` bytes of a source, a piece at a time. requires: the source outlives it.
    Reader(ByteSource& source, std::size_t size)
        : beyond_(size), room_(size), stream_(std::make_unique<Stream>(source)) {}

    template <class T>
        requires std::is_arithmetic_v<T>
    T number() {
        T value{};
        return read_into(std::as_writable_bytes(std::span(&value, 1))) ? value : T{};
    }
    /// The next bytes, as many as there is room for. False (and failed) if fewer are left.
    bool read_into(std::span<std::byte> room) {
        if (room.size() > rest_.size() || failed_) return read_across(room);
        if (!room.empty()) std::memcpy(room.data(), rest_.data(), room.size());
        rest_ = rest_.subspan(room.size());
        return true;
    }
    /// The next n bytes, or nothing (and failed) if fewer are left. Of a source they are a copy
    /// that the Reader keeps, until it ends or the load() of an own type that asked has returned;
    /// to take much of it, read_into(), text() and blob_copy() keep nothing.
    BytesView raw(std::size_t n) {
        if (stream_) return hand_out(n);
        if (failed_ || n > rest_.size()) {
            fail();
            return {};
        }
        const auto part = rest_.first(n);
        rest_ = rest_.subspan(n);
        return part;
    }
    BytesView blob() { return raw(number<std::uint32_t>()); }
    Bytes blob_copy() { return copy<Bytes>(); }
    std::string text() { return copy<std::string>(); }

    /// How much of this memory may be taken for elements that are only announced: over all calls
    /// no more than there were bytes. The rest has to be taken as they turn up.
    std::size_t take_room(std::size_t bytes) {
        const std::size_t taken = bytes < room_ ? bytes : room_;
        room_ -= taken;
        return taken;
    }

    void fail() {
        failed_ = true;
        rest_ = {};
        beyond_ = 0;
    }
    bool failed() const { return failed_; }
    bool at_end() const { return left() == 0; }
    /// Everything was read and nothing was missing.
    bool complete() const { return !failed_ && at_end(); }
    std::size_t left() const { return rest_.size() + beyond_; }
    /// All that is left, without reading it. Of a source: takes all of it into memory.
    BytesView rest() {
        if (beyond_ > 0) gather();
        return rest_;
    }

    /// How many parts have been handed out and are kept; keep_parts() lets those after go.
    std::size_t parts() const { return stream_ ? stream_->parts.size() : 0; }
    void keep_parts(std::size_t first) {
        if (stream_) stream_->parts.resize(first);
    }

    void descend() {
        if (++depth_ > max_nesting) fail();
    }
    void ascend() { --depth_; }

private:
    struct Stream {
        explicit Stream(ByteSource& from) : source(from) {}
        ByteSource& source;
        std::vector<Bytes> parts;  // handed out by raw()
        Bytes whole;               // what gather() took
    };

    bool read_across(std::span<std::byte> room);
    BytesView hand_out(std::size_t n);
    void gather();

    template <class T>
    T copy() {
        const std::size_t length = number<std::uint32_t>();
        T own;
        if (length > left()) fail();
        if (failed_) return own;
        own.resize(length);
        return read_into(std::as_writable_bytes(std::span(own))) ? own : T();
    }

    BytesView rest_;          // of what is in memory
    std::size_t beyond_ = 0;  // what the source has not given yet
    std::size_t room_;
    std::unique_ptr<Stream> stream_;
    std::uint32_t depth_ = 0;
    bool failed_ = false;
};

}  // namespace rafted
