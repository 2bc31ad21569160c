#include "demo/writer.hpp"

#include <algorithm>

namespace rafted::app::demo {

Writer::Writer(Group<Queue> queue)
    : queue_(std::move(queue)), thread_([this](std::stop_token stopped) { run(stopped); }) {}

void Writer::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void Writer::run(const std::stop_token& stopped) {
    for (std::size_t number = 1; !stopped.stop_requested(); ++number) {
        const std::string item = "order-" + std::to_string(number);
        const auto answer = queue_.command(Enqueue{item}, {std::chrono::seconds(20), {}});
        const std::lock_guard lock(mutex_);
        if (answer) {
            acknowledged_.push_back(item);
            times_.push_back(Clock::now());
        } else {
            doubts_.push_back(item + ": " + to_string(answer.error()));
        }
    }
}

std::size_t Writer::count() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_.size();
}

double Writer::longest_pause(Clock::time_point since) const {
    const std::lock_guard lock(mutex_);
    Clock::duration longest{};
    for (std::size_t i = times_.size(); i > 1 && times_[i - 1] > since; --i) {
        longest = std::max(longest, times_[i - 1] - times_[i - 2]);
    }
    return std::chrono::duration<double, std::milli>(longest).count();
}

std::vector<std::string> Writer::acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
}

std::vector<std::string> Writer::doubts() const {
    const std::lock_guard lock(mutex_);
    return doubts_;
}

}  // namespace rafted::app::demo
