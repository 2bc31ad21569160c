#include "disk/packing.hpp"

#include <zstd.h>

#include <string>

namespace rafted::disk {
namespace {

constexpr int compression_level = 1;
constexpr std::uint32_t plain_mark = std::uint32_t{1} << 31;

void let_go(ZSTD_CCtx* context) { ZSTD_freeCCtx(context); }
void let_go(ZSTD_DCtx* context) { ZSTD_freeDCtx(context); }

}  // namespace

Packer::Packer() : context_(nullptr, let_go) {}

Result<BytesView> Packer::pack(BytesView block) {
    if (!context_) context_.reset(ZSTD_createCCtx());
    packed_.resize(ZSTD_compressBound(block.size()));
    const auto size = ZSTD_compressCCtx(context_.get(), packed_.data(), packed_.size(),
                                        block.data(), block.size(), compression_level);
    if (ZSTD_isError(size)) {
        return fail(ErrorCode::invalid,
                    std::string("cannot compress a snapshot: ") + ZSTD_getErrorName(size));
    }
    return BytesView(packed_).first(size);
}

Unpacker::Unpacker() : context_(nullptr, let_go) {}

Result<BytesView> Unpacker::unpack(BytesView packed) {
    if (!context_) context_.reset(ZSTD_createDCtx());
    block_.resize(snapshot_block_bytes);
    const auto size = ZSTD_decompressDCtx(context_.get(), block_.data(), block_.size(),
                                          packed.data(), packed.size());
    if (ZSTD_isError(size)) {
        return fail(ErrorCode::corrupt,
                    std::string("a block does not decompress: ") + ZSTD_getErrorName(size));
    }
    return BytesView(block_).first(size);
}

std::size_t BlockHead::most() const {
    return is_packed ? ZSTD_compressBound(snapshot_block_bytes) : snapshot_block_bytes;
}

std::uint32_t BlockHead::encoded() const { return is_packed ? size : size | plain_mark; }

BlockHead BlockHead::decoded(std::uint32_t number) {
    return {number & ~plain_mark, (number & plain_mark) == 0};
}

}  // namespace rafted::disk
