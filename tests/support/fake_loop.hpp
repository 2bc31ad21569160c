// A loop whose time stands still until a test moves it: nothing waits, nothing runs by itself.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "ports/loop.hpp"

namespace rafted::test {

class FakeLoop final : public ports::Loop {
public:
    core::Time now() const override { return now_; }
    bool post(ports::Job job) override {
        if (stopped) return false;
        jobs_.push_back(std::move(job));
        return true;
    }
    TimerId call_at(core::Time at, ports::Job job) override {
        const TimerId id{std::max(at, now_), next_++};
        timers_.emplace(id, std::move(job));
        return id;
    }
    void cancel(TimerId timer) override { timers_.erase(timer); }
    bool in_loop() const override { return inside; }

    /// Runs every job, and those they post.
    void run() {
        const bool before = std::exchange(inside, true);
        while (!jobs_.empty()) {
            auto job = std::move(jobs_.front());
            jobs_.pop_front();
            job();
        }
        inside = before;
    }
    /// Lets time pass: timers run at their times, with the jobs they post.
    void advance(core::Duration duration) {
        const auto until = now_ + duration;
        run();
        while (!timers_.empty() && timers_.begin()->first.at <= until) {
            now_ = timers_.begin()->first.at;
            auto job = std::move(timers_.begin()->second);
            timers_.erase(timers_.begin());
            inside = true;
            job();
            inside = false;
            run();
        }
        now_ = until;
    }
    std::size_t timers() const { return timers_.size(); }

    bool stopped = false;
    bool inside = false;

private:
    core::Time now_{std::chrono::hours(1)};
    std::deque<ports::Job> jobs_;
    std::map<TimerId, ports::Job> timers_;
    std::uint64_t next_ = 1;
};

}  // namespace rafted::test
