#include "net/network.hpp"

#include "net/local_attachment.hpp"
#include "net/tcp_network.hpp"

namespace rafted::net {

Result<std::unique_ptr<Network>> Network::open(Loop& loop, const NodeConfig& config,
                                               const Self& self) {
    return config.local_network ? LocalAttachment::open(loop, config, self)
                                : TcpNetwork::open(loop, config, self);
}

}  // namespace rafted::net
