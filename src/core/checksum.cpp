#include "core/checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rafted::core {

std::uint64_t checksum(BytesView bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace rafted::core
