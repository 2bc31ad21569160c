// The one thread of a simulated world: a queue of events over virtual time. It is also the Loop
// that simulated clients run on. Its owner says when time passes, event by event.
//   1. Events run at their time, those of one time in the order in which they were asked for.
#pragma once

#include <algorithm>
#include <map>
#include <utility>

#include "ports/loop.hpp"

namespace rafted::sim {

class EventLoop final : public ports::Loop {
public:
    core::Time now() const override { return now_; }
    /// The same, to be looked at whenever it is needed.
    const core::Time& clock() const { return now_; }
    bool post(std::function<void()> job) override {
        call_at(now_, std::move(job));
        return true;
    }
    TimerId call_at(core::Time at, std::function<void()> job) override {
        const TimerId id{std::max(at, now_), next_++};
        events_.emplace(id, std::move(job));
        return id;
    }
    TimerId call_in(core::Duration time, std::function<void()> job) {
        return call_at(now_ + time, std::move(job));
    }
    void cancel(TimerId timer) override { events_.erase(timer); }
    bool in_loop() const override { return inside_; }

    /// Runs the next event if it is due by then; else time stands at `until`.
    bool run_next(core::Time until) {
        if (events_.empty() || events_.begin()->first.at > until) {
            now_ = std::max(now_, until);
            return false;
        }
        now_ = events_.begin()->first.at;
        const auto job = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        inside_ = true;
        job();
        inside_ = false;
        return true;
    }

private:
    core::Time now_{std::chrono::hours(1)};
    std::map<TimerId, std::function<void()>> events_;
    std::uint64_t next_ = 1;
    bool inside_ = false;
};

}  // namespace rafted::sim
