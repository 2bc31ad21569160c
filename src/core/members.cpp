#include "core/members.hpp"

#include <algorithm>

namespace rafted::core {

Members::Members(std::vector<Peer> peers) : peers_(std::move(peers)) {
    std::ranges::sort(peers_, {}, &Peer::id);
    const auto doubled = std::ranges::unique(peers_, {}, &Peer::id);
    peers_.erase(doubled.begin(), doubled.end());
}

const Peer* Members::find(NodeId id) const {
    const auto at = std::ranges::lower_bound(peers_, id, {}, &Peer::id);
    return at != peers_.end() && at->id == id ? &*at : nullptr;
}

bool Members::is_voter(NodeId id) const {
    const Peer* peer = find(id);
    return peer != nullptr && peer->standing == Standing::voter;
}

bool Members::is_only_voter(NodeId id) const {
    bool is_one = false;
    for (const Peer& peer : peers_) {
        if (peer.standing != Standing::voter) continue;
        if (peer.id != id) return false;
        is_one = true;
    }
    return is_one;
}

std::size_t Members::voter_count() const {
    return static_cast<std::size_t>(std::ranges::count(peers_, Standing::voter, &Peer::standing));
}

Members Members::with(Peer peer) const {
    auto peers = without(peer.id).peers_;
    peers.push_back(std::move(peer));
    return Members(std::move(peers));
}

Members Members::without(NodeId id) const {
    auto peers = peers_;
    std::erase_if(peers, [id](const Peer& peer) { return peer.id == id; });
    return Members(std::move(peers));
}

void Members::encode(Writer& out) const {
    out.number(static_cast<std::uint32_t>(peers_.size()));
    for (const Peer& peer : peers_) {
        out.number(peer.id.value);
        out.number(static_cast<std::uint8_t>(peer.standing));
        out.text(peer.address);
    }
}

Members Members::decode(Reader& in) {
    const auto count = in.number<std::uint32_t>();
    std::vector<Peer> peers;
    for (std::uint32_t i = 0; i < count && !in.failed(); ++i) {
        Peer peer;
        peer.id = NodeId(in.number<std::uint64_t>());
        const auto standing = in.number<std::uint8_t>();
        peer.address = in.text();
        const bool known = standing <= static_cast<std::uint8_t>(Standing::learner);
        const bool sorted = peers.empty() || peers.back().id < peer.id;
        if (!known || !sorted || !peer.id) in.fail();
        peer.standing = Standing(standing);
        if (!in.failed()) peers.push_back(std::move(peer));
    }
    return in.failed() ? Members() : Members(std::move(peers));
}

}  // namespace rafted::core
