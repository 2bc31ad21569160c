#include "disk/sectors.hpp"

#include <algorithm>

namespace rafted::disk {

bool is_zero(BytesView bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

std::uint64_t written_bytes(BytesView bytes) {
    const auto last = std::ranges::find_if(bytes.rbegin(), bytes.rend(),
                                           [](std::byte b) { return b != std::byte{0}; });
    return static_cast<std::uint64_t>(bytes.rend() - last);
}

std::uint32_t zero_sectors(std::uint64_t position, std::span<const BytesView> pieces) {
    std::uint32_t count = 0;
    bool all_zero = position % sector_bytes == 0;  // of this sector, from its begin on
    for (const BytesView piece : pieces) {
        for (std::size_t at = 0; at < piece.size();) {
            const std::uint64_t left = sector_bytes - position % sector_bytes;
            const auto n =
                static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size() - at));
            all_zero = all_zero && is_zero(piece.subspan(at, n));
            at += n;
            position += n;
            if (position % sector_bytes != 0) continue;
            if (all_zero) ++count;
            all_zero = true;
        }
    }
    return count;
}

bool was_never_written(BytesView frame, std::uint64_t position, std::uint64_t from,
                       std::uint64_t to) {
    if (written_bytes(frame) < to) return true;
    for (std::uint64_t at = from; at < to;) {
        const std::uint64_t sector = (position + at) / sector_bytes * sector_bytes;
        const std::uint64_t begin = sector > position ? sector - position : 0;
        const std::uint64_t end =
            std::min<std::uint64_t>(sector + sector_bytes - position, frame.size());
        if (is_zero(frame.subspan(begin, end - begin))) return true;
        at = end;
    }
    return false;
}

}  // namespace rafted::disk
