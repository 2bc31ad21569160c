// A client that keeps writing: one item after the other, for as long as it lives, and remembers
// exactly what was acknowledged and when.
//   1. An item is acknowledged, or it is doubtful (no answer in time), or it was refused.
#pragma once

#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "demo/cluster.hpp"

namespace rafted::app::demo {

class Writer {
public:
    explicit Writer(Group<Queue> queue);

    /// Ends after the item in hand.
    void stop();
    std::size_t count() const;
    /// The longest time between two answers that ends after `since`, in ms.
    double longest_pause(Clock::time_point since) const;
    std::vector<std::string> acknowledged() const;
    /// What could not be said of some items; empty if all went well.
    std::vector<std::string> doubts() const;

private:
    void run(const std::stop_token& stopped);

    Group<Queue> queue_;
    mutable std::mutex mutex_;  // hands the figures over
    std::vector<std::string> acknowledged_;
    std::vector<Clock::time_point> times_;
    std::vector<std::string> doubts_;
    std::jthread thread_;
};

}  // namespace rafted::app::demo
