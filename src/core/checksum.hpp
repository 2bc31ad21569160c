// The one checksum of the project: XXH3, 64 bits. The only place of the core that touches a
// library besides the standard one; the header stays out of everybody else's way.
#pragma once

#include <cstdint>
#include <span>

#include "rafted/bytes.hpp"

namespace rafted::core {

/// XXH3-64 of the bytes. The seed makes equal bytes in different places differ.
std::uint64_t checksum(BytesView bytes, std::uint64_t seed = 0);
/// The same number as for the parts laid back to back, without laying them so.
std::uint64_t checksum(std::span<const BytesView> parts);

}  // namespace rafted::core
