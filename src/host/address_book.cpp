#include "host/address_book.hpp"

#include <utility>

namespace rafted::host {

std::vector<core::Peer> AddressBook::listed(const core::Members& members) {
    std::vector<core::Peer> news;
    const auto before = std::exchange(listed_, {});
    for (const core::Peer& peer : members.all()) {
        const auto old = before.find(peer.id);
        if (old == before.end() || old->second.address != peer.address) {
            news.push_back(peer);
            heard_.erase(peer.id);
        }
        listed_.emplace(peer.id, peer);
    }
    std::erase_if(heard_, [this](const auto& each) { return !listed_.contains(each.first); });
    return news;
}

void AddressBook::heard(NodeId node, const std::string& address) {
    const auto peer = listed_.find(node);
    if (peer == listed_.end()) return;
    if (peer->second.address == address) {
        heard_.erase(node);
    } else {
        heard_[node] = address;
    }
}

std::optional<core::Peer> AddressBook::moved() const {
    return heard_.empty() ? std::nullopt : moved(heard_.begin()->first);
}

std::optional<core::Peer> AddressBook::moved(NodeId node) const {
    const auto heard = heard_.find(node);
    if (heard == heard_.end()) return std::nullopt;
    core::Peer peer = listed_.at(node);
    peer.address = heard->second;
    return peer;
}

std::vector<ports::Moved> AddressBook::all_moved() const {
    std::vector<ports::Moved> all;
    for (const auto& [node, address] : heard_) {
        all.push_back({node, listed_.at(node).address, address});
    }
    return all;
}

std::vector<ports::Moved> AddressBook::restore(std::vector<ports::Moved> saved) {
    for (const ports::Moved& moved : saved) {
        const auto peer = listed_.find(moved.node);
        const bool counts = peer != listed_.end() && peer->second.address == moved.listed;
        if (counts) heard(moved.node, moved.heard);
    }
    saved_ = std::move(saved);
    return all_moved();
}

std::optional<std::vector<ports::Moved>> AddressBook::take_unsaved() {
    auto all = all_moved();
    if (saved_ == all) return std::nullopt;
    saved_ = all;
    return all;
}

}  // namespace rafted::host
