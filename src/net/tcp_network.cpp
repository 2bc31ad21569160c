#include "net/tcp_network.hpp"

#include <utility>

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

Result<std::unique_ptr<Network>> TcpNetwork::open(Loop& loop, const NodeConfig& config,
                                                  const Self& self) {
    const auto options = Options::from(config);
    auto listener = Listener::open(loop, config.listen, options);
    if (!listener) return std::unexpected(listener.error());
    const auto told = address_to_tell(config, (*listener)->address());
    if (!told) return std::unexpected(told.error());
    auto identity = std::make_shared<Identity>(self.cluster, self.node, *told);
    return std::make_unique<TcpNetwork>(loop, std::move(identity), options, std::move(*listener));
}

TcpNetwork::TcpNetwork(Loop& loop, std::shared_ptr<Identity> identity, const Options& options,
                       std::unique_ptr<Listener> listener)
    : loop_(loop),
      identity_(std::move(identity)),
      options_(options),
      listener_(std::move(listener)),
      transport_(loop_, identity_, options_),
      channel_(loop_, identity_->cluster, options_) {}

TcpNetwork::~TcpNetwork() { TcpNetwork::close(); }

void TcpNetwork::start(ports::Receiver& receiver, ports::Door& door) {
    transport_.set_receiver(receiver);
    channel_.set_local(identity_->address, door);
    door_server_.emplace(loop_, door, options_);
    listener_->start(
        identity_,
        [this](const std::shared_ptr<Connection>& connection, const Hello& hello) {
            return transport_.welcome(connection, hello);
        },
        [this](const std::shared_ptr<Connection>& connection, const Hello&) {
            return door_server_->welcome(connection);
        });
}

void TcpNetwork::close() {
    listener_->close();
    if (door_server_) door_server_->close();
    channel_.close();
    transport_.close();
}

void TcpNetwork::set_cluster(ClusterId cluster) {
    identity_->cluster = cluster;
    channel_.set_cluster(cluster);
}

}  // namespace rafted::net
