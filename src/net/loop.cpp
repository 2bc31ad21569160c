#include "net/loop.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "core/check.hpp"
#include "net/loop_io.hpp"

namespace rafted::net {
namespace {

/// Handlers taken in one round before the turn has its say.
constexpr int max_handlers_per_round = 512;
constexpr int max_jobs_per_round = 1024;

std::chrono::steady_clock::time_point to_steady(core::Time time) {
    return std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(time.time_since_epoch()));
}

/// What this thread does at the moment between two rounds.
struct BesideOf {
    const Loop* loop = nullptr;
    std::uint64_t laid_down = 0;
};
thread_local BesideOf beside;

}  // namespace

Loop::Loop(std::chrono::microseconds spin) : io_(std::make_unique<Io>()), spin_(spin) {}

Loop::~Loop() { stop(); }

void Loop::set_turn(std::function<core::Time()> turn) { turn_ = std::move(turn); }

void Loop::start() { start_threads(1); }

void Loop::start_with_relief() { start_threads(2); }

void Loop::start_threads(unsigned count) {
    CHECK(threads_.empty(), "a loop is started once");
    has_relief_ = count > 1;
    running_ = count;
    threads_.emplace_back([this] {
        serve();
        end_thread();
    });
    if (!has_relief_) return;
    threads_.emplace_back([this] {
        if (baton_.relieve()) serve();
        end_thread();
    });
}

void Loop::run() { serve(); }

/// The rounds, for as long as this thread holds the baton.
void Loop::serve() {
    do {
        owner_ = std::this_thread::get_id();
        while (!stopping_) {
            const core::Time wake = round();
            if (!beside_.empty()) break;
            if (!stopping_) wait_until(wake);
        }
        if (beside_.empty()) {
            finish();
            owner_ = std::thread::id{};
            return baton_.close();
        }
    } while (do_beside());
}

/// Returns when something is next to be done without any input.
core::Time Loop::round() {
    take_what_is_ready();
    const bool more_jobs = run_jobs();
    run_due_timers();
    core::Time wake = turn_ ? turn_() : core::never;
    flush_all();
    if (!timers_.empty()) wake = std::min(wake, timers_.begin()->first.at);
    return more_jobs ? core::Time::min() : wake;
}

bool Loop::offer(ports::Beside work) {
    if (!has_relief_ || stopping_ || !in_loop()) return false;
    beside_.push_back(std::move(work));
    return true;
}

bool Loop::is_beside() const { return beside.loop == this && baton_.lies(beside.laid_down); }

/// Returns whether this thread holds the baton again, be it after the other one has had it.
bool Loop::do_beside() {
    std::vector<ports::Beside> all;
    all.swap(beside_);
    owner_ = std::thread::id{};
    beside = {this, baton_.lay_down()};
    for (ports::Beside& work : all) is_beside() ? work.here() : work.elsewhere();
    const std::uint64_t laid_down = std::exchange(beside, {}).laid_down;
    all.clear();
    return baton_.take_back(laid_down) || baton_.relieve();
}

bool Loop::stop(std::chrono::milliseconds deadline, std::shared_ptr<void> keep_alive) {
    if (!stopping_.exchange(true)) boost::asio::post(io_->context, [] {});
    if (in_loop()) return true;
    bool ended = false;
    {
        std::unique_lock lock(mutex_);
        ended = has_ended_.wait_for(lock, deadline, [this] { return running_ == 0; });
        if (!ended) keep_alive_ = std::move(keep_alive);
    }
    // A loop that never ran still answers for what was posted to it.
    if (threads_.empty() && owner_.load() == std::thread::id{}) finish();
    for (std::thread& thread : std::exchange(threads_, {})) {
        ended ? thread.join() : thread.detach();
    }
    return ended;
}

void Loop::end_thread() {
    std::shared_ptr<void> released;  // let go without the lock: it may hold this loop
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) released = std::exchange(keep_alive_, nullptr);
    has_ended_.notify_all();
}

core::Time Loop::now() const {
    return core::Time(std::chrono::duration_cast<core::Duration>(
        std::chrono::steady_clock::now().time_since_epoch()));
}

bool Loop::post(ports::Job job) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return false;
        first = jobs_.empty();
        jobs_.push_back(std::move(job));
    }
    // Whoever finds the queue empty wakes the loop; the others' jobs ride along.
    if (first) boost::asio::post(io_->context, [] {});
    return true;
}

Loop::TimerId Loop::call_at(core::Time at, ports::Job job) {
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

/// Returns whether there are more: jobs that come faster than they are done must not keep the turn
/// from running.
bool Loop::run_jobs() {
    if (taken_.empty()) {
        const std::lock_guard lock(mutex_);
        taken_.swap(jobs_);
    }
    for (int left = max_jobs_per_round; left > 0 && !taken_.empty(); --left) {
        auto job = std::move(taken_.front());
        taken_.pop_front();
        job();
    }
    return !taken_.empty();
}

void Loop::run_due_timers() {
    if (timers_.empty()) return;
    // What the jobs set is later than this, even if due at once: a round must end.
    const TimerId last{now(), next_timer_};
    while (!timers_.empty() && timers_.begin()->first < last) {
        auto job = std::move(timers_.begin()->second);
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

/// Looks for more to do instead of sleeping, where that has been worth it: the more often in vain,
/// the more rarely. Returns whether there was something.
bool Loop::look_around(core::Time wake) {
    if (spin_.count() == 0 || not_now_ > 0) {
        if (not_now_ > 0) --not_now_;
        return false;
    }
    const auto until = std::min(wake, now() + spin_);
    while (now() < until) {
        if (io_->context.poll_one() == 0) continue;
        in_vain_ = 0;
        return true;
    }
    constexpr unsigned most = 6;
    in_vain_ = std::min(in_vain_ + 1, most);
    not_now_ = (1U << in_vain_) - 1;
    return false;
}

void Loop::wait_until(core::Time wake) {
    if (!dirty_.empty() || wake <= now()) {
        io_->context.poll_one();
        return;
    }
    if (look_around(wake)) return;
    io_->context.run_one_until(to_steady(wake));
}

void Loop::finish() {
    for (;;) {
        while (run_jobs()) {
        }
        const std::lock_guard lock(mutex_);
        if (!jobs_.empty()) continue;
        closed_ = true;
        break;
    }
    flush_all();
}

}  // namespace rafted::net
