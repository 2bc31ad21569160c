// The chance a value may use: splitmix64, so that the n-th number needs no state.
#include "rafted/machine.hpp"

namespace rafted {

std::uint64_t Context::random(std::uint64_t n) const {
    std::uint64_t mixed = seed + (n + 1) * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

}  // namespace rafted
