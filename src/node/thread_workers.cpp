#include "node/thread_workers.hpp"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "disk/give_way.hpp"

namespace rafted::node {
namespace {

/// About what it costs to wake another thread and to be woken by it.
constexpr auto quick = std::chrono::microseconds(50);
constexpr unsigned background_threads = 2;

}  // namespace

struct ThreadWorkers::Pool {
    struct LaneState {
        ports::Urgency urgency = ports::Urgency::prompt;
        std::deque<ports::Job> jobs;
        bool queued = false;  ///< In `ready`, or with a thread, or offered to the loop.
        ports::QuickOfLate is_quick{quick};
    };

    /// Lanes in line, and threads that take them.
    struct Line {
        std::deque<ports::Lane> ready;
        std::condition_variable has_work;
    };

    bool run_next(ports::Lane lane, std::unique_lock<std::mutex>& lock);
    Line& line_of(ports::Urgency urgency) { return lines[static_cast<std::size_t>(urgency)]; }

    std::mutex mutex;
    std::condition_variable has_ended;
    std::unordered_map<ports::Lane, LaneState> lanes;
    std::array<Line, 2> lines;
    ports::Lane next_lane = 1;
    unsigned running = 0;
    bool stopping = false;
    std::shared_ptr<void> keep_alive;
};

ThreadWorkers::ThreadWorkers(unsigned threads, ports::OfferBeside offer)
    : pool_(std::make_shared<Pool>()), offer_(std::move(offer)) {
    pool_->running = threads + background_threads;
    for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([pool = pool_] { work(pool, ports::Urgency::prompt); });
    }
    for (unsigned i = 0; i < background_threads; ++i) {
        threads_.emplace_back([pool = pool_] {
            disk::give_way();
            work(pool, ports::Urgency::background);
        });
    }
}

ThreadWorkers::~ThreadWorkers() { stop(std::chrono::hours(1), nullptr); }

ports::Lane ThreadWorkers::open_lane(ports::Urgency urgency) {
    const std::lock_guard lock(pool_->mutex);
    const ports::Lane lane = pool_->next_lane++;
    pool_->lanes[lane].urgency = urgency;
    return lane;
}

void ThreadWorkers::post(ports::Lane lane, ports::Job job) {
    bool is_quick = false;
    Pool::Line* line = nullptr;
    {
        const std::lock_guard lock(pool_->mutex);
        if (pool_->stopping) return;
        auto& state = pool_->lanes[lane];
        state.jobs.push_back(std::move(job));
        if (std::exchange(state.queued, true)) return;
        is_quick = state.urgency == ports::Urgency::prompt && state.is_quick;
        line = &pool_->line_of(state.urgency);
    }
    const auto by_a_thread = [pool = pool_, lane, line] {
        {
            const std::lock_guard lock(pool->mutex);
            line->ready.push_back(lane);
        }
        line->has_work.notify_one();
    };
    const auto here = [pool = pool_, lane, line] {
        std::unique_lock lock(pool->mutex);
        if (pool->run_next(lane, lock)) line->has_work.notify_one();
    };
    const bool taken = is_quick && offer_ && offer_({here, by_a_thread});
    if (!taken) by_a_thread();
}

/// One job of a lane that is queued. Returns whether there are more: then it is in line again.
bool ThreadWorkers::Pool::run_next(ports::Lane lane, std::unique_lock<std::mutex>& lock) {
    if (lanes[lane].jobs.empty()) return false;  // dropped at the end
    auto job = std::move(lanes[lane].jobs.front());
    lanes[lane].jobs.pop_front();
    lock.unlock();
    const auto before = std::chrono::steady_clock::now();
    job();
    job = nullptr;
    const auto took = std::chrono::steady_clock::now() - before;
    lock.lock();
    auto& state = lanes[lane];
    state.is_quick.took(took);
    state.queued = !state.jobs.empty();
    if (state.queued) line_of(state.urgency).ready.push_back(lane);
    return state.queued;
}

void ThreadWorkers::work(const std::shared_ptr<Pool>& pool, ports::Urgency urgency) {
    Pool::Line& line = pool->line_of(urgency);
    std::unique_lock lock(pool->mutex);
    while (true) {
        line.has_work.wait(lock, [&] { return pool->stopping || !line.ready.empty(); });
        if (pool->stopping) break;
        const ports::Lane lane = line.ready.front();
        line.ready.pop_front();
        pool->run_next(lane, lock);
    }
    --pool->running;
    pool->has_ended.notify_all();
    const auto released = pool->running == 0 ? std::exchange(pool->keep_alive, nullptr) : nullptr;
    lock.unlock();
}

bool ThreadWorkers::stop(std::chrono::milliseconds deadline, std::shared_ptr<void> keep_alive) {
    std::unordered_map<ports::Lane, Pool::LaneState> dropped;
    bool ended = false;
    {
        std::unique_lock lock(pool_->mutex);
        pool_->stopping = true;
        for (auto& [lane, state] : pool_->lanes) dropped[lane].jobs = std::exchange(state.jobs, {});
        for (Pool::Line& line : pool_->lines) line.has_work.notify_all();
        ended = pool_->has_ended.wait_for(lock, deadline, [&] { return pool_->running == 0; });
        if (!ended) pool_->keep_alive = std::move(keep_alive);
    }
    for (std::thread& thread : std::exchange(threads_, {})) {
        ended ? thread.join() : thread.detach();
    }
    return ended;
}

}  // namespace rafted::node
