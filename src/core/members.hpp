// Who belongs to a group and whose word counts. A plain sorted list; every change makes a new one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rafted/bytes.hpp"
#include "rafted/ids.hpp"
#include "rafted/status.hpp"

namespace rafted::core {

struct Peer {
    NodeId id;
    std::string address;
    Standing standing = Standing::voter;
    bool operator==(const Peer&) const = default;
};

class Members {
public:
    Members() = default;
    explicit Members(std::vector<Peer> peers);

    const std::vector<Peer>& all() const { return peers_; }
    const Peer* find(NodeId id) const;
    bool contains(NodeId id) const { return find(id) != nullptr; }
    bool is_voter(NodeId id) const;
    std::size_t voter_count() const;
    bool is_only_voter(NodeId id) const;
    bool empty() const { return peers_.empty(); }

    /// Adds or replaces one peer.
    Members with(Peer peer) const;
    Members without(NodeId id) const;

    void encode(Writer& out) const;
    static Members decode(Reader& in);

    bool operator==(const Members&) const = default;

private:
    std::vector<Peer> peers_;  // sorted by id, each id once
};

}  // namespace rafted::core
