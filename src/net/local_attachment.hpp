// A node's network in a LocalNetwork: its place there, transport and channel.
#pragma once

#include "net/local_calls.hpp"
#include "net/local_place.hpp"
#include "net/local_transport.hpp"
#include "net/network.hpp"

namespace rafted::net {

/// Requests to the doors of the same LocalNetwork; from any thread.
class LocalChannel final : public ports::Channel {
public:
    LocalChannel(Loop& loop, std::shared_ptr<LocalNetwork> network, std::shared_ptr<LocalPlace> own,
                 std::size_t most_waiting);
    void send(const std::string& address, ports::ClientRequest request,
              ports::Reply reply) override;
    /// requires: on the loop, or after it has stopped.
    void close() { calls_->close(); }

private:
    struct Doors;
    Loop& loop_;
    std::shared_ptr<LocalCalls> calls_;
    std::shared_ptr<Doors> doors_;
};

class LocalAttachment final : public Network {
public:
    static Result<std::unique_ptr<Network>> open(Loop& loop, const NodeConfig& config,
                                                 const Self& self);
    LocalAttachment(Loop& loop, const NodeConfig& config, std::shared_ptr<LocalPlace> own);
    ~LocalAttachment() override;

    void start(ports::Receiver& receiver, ports::Door& door) override;
    void close() override;
    ports::Transport& transport() override { return transport_; }
    ports::Channel& channel() override { return channel_; }
    const std::string& address() const override { return address_; }
    void set_cluster(ClusterId cluster) override { own_->set_cluster(cluster); }

private:
    std::shared_ptr<LocalPlace> own_;
    std::string address_;
    LocalTransport transport_;
    LocalChannel channel_;
};

}  // namespace rafted::net
