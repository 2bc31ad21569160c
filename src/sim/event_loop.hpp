// The one thread of a simulated world: a queue of events over virtual time. It is also the Loop
// that simulated clients run on. Its owner says when time passes, event by event.
//   1. Events run at their time, those of one time in the order in which they were asked for.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "ports/loop.hpp"

namespace rafted::sim {

class EventLoop final : public ports::Loop {
public:
    core::Time now() const override { return now_; }
    /// The same, to be looked at whenever it is needed.
    const core::Time& clock() const { return now_; }
    bool post(ports::Job job) override {
        call_at(now_, std::move(job));
        return true;
    }
    TimerId call_at(core::Time at, ports::Job job) override {
        if (free_.empty()) {
            free_.push_back(slots_.size());
            slots_.emplace_back();
        }
        const std::size_t slot = free_.back();
        free_.pop_back();
        // The order of asking, and behind it the place of the job.
        const TimerId id{std::max(at, now_), (next_++ << slot_bits) | slot};
        slots_[slot] = {id.number, std::move(job)};
        heap_.push_back(id);
        std::ranges::push_heap(heap_, std::greater<>());
        return id;
    }
    TimerId call_in(core::Duration time, ports::Job job) {
        return call_at(now_ + time, std::move(job));
    }
    void cancel(TimerId timer) override {
        if (timer.number != 0 && slots_[slot_of(timer)].number == timer.number) take(timer);
    }
    bool in_loop() const override { return inside_; }

    /// Runs the next event if it is due by then; else time stands at `until`.
    bool run_next(core::Time until) {
        while (!heap_.empty() && slots_[slot_of(heap_.front())].number != heap_.front().number) {
            pop();  // it was cancelled
        }
        if (heap_.empty() || heap_.front().at > until) {
            now_ = std::max(now_, until);
            return false;
        }
        const TimerId id = heap_.front();
        pop();
        now_ = id.at;
        auto job = take(id);
        inside_ = true;
        job();
        inside_ = false;
        return true;
    }

private:
    static constexpr unsigned slot_bits = 24;  // so many events may wait at once
    struct Slot {
        std::uint64_t number = 0;
        ports::Job job;
    };

    static std::size_t slot_of(const TimerId& id) {
        return id.number & ((std::uint64_t{1} << slot_bits) - 1);
    }
    void pop() {
        std::ranges::pop_heap(heap_, std::greater<>());
        heap_.pop_back();
    }
    ports::Job take(const TimerId& id) {
        const std::size_t slot = slot_of(id);
        slots_[slot].number = 0;
        free_.push_back(slot);
        return std::exchange(slots_[slot].job, nullptr);
    }

    core::Time now_{std::chrono::hours(1)};
    std::vector<TimerId> heap_;  // the earliest first; may hold cancelled ones
    std::vector<Slot> slots_;
    std::vector<std::size_t> free_;
    std::uint64_t next_ = 1;
    bool inside_ = false;
};

}  // namespace rafted::sim
