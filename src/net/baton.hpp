// Which of two threads runs a loop's rounds: whoever holds the baton. The holder may lay it down to
// do something that may block; if it has not taken it back in time, the other one takes it and goes
// on. Laying it down and taking it back wakes nobody.
//   1. One thread holds it at any time, or nobody; what the last holder did is seen by the next.
//   2. The relief sleeps as long as the baton is never laid down.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace rafted::net {

class Baton {
public:
    /// `patience`: how long it may lie there.
    explicit Baton(std::chrono::microseconds patience) : patience_(patience) {}

    /// Returns what take_back() asks for. requires: held by the caller.
    std::uint64_t lay_down();
    /// Returns false if the other thread holds it now, or has held it since.
    bool take_back(std::uint64_t laid_down);
    /// Whether it still lies there. requires: laid down by the caller.
    bool lies(std::uint64_t laid_down) const { return state_ == laid_down; }
    /// Waits until it has lain there for too long, and takes it. Returns false once it is closed.
    bool relieve();
    void close();

private:
    static constexpr std::uint64_t held = 0;

    void sleep(std::unique_lock<std::mutex>& lock, std::uint64_t times);

    const std::chrono::microseconds patience_;
    std::atomic<std::uint64_t> state_ = held;  ///< Or times_, while it lies there.
    std::atomic<std::uint64_t> times_ = 0;     ///< It was laid down.
    std::atomic<bool> asleep_ = false;         ///< The relief must be woken.
    std::mutex mutex_;
    std::condition_variable wake_;
    bool closed_ = false;  ///< Under mutex_.
};

}  // namespace rafted::net
