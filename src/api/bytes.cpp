// The slow paths of Writer and Reader: what crosses from one piece to the next.
#include "rafted/bytes.hpp"

#include <algorithm>
#include <stdexcept>

namespace rafted {

void Writer::flush() {
    if (sink_ == nullptr || bytes_.empty()) return;
    given_ += bytes_.size();
    if (!refused_ && !sink_->take(bytes_)) {
        refused_ = true;
        fail();
    }
    bytes_.clear();
}

void Writer::raw_in_pieces(BytesView bytes) {
    while (!bytes.empty()) {
        const auto part = bytes.first(std::min(bytes.size(), limit_ - bytes_.size()));
        bytes_.insert(bytes_.end(), part.begin(), part.end());
        bytes = bytes.subspan(part.size());
        if (bytes_.size() >= limit_) flush();
    }
}

void Writer::refuse_change() {
    throw std::logic_error(
        "a save() changed with written_from() what had been written before; "
        "a value is saved in pieces, so write it in order");
}

bool Reader::read_across(std::span<std::byte> room) {
    if (failed_ || room.size() > left()) {
        fail();
        return false;
    }
    while (!room.empty()) {
        if (rest_.empty()) {
            rest_ = stream_->source.next();
            if (rest_.empty() || rest_.size() > beyond_) {
                fail();
                return false;
            }
            beyond_ -= rest_.size();
        }
        const auto n = std::min(room.size(), rest_.size());
        std::memcpy(room.data(), rest_.data(), n);
        room = room.subspan(n);
        rest_ = rest_.subspan(n);
    }
    return true;
}

BytesView Reader::hand_out(std::size_t n) {
    if (failed_ || n > left()) {
        fail();
        return {};
    }
    Bytes part(n);
    if (!read_into(part)) return {};
    return stream_->parts.emplace_back(std::move(part));
}

void Reader::gather() {
    Bytes whole(left());
    if (!read_into(whole)) return;
    stream_->whole = std::move(whole);
    rest_ = stream_->whole;
}

}  // namespace rafted
