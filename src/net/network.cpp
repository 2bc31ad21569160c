#include "net/network.hpp"

#include <optional>

#include "net/client_channel.hpp"
#include "net/door_server.hpp"
#include "net/listener.hpp"
#include "net/tcp_transport.hpp"

namespace rafted::net {
namespace {

/// The address to tell: `advertise`, with the port that was taken in place of 0.
Result<std::string> address_to_tell(const NodeConfig& config, const std::string& listening) {
    if (config.advertise.empty()) return listening;
    auto told = parse_address(config.advertise);
    if (!told) return std::unexpected(told.error());
    if (told->port == 0) told->port = parse_address(listening).value_or(Address{}).port;
    return to_string(*told);
}

}  // namespace

struct Network::Parts {
    Parts(Loop& the_loop, std::shared_ptr<Identity> the_identity, const Options& the_options)
        : loop(the_loop),
          identity(std::move(the_identity)),
          options(the_options),
          transport(loop, identity, options),
          channel(loop, identity->cluster, options) {}

    Loop& loop;
    std::shared_ptr<Identity> identity;
    Options options;
    std::unique_ptr<Listener> listener;
    TcpTransport transport;
    ClientChannel channel;
    std::optional<DoorServer> door_server;
};

Result<std::unique_ptr<Network>> Network::open(Loop& loop, const NodeConfig& config,
                                               const Self& self) {
    const auto options = Options::from(config);
    auto listener = Listener::open(loop, config.listen, options);
    if (!listener) return std::unexpected(listener.error());
    const auto told = address_to_tell(config, (*listener)->address());
    if (!told) return std::unexpected(told.error());
    auto identity = std::make_shared<Identity>(self.cluster, self.node, *told);
    auto parts = std::make_unique<Parts>(loop, std::move(identity), options);
    parts->listener = std::move(*listener);
    return std::make_unique<Network>(std::move(parts));
}

Network::Network(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Network::~Network() { close(); }

void Network::start(ports::Receiver& receiver, ports::Door& door) {
    auto& parts = *parts_;
    parts.transport.set_receiver(receiver);
    parts.channel.set_local(parts.identity->address, door);
    parts.door_server.emplace(parts.loop, door, parts.options);
    parts.listener->start(
        parts.identity,
        [&parts](const std::shared_ptr<Connection>& connection, const Hello& hello) {
            return parts.transport.welcome(connection, hello);
        },
        [&parts](const std::shared_ptr<Connection>& connection, const Hello&) {
            return parts.door_server->welcome(connection);
        });
}

void Network::close() {
    parts_->listener->close();
    if (parts_->door_server) parts_->door_server->close();
    parts_->channel.close();
    parts_->transport.close();
}

ports::Transport& Network::transport() { return parts_->transport; }
ports::Channel& Network::channel() { return parts_->channel; }
const std::string& Network::address() const { return parts_->identity->address; }
void Network::set_cluster(ClusterId cluster) {
    parts_->identity->cluster = cluster;
    parts_->channel.set_cluster(cluster);
}

}  // namespace rafted::net
