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
        heard_[node] = {address, true};
    }
}

bool AddressBook::told(NodeId node, const std::string& address) {
    const auto peer = listed_.find(node);
    if (peer == listed_.end() || peer->second.address == address) return false;
    const auto known = heard_.find(node);
    if (known != heard_.end() && (known->second.first_hand || known->second.address == address)) {
        return false;
    }
    heard_[node] = {address, false};
    return true;
}

std::optional<core::Peer> AddressBook::moved() const {
    return heard_.empty() ? std::nullopt : moved(heard_.begin()->first);
}

std::optional<core::Peer> AddressBook::moved(NodeId node) const {
    const auto heard = heard_.find(node);
    if (heard == heard_.end()) return std::nullopt;
    core::Peer peer = listed_.at(node);
    peer.address = heard->second.address;
    return peer;
}

std::vector<core::Peer> AddressBook::all_moved() const {
    std::vector<core::Peer> all;
    for (const auto& [node, heard] : heard_) all.push_back(*moved(node));
    return all;
}

std::vector<ports::Moved> AddressBook::to_save() const {
    std::vector<ports::Moved> all;
    for (const auto& [node, heard] : heard_) {
        all.push_back({node, listed_.at(node).address, heard.address});
    }
    return all;
}

std::vector<ports::Moved> AddressBook::restore(std::vector<ports::Moved> saved) {
    for (const ports::Moved& moved : saved) {
        const auto peer = listed_.find(moved.node);
        const bool counts = peer != listed_.end() && peer->second.address == moved.listed;
        if (counts) static_cast<void>(told(moved.node, moved.heard));
    }
    saved_ = std::move(saved);
    return to_save();
}

std::optional<std::vector<ports::Moved>> AddressBook::take_unsaved() {
    auto all = to_save();
    if (saved_ == all) return std::nullopt;
    saved_ = all;
    return all;
}

}  // namespace rafted::host
