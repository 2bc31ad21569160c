// What a thread asks of the system's scheduler. Linux gives a thread that wakes the processor of
// one that runs if its slice is the shorter one (EEVDF, since 6.12); before that it goes by
// niceness alone.
//   1. Best effort: where the system says no, the thread is as good as any other.
//   2. Nobody is asked to give way to threads of other programs, and who started this one niced, or
//      by another policy, has the last word.
#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rafted::ports {

/// As sched_setattr(2) takes it. The system's header for it and the C library's do not go together.
struct SchedulerAttributes {
    std::uint32_t size = sizeof(SchedulerAttributes);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t slice_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};

inline void ask_scheduler(std::chrono::nanoseconds slice, int niceness) {
    if (::sched_getscheduler(0) != SCHED_OTHER) return;
    SchedulerAttributes attributes;
    attributes.nice = std::min(::getpriority(PRIO_PROCESS, 0) + niceness, 19);
    attributes.slice_ns = static_cast<std::uint64_t>(slice.count());
    static_cast<void>(::syscall(SYS_sched_setattr, 0, &attributes, 0));
}

/// For threads that do a little often, and for which others wait.
inline void be_prompt() { ask_scheduler(std::chrono::microseconds(500), 0); }

/// For threads that do much and for which nobody waits: the others come first, and these still get
/// a fourth of a processor that is wanted by both.
inline void give_way() { ask_scheduler(std::chrono::milliseconds(100), 5); }

}  // namespace rafted::ports
