// A snapshot that arrives from another node, in pieces: cuts them into blocks again and tells
// whether the whole is what was sent. Where the blocks go is up to who takes them.
#pragma once

#include <functional>

#include "core/message.hpp"
#include "disk/packing.hpp"

namespace rafted::disk {

class Arrival {
public:
    /// requires: the piece is at offset 0; it is added like any other.
    explicit Arrival(const core::SnapshotPiece& first)
        : meta_(first.meta), checksum_(first.checksum) {}

    struct Block {
        BytesView packed;  ///< Empty: it came as it is.
        BytesView value;
    };
    using Take = std::function<Result<void>(const Block&)>;

    bool is_next(const core::SnapshotPiece& piece) const;
    /// Calls `take` for each block that is whole now. Fails as that does, or with corrupt; nothing
    /// may be added afterwards.
    Result<void> add(BytesView piece, const Take& take);
    /// Fails with corrupt unless the blocks are whole and what they held has the sender's checksum.
    Result<void> verify(std::uint64_t checksum) const;
    /// What to say of the last piece where others did not come.
    static Error incomplete(const core::SnapshotPiece& last);

private:
    std::unexpected<Error> damaged(const std::string& what) const;
    Result<void> give(BlockHead head, BytesView bytes, const Take& take);

    core::SnapshotMeta meta_;
    std::uint64_t checksum_ = 0;
    std::uint64_t offset_ = 0;
    Unpacker unpacker_;
    Bytes waiting_;               ///< Of a block that is not whole yet, with its head.
    bool is_last_given_ = false;  ///< One that was not full.
};

}  // namespace rafted::disk
