// Sectors: what a disk writes whole or not at all. One that reads as zero was never written, unless
// zeros were written there.
#pragma once

#include <cstdint>
#include <span>

#include "rafted/bytes.hpp"

namespace rafted::disk {

inline constexpr std::uint64_t sector_bytes = 512;

bool is_zero(BytesView bytes);
/// Up to and including the last byte that is not zero.
std::uint64_t written_bytes(BytesView bytes);
/// How many whole sectors are zero within these pieces, which lie back to back at the position.
std::uint32_t zero_sectors(std::uint64_t position, std::span<const BytesView> pieces);
/// Whether the bytes [from, to) of a frame at the position are such as were never written: a sector
/// that holds some of them is zero, or the frame is zero from some byte before `to` on.
bool was_never_written(BytesView frame, std::uint64_t position, std::uint64_t from,
                       std::uint64_t to);

}  // namespace rafted::disk
