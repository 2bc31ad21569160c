#include "node/thread_workers.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace rafted::node {

struct ThreadWorkers::Pool {
    struct LaneState {
        std::deque<std::function<void()>> jobs;
        bool queued = false;  ///< In `ready`, or with a thread.
    };

    std::mutex mutex;
    std::condition_variable has_work;
    std::condition_variable has_ended;
    std::unordered_map<ports::Lane, LaneState> lanes;
    std::deque<ports::Lane> ready;
    ports::Lane next_lane = 1;
    unsigned running = 0;
    bool stopping = false;
    std::shared_ptr<void> keep_alive;
};

ThreadWorkers::ThreadWorkers(unsigned threads) : pool_(std::make_shared<Pool>()) {
    pool_->running = threads;
    for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([pool = pool_] { work(pool); });
    }
}

ThreadWorkers::~ThreadWorkers() { stop(std::chrono::hours(1), nullptr); }

ports::Lane ThreadWorkers::open_lane() {
    const std::lock_guard lock(pool_->mutex);
    return pool_->next_lane++;
}

void ThreadWorkers::post(ports::Lane lane, std::function<void()> job) {
    {
        const std::lock_guard lock(pool_->mutex);
        if (pool_->stopping) return;
        auto& state = pool_->lanes[lane];
        state.jobs.push_back(std::move(job));
        if (std::exchange(state.queued, true)) return;
        pool_->ready.push_back(lane);
    }
    pool_->has_work.notify_one();
}

void ThreadWorkers::work(const std::shared_ptr<Pool>& pool) {
    std::unique_lock lock(pool->mutex);
    while (true) {
        pool->has_work.wait(lock, [&] { return pool->stopping || !pool->ready.empty(); });
        if (pool->stopping) break;
        const ports::Lane lane = pool->ready.front();
        pool->ready.pop_front();
        auto job = std::move(pool->lanes[lane].jobs.front());
        pool->lanes[lane].jobs.pop_front();
        lock.unlock();
        job();
        job = nullptr;
        lock.lock();
        auto& state = pool->lanes[lane];
        if (state.jobs.empty()) {
            state.queued = false;
        } else {
            pool->ready.push_back(lane);
        }
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
        pool_->has_work.notify_all();
        ended = pool_->has_ended.wait_for(lock, deadline, [&] { return pool_->running == 0; });
        if (!ended) pool_->keep_alive = std::move(keep_alive);
    }
    for (std::thread& thread : std::exchange(threads_, {})) {
        ended ? thread.join() : thread.detach();
    }
    return ended;
}

}  // namespace rafted::node
