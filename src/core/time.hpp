// Time as the member knows it: a point on one node's steady clock, handed in with every step. The
// clock has no now(), so nothing in the core can ask for it. Log time is the leader's wall clock as
// stamped into entries: it never goes back within a log, and all members see the same.
#pragma once

#include <chrono>
#include <cstdint>

namespace rafted::core {

struct SteadyTime {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<SteadyTime>;
    static constexpr bool is_steady = true;
};

using Duration = std::chrono::nanoseconds;
using Time = SteadyTime::time_point;
/// "Never": a deadline that does not come.
inline constexpr Time never = Time::max();

/// Milliseconds since 1970 by the proposing leader's wall clock, made monotonic within the log.
using LogTime = std::chrono::duration<std::int64_t, std::milli>;

}  // namespace rafted::core
