// The background reading of all that a node has stored: a little at a time, on a lane of its own,
// so that in one period everything has been read once.
//
//   waiting ──due──► reading (own lane) ──read──► waiting, the longer the more was read
//
//   1. Never faster than its bytes per second, even if a period is then too short.
//   2. What is damaged is logged and counted; a group whose newest snapshot is damaged makes
//   another.
#pragma once

#include <memory>

#include "host/services.hpp"

namespace rafted::host {

/// How fast (NodeConfig).
struct ScrubPace {
    core::Duration period{};  ///< Of one reading of everything; zero: there is none.
    std::uint64_t bytes_per_second = 0;
};

class Scrubber {
public:
    struct Asks {
        /// The name of a slot's group.
        std::function<std::string(ports::Slot)> name_of;
        /// Makes a new snapshot of it.
        std::function<void(ports::Slot)> renew;
    };
    Scrubber(Services& services, ScrubPace pace, Asks asks);

    /// Begins to read if it is time to.
    void step(core::Time now);
    core::Time wake_at() const { return due_at_; }

private:
    void take(const ports::Scrubbed& said);
    core::Duration pause_after(const ports::Scrubbed& said) const;

    Services& services_;
    ScrubPace pace_;
    Asks asks_;
    ports::Lane lane_ = 0;
    core::Time due_at_ = core::never;  ///< Also while it is reading.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::host
