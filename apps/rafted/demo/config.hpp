// The demo's timeouts: short, so that a whole life passes within a minute.
#pragma once

#include "rafted/config.hpp"

namespace rafted::app::demo {

inline GroupConfig config() {
    GroupConfig config;
    config.heartbeat_interval = std::chrono::milliseconds(50);
    config.election_timeout = std::chrono::milliseconds(250);
    config.clock_drift_margin = std::chrono::milliseconds(50);
    return config;
}

}  // namespace rafted::app::demo
