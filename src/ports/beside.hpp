// Work that may block, such as a value's command, but is likely to be over sooner than another
// thread would have woken up for it.
//   1. The loop does it after its round, outside it, on its own thread. Should it take long,
//      another thread goes on with the rounds meanwhile.
//   2. Exactly one of the two functions is called, once; elsewhere() must not block.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

#include "ports/job.hpp"

namespace rafted::ports {

struct Beside {
    Job here;       ///< Does it.
    Job elsewhere;  ///< Has a thread of its own do it: the loop has no time.
};

/// Offers work to the loop. Returns false, and neither is called, if this is not the loop's thread
/// or the loop takes none.
using OfferBeside = std::function<bool(Beside)>;

/// Whether some work is worth offering: its last rounds have all been quick.
class QuickOfLate {
public:
    explicit QuickOfLate(std::chrono::microseconds quick) : quick_(quick) {}

    void took(std::chrono::steady_clock::duration time) {
        in_a_row_ = time > quick_ ? 0 : std::min(in_a_row_ + 1, needed);
    }
    explicit operator bool() const { return in_a_row_ >= needed; }

private:
    static constexpr unsigned needed = 16;

    std::chrono::microseconds quick_;
    unsigned in_a_row_ = 0;
};

}  // namespace rafted::ports
