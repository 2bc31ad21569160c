#include "net/loop.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "core/check.hpp"
#include "net/loop_io.hpp"

namespace rafted::net {
namespace {

/// Handlers taken in one round before the turn has its say.
constexpr int max_handlers_per_round = 512;

std::chrono::steady_clock::time_point to_steady(core::Time time) {
    return std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(time.time_since_epoch()));
}

}  // namespace

Loop::Loop(std::chrono::microseconds spin) : io_(std::make_unique<Io>()), spin_(spin) {}

Loop::~Loop() { stop(); }

void Loop::set_turn(std::function<core::Time()> turn) { turn_ = std::move(turn); }

void Loop::start() {
    CHECK(!thread_.joinable(), "a loop is started once");
    thread_ = std::thread([this] { run(); });
}

void Loop::run() {
    owner_ = std::this_thread::get_id();
    while (!stopping_) {
        take_what_is_ready();
        run_due_timers();
        core::Time wake = turn_ ? turn_() : core::never;
        flush_all();
        if (!timers_.empty()) wake = std::min(wake, timers_.begin()->first.at);
        if (!stopping_) wait_until(wake);
    }
    finish();
    owner_ = std::thread::id{};
}

void Loop::stop() {
    if (!stopping_.exchange(true)) boost::asio::post(io_->context, [] {});
    if (!in_loop() && thread_.joinable()) thread_.join();
    // A loop that never ran still answers for what was posted to it.
    if (owner_.load() == std::thread::id{}) finish();
}

core::Time Loop::now() const {
    return core::Time(std::chrono::duration_cast<core::Duration>(
        std::chrono::steady_clock::now().time_since_epoch()));
}

bool Loop::post(std::function<void()> job) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return false;
        first = jobs_.empty();
        jobs_.push_back(std::move(job));
    }
    // Whoever finds the queue empty wakes the loop; the others' jobs ride along.
    if (first) boost::asio::post(io_->context, [this] { run_jobs(); });
    return true;
}

Loop::TimerId Loop::call_at(core::Time at, std::function<void()> job) {
    const TimerId id{std::max(at, now()), next_timer_++};
    timers_.emplace(id, std::move(job));
    return id;
}

void Loop::cancel(TimerId timer) { timers_.erase(timer); }

bool Loop::in_loop() const { return owner_.load() == std::this_thread::get_id(); }

void Loop::flush_later(std::shared_ptr<Flushable> what) { dirty_.push_back(std::move(what)); }

void Loop::take_what_is_ready() {
    for (int taken = 0; taken < max_handlers_per_round; ++taken) {
        if (io_->context.poll_one() == 0) return;
    }
}

void Loop::run_jobs() {
    std::vector<std::function<void()>> jobs;
    {
        const std::lock_guard lock(mutex_);
        jobs.swap(jobs_);
    }
    for (auto& job : jobs) job();
}

void Loop::run_due_timers() {
    if (timers_.empty()) return;
    // What the jobs set is later than this, even if due at once: a round must end.
    const TimerId last{now(), next_timer_};
    while (!timers_.empty() && timers_.begin()->first < last) {
        const auto job = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        job();
    }
}

void Loop::flush_all() {
    std::vector<std::shared_ptr<Flushable>> dirty;
    dirty.swap(dirty_);
    for (auto& one : dirty) one->flush();
    dirty.clear();
    if (dirty_.empty()) dirty_.swap(dirty);  // keep the memory
}

void Loop::wait_until(core::Time wake) {
    if (spin_.count() > 0) {
        const auto until = std::min(wake, now() + spin_);
        while (now() < until) {
            if (io_->context.poll_one() != 0) return;
        }
    }
    if (!dirty_.empty() || wake <= now()) {
        io_->context.poll_one();
        return;
    }
    io_->context.run_one_until(to_steady(wake));
}

void Loop::finish() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (jobs_.empty()) {
                closed_ = true;
                break;
            }
        }
        run_jobs();
    }
    flush_all();
}

}  // namespace rafted::net
