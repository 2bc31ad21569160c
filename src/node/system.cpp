#include "node/system.hpp"

#include <random>

namespace rafted::node {

core::Time SystemClock::steady() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return core::Time(std::chrono::duration_cast<core::Duration>(now));
}

core::LogTime SystemClock::wall() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<core::LogTime>(now);
}

std::uint64_t system_random() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
}

}  // namespace rafted::node
