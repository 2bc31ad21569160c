// Since when a leader has had nothing to do, and when to say so to the core (Quiesce).
#pragma once

#include <utility>

#include "core/time.hpp"
#include "rafted/ids.hpp"

namespace rafted::host {

class IdleWatch {
public:
    /// `after` without anything to do; zero: it is never said.
    explicit IdleWatch(core::Duration after) : after_(after) {}

    /// A request has come that the member has to do with.
    void asked() { is_asked_ = true; }
    /// Each step of a leader, whose log ends at `last`. Returns whether to say so now; it is said
    /// again after `again`, as others may not agree at once.
    bool step(core::Time now, Index last, core::Duration again) {
        if (after_ == core::Duration::zero()) return false;
        if (std::exchange(is_asked_, false) || last != last_) due_at_ = now + after_;
        last_ = last;
        if (now < due_at_) return false;
        due_at_ = now + again;
        return true;
    }

private:
    core::Duration after_;
    bool is_asked_ = false;
    Index last_;
    core::Time due_at_{};
};

}  // namespace rafted::host
