// Bytes on the wire and on disk: a growing Writer and a bounds-checked Reader, little endian.
// Not a codec: what the bytes mean is said by codec.hpp (values) and the cores' own codecs.
//   1. A Reader never reads past its end; after a failure it stays failed and returns zeros.
//   2. A length read from outside is checked against what is left before anything is allocated.
//   3. What is nested deeper than max_nesting fails on both sides: the stack is bounded too.
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

/// Appends to a byte buffer it owns.
class Writer {
public:
    template <class T>
        requires std::is_arithmetic_v<T>
    void number(T value) {
        const auto at = bytes_.size();
        bytes_.resize(at + sizeof value);
        std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
    void raw(BytesView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    /// A length (u32) and the bytes.
    void blob(BytesView bytes) {
        number(static_cast<std::uint32_t>(bytes.size()));
        raw(bytes);
    }
    void text(std::string_view text) { blob(view_of(text)); }

    std::size_t size() const { return bytes_.size(); }
    BytesView view() const { return bytes_; }
    Bytes take() { return std::move(bytes_); }
    void reserve(std::size_t n) { bytes_.reserve(n); }
    /// What was written from this offset on, to be changed in place.
    std::span<std::byte> written_from(std::size_t at) { return std::span(bytes_).subspan(at); }

    /// Something was written that no Reader can take back (too long or too deep).
    void fail() { failed_ = true; }
    bool failed() const { return failed_; }
    void descend() {
        if (++depth_ > max_nesting) fail();
    }
    void ascend() { --depth_; }

private:
    Bytes bytes_;
    std::uint32_t depth_ = 0;
    bool failed_ = false;
};

/// Reads what a Writer wrote; keeps no copy, so the bytes must outlive it.
class Reader {
public:
    explicit Reader(BytesView bytes) : rest_(bytes), room_(bytes.size()) {}

    template <class T>
        requires std::is_arithmetic_v<T>
    T number() {
        T value{};
        if (const auto part = raw(sizeof value); part.size() == sizeof value) {
            std::memcpy(&value, part.data(), sizeof value);
        }
        return value;
    }
    /// The next n bytes, or nothing (and failed) if fewer are left.
    BytesView raw(std::size_t n) {
        if (failed_ || n > rest_.size()) {
            fail();
            return {};
        }
        const auto part = rest_.first(n);
        rest_ = rest_.subspan(n);
        return part;
    }
    BytesView blob() { return raw(number<std::uint32_t>()); }
    std::string text() { return std::string(text_of(blob())); }

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
    }
    bool failed() const { return failed_; }
    bool at_end() const { return rest_.empty(); }
    /// Everything was read and nothing was missing.
    bool complete() const { return !failed_ && rest_.empty(); }
    std::size_t left() const { return rest_.size(); }
    BytesView rest() const { return rest_; }

    void descend() {
        if (++depth_ > max_nesting) fail();
    }
    void ascend() { --depth_; }

private:
    BytesView rest_;
    std::size_t room_;
    std::uint32_t depth_ = 0;
    bool failed_ = false;
};

}  // namespace rafted
