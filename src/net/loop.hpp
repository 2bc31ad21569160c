// The one thread on which a node's protocol and network run, or a client's network. Each round
// takes everything that is ready (sockets, posted jobs, timers), then runs the turn once, then
// writes what was queued on the connections, then sleeps. Not a thread pool.
//   1. turn() runs after every round, never inside a handler.
//   2. A round is bounded: a flood of input cannot keep the turn from running.
//   3. What is queued on a connection leaves at the latest at the end of the round.
//   4. Work that may block is done beside the loop, between two rounds, by the thread that runs it;
//      a second thread takes the rounds over if that takes long (ports/beside.hpp, baton.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "net/baton.hpp"
#include "ports/beside.hpp"
#include "ports/loop.hpp"

namespace rafted::net {

/// Something with output queued, written at the end of the round.
class Flushable {
public:
    virtual ~Flushable() = default;
    virtual void flush() = 0;
};

class Loop final : public ports::Loop {
public:
    struct Io;  // the Asio side (loop_io.hpp), for this folder alone

    /// `spin`: how long to look for work before sleeping. Waking a sleeping core costs about
    /// 30 µs; spinning costs the core. 0: sleep at once.
    explicit Loop(std::chrono::microseconds spin = {});
    ~Loop() override;
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// What to do after each round; returns when it next wants to run without any input.
    /// requires: in_loop(), or not started yet.
    void set_turn(std::function<core::Time()> turn);
    /// Runs on a thread of its own until stop(). requires: called once.
    void start();
    /// As start(), with a second thread that stands by, so that it takes work beside its rounds.
    void start_with_relief();
    /// To be done after this round; see ports::OfferBeside.
    bool offer(ports::Beside work);
    /// Whether the caller is between two rounds, doing what was offered: the next one follows.
    bool is_beside() const;
    /// Runs on the calling thread until stop(), in place of start().
    void run();
    /// Ends the current round, runs what was posted so far, and returns when the threads have ended
    /// (at once if called on one). Any thread; again does nothing. Returns false if one is still
    /// doing something beside the loop at the deadline: it is let go, and `keep_alive` lives until
    /// it has ended.
    bool stop(std::chrono::milliseconds deadline = std::chrono::hours(1),
              std::shared_ptr<void> keep_alive = nullptr);

    core::Time now() const override;
    bool post(ports::Job job) override;
    TimerId call_at(core::Time at, ports::Job job) override;
    void cancel(TimerId timer) override;
    bool in_loop() const override;

    /// requires: in_loop(), or not started yet. Each object is flushed once per call.
    void flush_later(std::shared_ptr<Flushable> what);
    Io& io() { return *io_; }

private:
    void take_what_is_ready();
    bool run_jobs();
    void run_due_timers();
    void flush_all();
    bool look_around(core::Time wake);
    void wait_until(core::Time wake);
    core::Time round();
    void serve();
    bool do_beside();
    void finish();
    void start_threads(unsigned count);
    void end_thread();

    std::unique_ptr<Io> io_;
    std::chrono::microseconds spin_;
    unsigned in_vain_ = 0;  ///< Looked around so often without finding anything...
    unsigned not_now_ = 0;  ///< ...so it sleeps at once so many times.
    std::function<core::Time()> turn_;
    std::map<TimerId, ports::Job> timers_;
    std::uint64_t next_timer_ = 1;
    std::vector<std::shared_ptr<Flushable>> dirty_;
    std::atomic<std::thread::id> owner_{};
    std::atomic<bool> stopping_ = false;
    std::vector<std::thread> threads_;
    Baton baton_{std::chrono::milliseconds(1)};
    std::vector<ports::Beside> beside_;  ///< The holder's.
    std::deque<ports::Job> taken_;       ///< Jobs that are this or the next round's.
    bool has_relief_ = false;

    std::mutex mutex_;  // guards what follows: the hand-over from other threads
    std::deque<ports::Job> jobs_;
    bool closed_ = false;
    std::condition_variable has_ended_;
    unsigned running_ = 0;  ///< Threads.
    std::shared_ptr<void> keep_alive_;
};

}  // namespace rafted::net
