#include "disk/arrival.hpp"

namespace rafted::disk {

bool Arrival::is_next(const core::SnapshotPiece& piece) const {
    return piece.meta == meta_ && piece.checksum == checksum_ && piece.offset == offset_;
}

std::unexpected<Error> Arrival::damaged(const std::string& what) const {
    return fail(ErrorCode::corrupt,
                "the snapshot at " + to_string(meta_.index) + " arrived damaged: " + what);
}

Result<void> Arrival::add(BytesView piece, const Take& take) {
    offset_ += piece.size();
    waiting_.insert(waiting_.end(), piece.begin(), piece.end());
    BytesView rest = waiting_;
    while (rest.size() >= BlockHead::bytes) {
        Reader in(rest);
        const auto head = BlockHead::decoded(in.number<std::uint32_t>());
        if (head.size > head.most()) {
            return damaged("no block has " + std::to_string(head.size) + " bytes");
        }
        if (in.left() < head.size) break;
        auto given = give(head, rest.subspan(BlockHead::bytes, head.size), take);
        if (!given) return given;
        rest = rest.subspan(BlockHead::bytes + head.size);
    }
    waiting_.erase(waiting_.begin(), waiting_.end() - static_cast<std::ptrdiff_t>(rest.size()));
    return {};
}

Result<void> Arrival::give(BlockHead head, BytesView bytes, const Take& take) {
    Result<BytesView> value = bytes;
    if (head.is_packed) value = unpacker_.unpack(bytes);
    if (!value) return damaged(value.error().message);
    if (value->empty() || is_last_given_) return damaged("a block is empty, or follows the last");
    is_last_given_ = value->size() < snapshot_block_bytes;
    return take({head.is_packed ? bytes : BytesView(), *value});
}

Result<void> Arrival::verify(std::uint64_t checksum) const {
    if (!waiting_.empty()) return damaged("its last block is cut short");
    if (checksum != checksum_) return damaged("its checksum does not fit");
    return {};
}

Error Arrival::incomplete(const core::SnapshotPiece& last) {
    return {ErrorCode::corrupt,
            "the snapshot at " + to_string(last.meta.index) +
                " is not whole: pieces before offset " + std::to_string(last.offset) +
                " are missing",
            {}};
}

}  // namespace rafted::disk
