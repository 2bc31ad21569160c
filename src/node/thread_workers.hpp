// Workers on a few threads. Lanes that have jobs queue up; a thread takes a lane, runs a slice of
// its jobs in order, and puts the lane back if there are more. A lane whose jobs have all been
// quick of late has them done beside the loop, which saves a wake-up there and one back. Lanes of
// the background have two threads of their own, which give way to all others: one large snapshot
// holds up neither values nor the small snapshots of other groups.
#pragma once

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "ports/beside.hpp"
#include "ports/workers.hpp"

namespace rafted::node {

class ThreadWorkers final : public ports::Workers {
public:
    explicit ThreadWorkers(unsigned threads, ports::OfferBeside offer = {});
    ~ThreadWorkers() override;
    ThreadWorkers(const ThreadWorkers&) = delete;
    ThreadWorkers& operator=(const ThreadWorkers&) = delete;

    ports::Lane open_lane(ports::Urgency urgency) override;
    void post(ports::Lane lane, ports::Job job) override;

    /// Drops what waits and joins the threads. Returns false if a job is still running at the
    /// deadline: then the threads are let go, and `keep_alive` lives until the last has ended.
    bool stop(std::chrono::milliseconds deadline, std::shared_ptr<void> keep_alive);

private:
    struct Pool;
    static void work(const std::shared_ptr<Pool>& pool, ports::Urgency urgency);

    std::shared_ptr<Pool> pool_;
    ports::OfferBeside offer_;
    std::vector<std::thread> threads_;
};

}  // namespace rafted::node
