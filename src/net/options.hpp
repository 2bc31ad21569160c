// The network's own numbers, taken from NodeConfig where a user may set them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

#include "net/connection.hpp"
#include "rafted/config.hpp"

namespace rafted::net {

using Log = std::function<void(LogLevel, std::string_view)>;

struct Options {
    std::size_t max_frame_bytes = std::size_t{68} << 20;
    /// Towards one peer: beyond it messages are dropped.
    std::size_t max_peer_queue_bytes = std::size_t{64} << 20;
    /// Towards one client: beyond it the connection is cut, for the client does not read.
    std::size_t max_client_queue_bytes = std::size_t{64} << 20;
    std::size_t max_connections = 10'000;
    /// Requests not answered yet, of one client connection and of all.
    std::size_t max_requests_per_connection = 10'000;
    std::size_t max_requests = 100'000;

    /// An accepted connection says hello within this time.
    std::chrono::milliseconds hello_deadline{10'000};
    /// Connecting and the other side's hello take at most this long.
    std::chrono::milliseconds connect_deadline{1000};
    /// A peer or client whose kernel acknowledges nothing for this long is cut.
    std::chrono::milliseconds peer_silence{3000};
    std::chrono::milliseconds client_silence{10'000};
    /// Between two attempts to connect to a peer: doubled from the first to the last, less up to a
    /// half by chance.
    std::chrono::milliseconds first_backoff{10};
    std::chrono::milliseconds last_backoff{500};

    Log log{};

    static Options from(const NodeConfig& config);

    Connection::Limits incoming() const {
        return {max_hello_bytes, max_client_queue_bytes, hello_deadline, client_silence};
    }
    Connection::Limits peer() const {
        return {max_frame_bytes, max_peer_queue_bytes, connect_deadline, peer_silence};
    }
    Connection::Limits client() const {
        return {max_frame_bytes, max_client_queue_bytes, connect_deadline, client_silence};
    }
};

/// What a node says of itself in every hello. The cluster may be learnt later.
struct Identity {
    ClusterId cluster;
    NodeId node;
    std::string address;
};

}  // namespace rafted::net
