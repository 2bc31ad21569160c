// A node's network as one piece: listener, transport, door server and channel over one address.
// The place where node/ takes hold of this folder; it brings no Asio in.
#pragma once

#include <memory>
#include <string>

#include "net/loop.hpp"
#include "ports/door.hpp"
#include "ports/transport.hpp"
#include "rafted/config.hpp"

namespace rafted::net {

class Network {
public:
    struct Self {
        NodeId node;
        ClusterId cluster;  ///< None: not known yet.
    };

    /// Takes the listening address, and accepts nobody yet. Fails with invalid or in_use; names
    /// the address. requires: the loop outlives the network.
    static Result<std::unique_ptr<Network>> open(Loop& loop, const NodeConfig& config,
                                                 const Self& self);
    ~Network();

    /// Begins to accept. requires: on the loop, or before it starts; once.
    void start(ports::Receiver& receiver, ports::Door& door);
    /// Closes everything; what waits for an answer gets stopped. requires: on the loop, or after
    /// it has stopped.
    void close();

    /// requires: on the loop.
    ports::Transport& transport();
    /// Requests to the node's own address go to its door without a socket. From any thread.
    ports::Channel& channel();
    /// What others are told: the advertised address, or the one listened on.
    const std::string& address() const;
    /// The node has become part of a cluster, and meets no other any more. requires: on the loop,
    /// or before it starts.
    void set_cluster(ClusterId cluster);

    struct Parts;  // network.cpp
    explicit Network(std::unique_ptr<Parts> parts);

private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace rafted::net
