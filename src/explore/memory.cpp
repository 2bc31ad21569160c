#include "explore/memory.hpp"

#include <algorithm>
#include <utility>

namespace rafted::explore {
namespace {

/// What a node, a message and a remembered event take, all in all, by measurement.
constexpr std::size_t node_bytes = 4096;
constexpr std::size_t message_bytes = 320;
constexpr std::size_t known_bytes = sizeof(Known) + 24;

Sight::Entries log_of(const core::Log& log) {
    Sight::Entries out;
    out.base = (log.first() - 1).value;
    for (Index i = log.first(); i <= log.last(); ++i) {
        out.places.push_back({log.at(i).term().value, log.at(i).checksum()});
    }
    return out;
}

Sight::Entries disk_of(const Disk& disk) {
    Sight::Entries out;
    if (disk.entries.empty()) {
        out.base = disk.last().value;
        return out;
    }
    out.base = disk.entries.front().index().value - 1;
    for (const auto& entry : disk.entries) {
        out.places.push_back({entry.term().value, entry.checksum()});
    }
    return out;
}

Sight sight_of(const Node& node) {
    Sight out;
    if (node.member == nullptr) return out;
    const core::State& state = node.member->state();
    out.log = log_of(state.log);
    out.disk = disk_of(node.disk);
    out.term = state.hard.term;
    out.durable_term = node.disk.hard.term;
    out.durable_vote = node.disk.hard.vote;
    if (node.disk.snapshot) out.disk_snapshot = node.disk.snapshot->index;
    if (const auto* leader = std::get_if<core::Leader>(&state.role)) {
        out.term_start = leader->term_start;
    }
    out.committed = state.log.committed().value;
    out.value = node.value;
    for (const core::Peer& peer : state.members().all()) {
        const std::uint32_t bit = 1U << peer.id.value;
        out.members |= bit;
        if (peer.standing == Standing::voter) out.voters |= bit;
    }
    out.role = node.member->role();
    out.waits = !node.member->leads() && node.clock < state.refuses_votes_until();
    return out;
}

bool counts_rounds(const Bounds& bounds) {
    return bounds[Budget::snapshots] > 0 || bounds[Budget::transfers] > 0 ||
           bounds[Budget::changes] > 1;
}

Digest key_of(NodeNumber node, const Event& event, MessageNumber message) {
    const auto flags = std::uint64_t{event.late} + 2 * std::uint64_t{event.hold} +
                       4 * static_cast<std::uint64_t>(event.kind) + 64 * event.target.value +
                       1024 * event.since.index.value + (event.since.term.value << 32U);
    return digest_of(node, flags, message);
}

}  // namespace

Memory::Memory(const Bounds& bounds, Hands hands) : hands_(std::move(hands)) {
    not_made_.violation = halted;
    for (const Names& names : all_names(bounds.members)) {
        views_.push_back({names, counts_rounds(bounds)});
    }
}

NodeNumber Memory::number_of(Node node) {
    const Digest own = digest_of(node, views_.front());
    const auto number = static_cast<NodeNumber>(nodes_.size());
    const NodeNumber known = node_numbers_.insert(own, number);
    if (known != Table::none) return known;
    for (const View& view : views_) node_digests_.push_back(digest_of(node, view));
    nodes_.push_back({std::move(node), {}});
    nodes_.back().sight = sight_of(nodes_.back().node);
    return number;
}

MessageNumber Memory::number_of(core::Message message) {
    const Digest own = digest_of(message, views_.front());
    const auto number = static_cast<MessageNumber>(messages_.size());
    const MessageNumber known = message_numbers_.insert(own, number);
    if (known != Table::none) return known;
    for (const View& view : views_) message_digests_.push_back(digest_of(message, view));
    messages_.push_back(std::move(message));
    return number;
}

Consequence Memory::tell(NodeNumber node, Event event, MessageNumber message) const {
    if (event.kind == Event::Kind::deliver) event.message = &messages_[message];
    return explore::happen(nodes_[node].node, event, hands_);
}

const Known& Memory::happen(NodeNumber node, Event event, MessageNumber message) {
    const Digest key = key_of(node, event, message);
    const std::uint32_t found = known_numbers_.find(key);
    if (found != Table::none) return known_[found];
    ++steps_;
    if (before_step && !before_step(steps_)) return not_made_;
    Consequence consequence = tell(node, event, message);
    Known known;
    known.wrote = consequence.wrote;
    known.added = consequence.added;
    known.violation = std::move(consequence.violation);
    for (core::Message& sent : consequence.sent) {
        known.sent.push_back(number_of(std::move(sent)));
    }
    known.node = number_of(std::move(consequence.node));
    known.changed = known.node != node || !known.sent.empty();
    known_numbers_.insert(key, static_cast<std::uint32_t>(known_.size()));
    known_.push_back(std::move(known));
    return known_.back();
}

std::size_t Memory::bytes() const {
    return nodes_.size() * node_bytes + messages_.size() * message_bytes +
           known_.size() * known_bytes +
           (node_digests_.size() + message_digests_.size()) * sizeof(Digest) +
           node_numbers_.bytes() + message_numbers_.bytes() + known_numbers_.bytes();
}

}  // namespace rafted::explore
