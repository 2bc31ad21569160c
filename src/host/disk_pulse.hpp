// Whether a seat's disk moves: since when writes wait, while none of them ends. It counts time and
// judges nothing; what is done about a disk that hangs is the seat's (D12).
//   1. Every write that ends, or is refused, is a sign of life.
#pragma once

#include <algorithm>

#include "core/time.hpp"

namespace rafted::host {

class DiskPulse {
public:
    void handed_out(core::Time now) {
        if (open_++ == 0) moved(now);
    }
    void ended(core::Time now) {
        --open_;
        moved(now);
    }

    /// For how long nothing has ended that waits.
    core::Duration silence(core::Time now) const {
        return open_ == 0 ? core::Duration::zero() : std::max(now - moved_at_, core::Duration());
    }
    /// When it will have been silent for so long, or for so long after the last warning; never if
    /// nothing waits.
    core::Time due_at(core::Duration patience) const {
        return open_ == 0 ? core::never : std::max(moved_at_, warned_at_) + patience;
    }
    void warned(core::Time now) { warned_at_ = now; }

private:
    void moved(core::Time now) { moved_at_ = warned_at_ = now; }

    std::size_t open_ = 0;
    core::Time moved_at_{};
    core::Time warned_at_{};
};

}  // namespace rafted::host
