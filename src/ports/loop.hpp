// The port to the one thread that a node's protocol, or a client, runs on.
//   1. Jobs and timers run on that thread, one after the other; jobs in the order they were posted.
//   2. After the loop has stopped nothing runs any more, and post() says so.
#pragma once

#include <compare>
#include <cstdint>

#include "core/time.hpp"
#include "ports/job.hpp"

namespace rafted::ports {

class Loop {
public:
    struct TimerId {
        core::Time at{};
        std::uint64_t number = 0;  ///< 0: no timer.
        auto operator<=>(const TimerId&) const = default;
    };

    virtual ~Loop() = default;
    /// The same steady time that timers are measured by; from any thread.
    virtual core::Time now() const = 0;
    /// From any thread; many posts between two rounds wake the thread once. Returns false, and
    /// drops the job, after the loop has stopped.
    virtual bool post(Job job) = 0;
    /// Once, at this time or soon after. requires: in_loop(), or the loop has not started.
    virtual TimerId call_at(core::Time at, Job job) = 0;
    /// Does nothing if it ran already or was never set. requires: as call_at.
    virtual void cancel(TimerId timer) = 0;
    virtual bool in_loop() const = 0;
};

}  // namespace rafted::ports
