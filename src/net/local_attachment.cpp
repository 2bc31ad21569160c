#include "net/local_attachment.hpp"

#include <utility>

#include "net/options.hpp"

namespace rafted::net {

/// What a request is looked up by, on the loop, maybe after the channel itself has gone.
struct LocalChannel::Doors {
    std::shared_ptr<LocalNetwork> network;
    std::shared_ptr<LocalPlace> own;
    std::shared_ptr<LocalCalls> calls;

    Result<std::shared_ptr<LocalPlace>> find(const std::string& address) const {
        auto place = network->find(address);
        if (place == nullptr) {
            return fail(ErrorCode::unreachable,
                        "no node of this process's network is at '" + address + "'");
        }
        const ClusterId theirs = place->self().cluster;
        const ClusterId ours = own->self().cluster;
        if (theirs && ours && theirs != ours) {
            return fail(ErrorCode::wrong_cluster, "'" + address + "' belongs to cluster " +
                                                      to_string(theirs) + ", this node to " +
                                                      to_string(ours));
        }
        return place;
    }

    void ask(const std::string& address, ports::ClientRequest request, ports::Reply reply) const {
        const auto place = find(address);
        if (!place) return calls->refuse(std::move(reply), place.error());
        calls->send(**place, address, std::move(request), std::move(reply));
    }
};

LocalChannel::LocalChannel(Loop& loop, std::shared_ptr<LocalNetwork> network,
                           std::shared_ptr<LocalPlace> own, std::size_t most_waiting)
    : loop_(loop),
      calls_(std::make_shared<LocalCalls>(loop, most_waiting)),
      doors_(std::make_shared<Doors>(std::move(network), std::move(own), calls_)) {}

void LocalChannel::send(const std::string& address, ports::ClientRequest request,
                        ports::Reply reply) {
    if (loop_.in_loop()) return doors_->ask(address, std::move(request), std::move(reply));
    // Shared: if the loop takes the job no more, the reply must still be called, here.
    const auto shared = std::make_shared<ports::Reply>(std::move(reply));
    const bool posted =
        loop_.post([doors = doors_, address, request = std::move(request), shared]() mutable {
            doors->ask(address, std::move(request), std::move(*shared));
        });
    if (!posted) (*shared)(fail(ErrorCode::stopped, "the network is closed"));
}

Result<std::unique_ptr<Network>> LocalAttachment::open(Loop& loop, const NodeConfig& config,
                                                       const Self& self) {
    const bool is_named = config.listen != NodeConfig{}.listen;
    auto own = config.local_network->settle(
        {self.node, is_named ? config.listen : std::string(), self.cluster});
    if (!own) return std::unexpected(own.error());
    return std::make_unique<LocalAttachment>(loop, config, std::move(*own));
}

LocalAttachment::LocalAttachment(Loop& loop, const NodeConfig& config,
                                 std::shared_ptr<LocalPlace> own)
    : own_(std::move(own)),
      address_(own_->self().address),
      transport_(config.local_network, own_),
      channel_(loop, config.local_network, own_, Options::from(config).max_requests) {}

LocalAttachment::~LocalAttachment() { LocalAttachment::close(); }

void LocalAttachment::start(ports::Receiver& receiver, ports::Door& door) {
    own_->open(receiver, door);
}

void LocalAttachment::close() {
    own_->close();
    channel_.close();
}

}  // namespace rafted::net
