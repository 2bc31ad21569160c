// The member's own small generator (splitmix64): part of its state, so that a run can be replayed.
#pragma once

#include <cstdint>

namespace rafted::core {

class Random {
public:
    explicit Random(std::uint64_t seed = 0) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    /// Uniform in [1, n]; n > 0. The bias is below n / 2^64.
    std::uint64_t one_to(std::uint64_t n) { return next() % n + 1; }
    std::uint64_t state() const { return state_; }

    bool operator==(const Random&) const = default;

private:
    std::uint64_t state_;
};

}  // namespace rafted::core
