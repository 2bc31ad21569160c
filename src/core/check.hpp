// CHECK: always on, also in release. It means *we* are wrong, and the process stops with a message
// that can be acted on. Never used for what comes from outside: the outside may lie.
#pragma once

namespace rafted::core {

[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const char* message) noexcept;

}  // namespace rafted::core

#define CHECK(condition, message)       \
    ((condition) ? static_cast<void>(0) \
                 : ::rafted::core::check_failed(#condition, __FILE__, __LINE__, message))
