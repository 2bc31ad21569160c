// Transport between nodes of one process: what is said in a turn is handed over at its end, as it
// is, with the entries it holds in common.
//   1. What waits towards a peer is what one turn says; receivers bound what they have not taken.
//   2. All of it happens on the loop.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "net/local_place.hpp"
#include "ports/transport.hpp"

namespace rafted::net {

class LocalTransport final : public ports::Transport {
public:
    LocalTransport(std::shared_ptr<LocalNetwork> network, std::shared_ptr<LocalPlace> own)
        : network_(std::move(network)), own_(std::move(own)) {}

    void send(ports::Envelope envelope) override;
    void beat(NodeId node, const ports::Beat& beat) override;
    void set_address(NodeId node, const std::string& address) override;
    bool can_be_at(const std::string& address) const override;
    void announce(NodeId node) override;
    void flush() override;

private:
    /// Returns whether the node has heard.
    bool hand_over(NodeId node, std::vector<ports::Envelope>& envelopes);

    std::shared_ptr<LocalNetwork> network_;
    std::shared_ptr<LocalPlace> own_;
    std::map<NodeId, std::vector<ports::Envelope>> queues_;
    std::set<NodeId> unheard_;  ///< Announced to, and not there yet.
};

}  // namespace rafted::net
