// Where the nodes of a LocalNetwork find each other. What is said to a node is handed to it by the
// speaker's own thread: receivers and doors only queue it.
//   1. When close() has returned nobody is inside the node any more, and nobody comes in.
//   2. A place keeps its node's address book, as connections do on TCP: the newest word counts, and
//      who speaks from elsewhere than it says is heard about.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ports/door.hpp"
#include "ports/transport.hpp"
#include "rafted/local_network.hpp"

namespace rafted::net {

/// What a node says of itself with everything it says.
struct LocalSpeaker {
    NodeId node;
    std::string address;
    ClusterId cluster;  ///< None: not known yet.
};

/// One node's place. Any thread.
class LocalPlace final : public ports::Door {
public:
    explicit LocalPlace(LocalSpeaker self) : self_(std::move(self)) {}

    void open(ports::Receiver& receiver, ports::Door& door);
    /// For good: another node may have the address.
    void close();
    bool is_closed() const;

    LocalSpeaker self() const;
    void set_cluster(ClusterId cluster);
    void set_address(NodeId node, const std::string& address);
    /// Empty if nothing is known of it.
    std::string address_of(NodeId node) const;

    /// Takes what is for this node out of `envelopes`. Returns whether somebody was there who
    /// takes anything from the speaker.
    bool deliver(const LocalSpeaker& from, std::vector<ports::Envelope>& envelopes);
    void deliver(const LocalSpeaker& from, NodeId to, const ports::Beat& beat);
    /// Fails with unreachable once it is closed.
    void request(ports::ClientRequest request, ports::Reply reply) override;

private:
    /// Whether somebody is here who takes anything from the speaker. requires: the lock is held.
    bool hears(const LocalSpeaker& from);

    mutable std::mutex mutex_;
    LocalSpeaker self_;
    std::map<NodeId, std::string> addresses_;
    ports::Receiver* receiver_ = nullptr;
    ports::Door* door_ = nullptr;
    bool is_closed_ = false;
};

}  // namespace rafted::net

namespace rafted {

class LocalNetwork {
public:
    /// Takes the address for this node. Fails with in_use; `address` empty: one is made up.
    Result<std::shared_ptr<net::LocalPlace>> settle(net::LocalSpeaker node);
    /// Null if no node is there.
    std::shared_ptr<net::LocalPlace> find(const std::string& address) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::weak_ptr<net::LocalPlace>> places_;
    std::uint64_t made_up_ = 0;
};

}  // namespace rafted
