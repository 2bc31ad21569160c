#include "core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace rafted::core {

void check_failed(const char* condition, const char* file, int line, const char* message) noexcept {
    std::fprintf(stderr, "rafted: broken invariant: %s (%s) at %s:%d; stopping before harm\n",
                 message, condition, file, line);
    std::abort();
}

}  // namespace rafted::core
