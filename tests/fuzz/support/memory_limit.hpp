// How much memory a decoder may hold at once: what goes over it is a finding, at the very call that
// asks for too much. The address sanitizer tells of every allocation; its hooks take no argument,
// so that the figures have to be where a plain function finds them.
#pragma once

#include <sanitizer/allocator_interface.h>

#include <cstddef>
#include <cstdint>

#include "core/check.hpp"

namespace rafted::test {

struct MemoryHeld {
    std::int64_t now = 0;
    std::int64_t allowed = INT64_MAX;
};

inline MemoryHeld& memory_held() {
    static thread_local MemoryHeld held;
    return held;
}

/// While it lives, this thread may hold `allowed` bytes more than it did before.
class MemoryLimit {
public:
    explicit MemoryLimit(std::size_t allowed) {
        [[maybe_unused]] static const int installed =
            __sanitizer_install_malloc_and_free_hooks(taken, given_back);
        memory_held() = {0, static_cast<std::int64_t>(allowed)};
    }
    MemoryLimit(const MemoryLimit&) = delete;
    MemoryLimit& operator=(const MemoryLimit&) = delete;
    ~MemoryLimit() { memory_held() = {}; }

private:
    static void taken(const volatile void*, std::size_t size) {
        auto& held = memory_held();
        held.now += static_cast<std::int64_t>(size);
        if (held.now <= held.allowed) return;
        held = {};  // what tells of it takes memory, too
        CHECK(false, "a decoder holds more memory than its input can be worth");
    }
    static void given_back(const volatile void* memory) {
        const auto size = __sanitizer_get_allocated_size(const_cast<const void*>(memory));
        memory_held().now -= static_cast<std::int64_t>(size);
    }
};

}  // namespace rafted::test
