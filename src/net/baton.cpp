#include "net/baton.hpp"

namespace rafted::net {
namespace {

/// Looks of the relief without anything to see before it sleeps: it is woken less often than it
/// would look, and costs nothing on an idle node.
constexpr unsigned looks_before_sleep = 20;

}  // namespace

std::uint64_t Baton::lay_down() {
    const std::uint64_t number = times_ + 1;
    times_ = number;
    state_ = number;
    if (asleep_ && asleep_.exchange(false)) {
        const std::lock_guard lock(mutex_);
        wake_.notify_one();
    }
    return number;
}

bool Baton::take_back(std::uint64_t laid_down) {
    return state_.compare_exchange_strong(laid_down, held);
}

bool Baton::relieve() {
    std::unique_lock lock(mutex_);
    std::uint64_t seen_state = held;
    std::uint64_t seen_times = times_;
    for (unsigned looks = 0; !closed_; ++looks) {
        std::uint64_t state = state_;
        const bool too_long = state != held && state == seen_state;
        if (too_long && state_.compare_exchange_strong(state, held)) return true;
        const std::uint64_t times = times_;
        if (times != seen_times || state != held) looks = 0;
        seen_state = state;
        seen_times = times;
        if (looks < looks_before_sleep) {
            wake_.wait_for(lock, patience_);
        } else {
            sleep(lock, times);
            looks = 0;
        }
    }
    return false;
}

/// Until it is laid down for the first time after `times`.
void Baton::sleep(std::unique_lock<std::mutex>& lock, std::uint64_t times) {
    asleep_ = true;
    // Who lays it down after this look sees that we sleep.
    if (times_ != times) {
        asleep_ = false;
        return;
    }
    wake_.wait(lock, [this] { return closed_ || !asleep_; });
}

void Baton::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake_.notify_all();
}

}  // namespace rafted::net
