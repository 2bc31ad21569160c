#include "net/local_place.hpp"

#include <utility>

namespace rafted::net {

void LocalPlace::open(ports::Receiver& receiver, ports::Door& door) {
    const std::lock_guard lock(mutex_);
    receiver_ = &receiver;
    door_ = &door;
}

void LocalPlace::close() {
    const std::lock_guard lock(mutex_);
    receiver_ = nullptr;
    door_ = nullptr;
    is_closed_ = true;
}

bool LocalPlace::is_closed() const {
    const std::lock_guard lock(mutex_);
    return is_closed_;
}

LocalSpeaker LocalPlace::self() const {
    const std::lock_guard lock(mutex_);
    return self_;
}

void LocalPlace::set_cluster(ClusterId cluster) {
    const std::lock_guard lock(mutex_);
    self_.cluster = cluster;
}

void LocalPlace::set_address(NodeId node, const std::string& address) {
    const std::lock_guard lock(mutex_);
    addresses_[node] = address;
}

std::string LocalPlace::address_of(NodeId node) const {
    const std::lock_guard lock(mutex_);
    const auto at = addresses_.find(node);
    return at == addresses_.end() ? std::string() : at->second;
}

bool LocalPlace::hears(const LocalSpeaker& from) {
    const bool other_cluster = self_.cluster && from.cluster && self_.cluster != from.cluster;
    if (receiver_ == nullptr || other_cluster) return false;
    std::string& known = addresses_[from.node];
    if (known != from.address) {
        known = from.address;
        receiver_->heard_address(from.node, from.address);
    }
    return true;
}

bool LocalPlace::deliver(const LocalSpeaker& from, std::vector<ports::Envelope>& envelopes) {
    const std::lock_guard lock(mutex_);
    if (!hears(from)) return false;
    for (ports::Envelope& envelope : envelopes) {
        if (envelope.message.to == self_.node) receiver_->receive(std::move(envelope));
    }
    return true;
}

void LocalPlace::deliver(const LocalSpeaker& from, NodeId to, const ports::Beat& beat) {
    const std::lock_guard lock(mutex_);
    if (to == self_.node && hears(from)) receiver_->heard_beat(from.node, beat);
}

void LocalPlace::request(ports::ClientRequest request, ports::Reply reply) {
    {
        const std::lock_guard lock(mutex_);
        if (door_ != nullptr) return door_->request(std::move(request), std::move(reply));
    }
    reply(fail(ErrorCode::unreachable, self().address + " is closed"));
}

}  // namespace rafted::net

namespace rafted {

std::shared_ptr<LocalNetwork> make_local_network() { return std::make_shared<LocalNetwork>(); }

Result<std::shared_ptr<net::LocalPlace>> LocalNetwork::settle(net::LocalSpeaker node) {
    const std::lock_guard lock(mutex_);
    while (node.address.empty()) {
        const std::string name = "local-" + std::to_string(++made_up_);
        if (!places_.contains(name)) node.address = name;
    }
    auto& place = places_[node.address];
    // A handle may hold the place of a node that is closed.
    if (const auto there = place.lock(); there != nullptr && !there->is_closed()) {
        return fail(ErrorCode::in_use,
                    "another node of this process listens at '" + node.address + "' already");
    }
    auto made = std::make_shared<net::LocalPlace>(std::move(node));
    place = made;
    return made;
}

std::shared_ptr<net::LocalPlace> LocalNetwork::find(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    const auto at = places_.find(address);
    return at == places_.end() ? nullptr : at->second.lock();
}

}  // namespace rafted
