#include "net/local_transport.hpp"

#include <utility>

namespace rafted::net {

void LocalTransport::send(ports::Envelope envelope) {
    queues_[envelope.message.to].push_back(std::move(envelope));
}

void LocalTransport::beat(NodeId node, const ports::Beat& beat) {
    const auto place = network_->find(own_->address_of(node));
    if (place != nullptr) place->deliver(own_->self(), node, beat);
}

void LocalTransport::set_address(NodeId node, const std::string& address) {
    own_->set_address(node, address);
}

bool LocalTransport::can_be_at(const std::string& address) const {
    return !address.empty() && address.size() <= 255;
}

void LocalTransport::announce(NodeId node) {
    std::vector<ports::Envelope> nothing;
    if (!own_->address_of(node).empty() && !hand_over(node, nothing)) unheard_.insert(node);
}

void LocalTransport::flush() {
    for (auto& [node, envelopes] : queues_) {
        if (envelopes.empty()) continue;
        if (hand_over(node, envelopes)) unheard_.erase(node);
        envelopes.clear();
    }
    std::vector<ports::Envelope> nothing;
    std::erase_if(unheard_, [&](NodeId node) { return hand_over(node, nothing); });
}

bool LocalTransport::hand_over(NodeId node, std::vector<ports::Envelope>& envelopes) {
    const auto place = network_->find(own_->address_of(node));
    return place != nullptr && place->deliver(own_->self(), envelopes);
}

}  // namespace rafted::net
