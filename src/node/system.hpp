// The real clock and the real chance.
#pragma once

#include <cstdint>

#include "ports/clock.hpp"

namespace rafted::node {

class SystemClock final : public ports::Clock {
public:
    core::Time steady() override;
    core::LogTime wall() override;
};

/// 64 bits from the system's generator, for identities and seeds.
std::uint64_t system_random();

}  // namespace rafted::node
