// What a node's seats share: the ports, the mailbox, the counters. Handed in, never looked up.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "host/mailbox.hpp"
#include "host/watch.hpp"
#include "ports/clock.hpp"
#include "ports/storage.hpp"
#include "ports/workers.hpp"
#include "rafted/status.hpp"

namespace rafted::host {

struct Services {
    ports::Storage& storage;
    ports::Transport& transport;
    ports::Clock& clock;
    ports::Workers& workers;
    Mailbox& mailbox;
    Metrics& metrics;
    std::function<void(LogLevel, const std::string&)> log;
    NodeId self;
    std::string address;  ///< As told to others.
    std::function<ClusterId()> cluster;
    double disk_patience = 0.5;      ///< Of an election timeout (NodeConfig).
    core::Duration quiesce_after{};  ///< Zero: never (NodeConfig).
    Watch* watch = nullptr;          ///< Of every step; may be nobody.
    core::Effects effects{};         ///< Of the step under way: its memory serves all seats.
};

}  // namespace rafted::host
