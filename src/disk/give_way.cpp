#include "disk/give_way.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <thread>

namespace rafted::disk {
namespace {

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

}  // namespace

void give_way() {
    // Linux lets who wakes go before who runs if its slice is the shorter one (since 6.12).
    constexpr std::chrono::nanoseconds longest_slice = std::chrono::milliseconds(100);
    constexpr int niceness = 5;
    if (::sched_getscheduler(0) != SCHED_OTHER) return;
    SchedulerAttributes attributes;
    attributes.nice = std::min(::getpriority(PRIO_PROCESS, 0) + niceness, 19);
    attributes.slice_ns = static_cast<std::uint64_t>(longest_slice.count());
    static_cast<void>(::syscall(SYS_sched_setattr, 0, &attributes, 0));
}

void rest_after(std::chrono::steady_clock::duration took) {
    constexpr std::chrono::steady_clock::duration longest = std::chrono::milliseconds(2);
    std::this_thread::sleep_for(std::min(took, longest));
}

}  // namespace rafted::disk
