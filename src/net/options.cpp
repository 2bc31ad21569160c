#include "net/options.hpp"

namespace rafted::net {

Options Options::from(const NodeConfig& config) {
    Options options;
    options.max_frame_bytes = config.max_frame_bytes;
    options.max_peer_queue_bytes = config.max_peer_queue_bytes;
    options.max_client_queue_bytes = config.max_client_queue_bytes;
    options.max_connections = config.max_connections;
    options.max_requests_per_connection = config.max_requests_per_connection;
    options.max_requests = config.max_waiting_requests;
    options.log = config.log;
    return options;
}

}  // namespace rafted::net
