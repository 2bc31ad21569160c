#include "core/checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rafted::core {

std::uint64_t checksum(BytesView bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t checksum(std::span<const BytesView> parts) {
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (const auto part : parts) XXH3_64bits_update(&state, part.data(), part.size());
    return XXH3_64bits_digest(&state);
}

}  // namespace rafted::core
