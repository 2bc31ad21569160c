// How requests are made, and what is measured of them: closed loop (a client asks again as soon as
// it is answered) and open loop (a request is due at its time, whatever became of those before, and
// is counted from then on: who is late does not look fast).
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace rafted::bench {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Times in buckets, each 1/64 wider than the one before: however many there are, no more memory.
class Times {
public:
    void add(Clock::duration time) {
        const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
        ++counts_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)))];
        ++count_;
    }
    std::uint64_t count() const { return count_; }
    /// The time that this share of all took at most; 0 without any.
    double microseconds(double share) const {
        auto left = static_cast<std::uint64_t>(share * static_cast<double>(count_));
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            if (counts_[i] > left) return static_cast<double>(begin_of(i)) / 1000;
            left -= counts_[i];
        }
        return 0;
    }

private:
    static constexpr unsigned fine_bits = 6;
    static constexpr std::uint64_t fine = std::uint64_t{1} << fine_bits;

    static std::size_t bucket_of(std::uint64_t ns) {
        if (ns < fine) return ns;
        const auto shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - fine_bits;
        return (shift + 1) * fine + (ns >> shift) - fine;
    }
    static std::uint64_t begin_of(std::size_t bucket) {
        if (bucket < fine) return bucket;
        return (bucket % fine + fine) << (bucket / fine - 1);
    }

    std::array<std::uint64_t, (64 - fine_bits + 1) * fine> counts_{};
    std::uint64_t count_ = 0;
};

struct Row {
    std::string workload;
    unsigned clients = 0;   ///< Closed loop: how many ask.
    double rate = 0;        ///< Open loop: how many requests a second are due.
    double per_second = 0;  ///< Answered well.
    double p50_us = 0;
    double p99_us = 0;
    std::uint64_t errors = 0;
    double error_p99_us = 0;  ///< Until an error was told.
    std::uint64_t terms = 0;  ///< Begun meanwhile by the (first) group: 0, if its leader stayed.
    std::optional<double> writes_per_second{};
    double mib = 0;  ///< Resident in the leader's process; 0: not known.
};

/// What became of the requests of a stretch of time, after one that does not count.
class Outcomes {
public:
    explicit Outcomes(double seconds)
        : begin_(Clock::now() + warm_up),
          end_(begin_ +
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))),
          seconds_(seconds) {}

    Clock::time_point end() const { return end_; }
    void add(bool ok, Clock::time_point asked) {
        const auto now = Clock::now();
        if (asked < begin_ || now >= end_) return;
        const std::lock_guard lock(mutex_);
        (ok ? good_ : bad_).add(now - asked);
    }
    void fill(Row& row) const {
        const std::lock_guard lock(mutex_);
        row.per_second = static_cast<double>(good_.count()) / seconds_;
        row.p50_us = good_.microseconds(0.5);
        row.p99_us = good_.microseconds(0.99);
        row.errors = bad_.count();
        row.error_p99_us = bad_.microseconds(0.99);
    }

private:
    static constexpr auto warm_up = 300ms;

    const Clock::time_point begin_;
    const Clock::time_point end_;
    const double seconds_;
    mutable std::mutex mutex_;  // answers may come on several threads
    Times good_;
    Times bad_;
};

/// Starts one request and calls `done` with whether it went well.
using Ask = std::function<void(std::function<void(bool)> done)>;

/// Clients that ask again as soon as they are answered.
class ClosedLoop {
public:
    ClosedLoop(Ask ask, unsigned clients, double seconds)
        : ask_(std::move(ask)), outcomes_(seconds), running_(clients) {}

    const Outcomes& run() {
        for (unsigned i = 0, clients = running_; i < clients; ++i) next();
        while (running_ > 0) std::this_thread::sleep_for(5ms);
        return outcomes_;
    }

private:
    void next() {
        const auto asked = Clock::now();
        if (asked >= outcomes_.end()) {
            --running_;
            return;
        }
        ask_([this, asked](bool ok) {
            outcomes_.add(ok, asked);
            next();
        });
    }

    Ask ask_;
    Outcomes outcomes_;
    std::atomic<unsigned> running_;
};

/// So many requests, by clients that ask again as soon as they are answered; nothing is measured.
class Requests {
public:
    Requests(Ask ask, unsigned clients, std::uint64_t count)
        : ask_(std::move(ask)), running_(clients), left_(static_cast<std::int64_t>(count)) {}

    void run() {
        for (unsigned i = 0, clients = running_; i < clients; ++i) next();
        while (running_ > 0) std::this_thread::sleep_for(5ms);
    }

private:
    void next() {
        if (left_.fetch_sub(1) <= 0) {
            --running_;
            return;
        }
        ask_([this](bool) { next(); });
    }

    Ask ask_;
    std::atomic<unsigned> running_;
    std::atomic<std::int64_t> left_;
};

/// Requests that are due at their times.
class OpenLoop {
public:
    OpenLoop(Ask ask, double rate, double seconds)
        : ask_(std::move(ask)), rate_(rate), outcomes_(seconds) {}

    const Outcomes& run() {
        const auto began = Clock::now();
        for (std::uint64_t number = 0;; ++number) {
            const auto due =
                began + std::chrono::duration_cast<Clock::duration>(
                            std::chrono::duration<double>(static_cast<double>(number) / rate_));
            if (due >= outcomes_.end()) break;
            if (due > Clock::now()) std::this_thread::sleep_until(due);
            ++open_;
            ask_([this, due](bool ok) {
                outcomes_.add(ok, due);
                --open_;
            });
        }
        while (open_ > 0) std::this_thread::sleep_for(5ms);
        return outcomes_;
    }

private:
    Ask ask_;
    double rate_;
    Outcomes outcomes_;
    std::atomic<std::uint64_t> open_ = 0;
};

}  // namespace rafted::bench
