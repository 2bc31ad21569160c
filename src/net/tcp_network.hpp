// A node's network on TCP: listener, transport, door server and channel over one address.
#pragma once

#include <optional>

#include "net/client_channel.hpp"
#include "net/door_server.hpp"
#include "net/listener.hpp"
#include "net/network.hpp"
#include "net/tcp_transport.hpp"

namespace rafted::net {

class TcpNetwork final : public Network {
public:
    static Result<std::unique_ptr<Network>> open(Loop& loop, const NodeConfig& config,
                                                 const Self& self);
    TcpNetwork(Loop& loop, std::shared_ptr<Identity> identity, const Options& options,
               std::unique_ptr<Listener> listener);
    ~TcpNetwork() override;

    void start(ports::Receiver& receiver, ports::Door& door) override;
    void close() override;
    ports::Transport& transport() override { return transport_; }
    ports::Channel& channel() override { return channel_; }
    const std::string& address() const override { return identity_->address; }
    void set_cluster(ClusterId cluster) override;

private:
    Loop& loop_;
    std::shared_ptr<Identity> identity_;
    Options options_;
    std::unique_ptr<Listener> listener_;
    TcpTransport transport_;
    ClientChannel channel_;
    std::optional<DoorServer> door_server_;
};

}  // namespace rafted::net
