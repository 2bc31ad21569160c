// A node's network as one piece: what it says to other nodes and to clients, and what they say to
// it, at one address. The place where node/ takes hold of this folder; it brings no Asio in.
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

    /// On TCP, or in the config's LocalNetwork. Takes the address, and accepts nobody yet. Fails
    /// with invalid or in_use; names the address. requires: the loop outlives the network.
    static Result<std::unique_ptr<Network>> open(Loop& loop, const NodeConfig& config,
                                                 const Self& self);
    Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    /// As close().
    virtual ~Network() = default;

    /// Begins to accept. requires: on the loop, or before it starts; once.
    virtual void start(ports::Receiver& receiver, ports::Door& door) = 0;
    /// Closes everything; what waits for an answer gets stopped. requires: on the loop, or after
    /// it has stopped.
    virtual void close() = 0;

    /// requires: on the loop.
    virtual ports::Transport& transport() = 0;
    /// Requests to the node's own address go to its door without a socket. From any thread.
    virtual ports::Channel& channel() = 0;
    /// What others are told: the advertised address, or the one listened on.
    virtual const std::string& address() const = 0;
    /// The node has become part of a cluster, and meets no other any more. requires: on the loop,
    /// or before it starts.
    virtual void set_cluster(ClusterId cluster) = 0;
};

}  // namespace rafted::net
