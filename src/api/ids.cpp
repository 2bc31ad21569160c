// How ids are printed.
#include "rafted/ids.hpp"

namespace rafted {

std::string hex(std::uint64_t value) {
    std::string digits(16, '0');
    for (auto at = digits.rbegin(); at != digits.rend(); ++at, value >>= 4) {
        *at = "0123456789abcdef"[value & 15];
    }
    return digits;
}

}  // namespace rafted
