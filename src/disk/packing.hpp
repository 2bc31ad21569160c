// The blocks of a snapshot: how one is compressed, and the head with which it travels to another
// node (docs/format.md). Not how they lie in a file (snapshot_file.hpp).
//   1. Every block but the last holds as many bytes of the value.
//   2. Bytes of anybody may be unpacked: what does not fit a block is an error, never more memory.
#pragma once

#include <cstdint>
#include <memory>

#include "rafted/bytes.hpp"
#include "rafted/result.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace rafted::disk {

/// Bytes of the value in each block but the last.
inline constexpr std::size_t snapshot_block_bytes = std::size_t{256} << 10;

class Packer {
public:
    Packer();
    /// The block, compressed; readable until the next call.
    Result<BytesView> pack(BytesView block);

private:
    std::unique_ptr<ZSTD_CCtx_s, void (*)(ZSTD_CCtx_s*)> context_;
    Bytes packed_;
};

class Unpacker {
public:
    Unpacker();
    /// The block's bytes, readable until the next call. Fails with corrupt for what is no block.
    Result<BytesView> unpack(BytesView packed);

private:
    std::unique_ptr<ZSTD_DCtx_s, void (*)(ZSTD_DCtx_s*)> context_;
    Bytes block_;
};

/// Before each block that travels: how many bytes it has there, and whether they are compressed.
struct BlockHead {
    static constexpr std::size_t bytes = 4;
    std::uint32_t size = 0;
    bool is_packed = false;
    /// No block has more bytes.
    std::size_t most() const;
    std::uint32_t encoded() const;
    static BlockHead decoded(std::uint32_t number);
};

}  // namespace rafted::disk
