// All nodes and messages that a search has met, each kept once, and what came of every event that
// was tried on a node: the same event at the same node is stepped only once, however many states of
// the world hold that node. This is what makes the search fast; it decides nothing.
//   1. Numbers are given in the order of meeting, which is the same in every run.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "explore/table.hpp"

namespace rafted::explore {

using NodeNumber = std::uint32_t;
using MessageNumber = std::uint32_t;

/// What the invariants of the whole world ask of one node.
struct Sight {
    struct Place {
        std::uint64_t term = 0;
        std::uint64_t checksum = 0;
        bool operator==(const Place&) const = default;
    };
    /// Entries one after the other; the first stands at base + 1.
    struct Entries {
        std::uint64_t base = 0;
        std::vector<Place> places;
        std::uint64_t last() const { return base + places.size(); }
        const Place* at(std::uint64_t index) const {
            return index > base && index <= last() ? &places[index - base - 1] : nullptr;
        }
        bool operator==(const Entries&) const = default;
    };
    Entries log;
    Entries disk;
    Term term;
    Term durable_term;
    NodeId durable_vote;
    Index disk_snapshot;
    Index term_start;
    std::uint64_t committed = 0;
    std::uint64_t value = 0;
    std::uint32_t voters = 0;  ///< Of the list in force, a bit by id.
    std::uint32_t members = 0;
    Role role = Role::follower;
    bool waits = false;  ///< It heard a leader and refuses votes.
};

struct KnownNode {
    Node node;
    Sight sight;
};

/// What came of an event, with numbers for things.
struct Known {
    NodeNumber node = 0;
    bool wrote = false;
    bool changed = false;  ///< The node is another, or something was sent.
    std::optional<core::LogPlace> added;
    std::string violation;
    std::vector<MessageNumber> sent;
};

class Memory {
public:
    Memory(const Bounds& bounds, Hands hands);

    NodeNumber number_of(Node node);
    const KnownNode& node(NodeNumber number) const { return nodes_[number]; }
    const core::Message& message(MessageNumber number) const { return messages_[number]; }
    /// Under the names of each view, in order.
    const Digest* digests(NodeNumber number) const {
        return &node_digests_[number * views_.size()];
    }
    const Digest* message_digests(MessageNumber number) const {
        return &message_digests_[number * views_.size()];
    }
    const std::vector<View>& views() const { return views_; }

    /// What comes of the event. `event.message` is set from `message`. `before_step` is asked if
    /// it has not been tried yet; when it says no, the violation is `halted`.
    const Known& happen(NodeNumber node, Event event, MessageNumber message);
    /// What came of it, in full and anew.
    Consequence tell(NodeNumber node, Event event, MessageNumber message) const;

    std::function<bool(std::uint64_t)> before_step;
    static constexpr std::string_view halted = "halted";
    std::uint64_t steps() const { return steps_; }
    std::size_t nodes() const { return nodes_.size(); }
    std::size_t messages() const { return messages_.size(); }
    std::size_t bytes() const;

private:
    MessageNumber number_of(core::Message message);

    std::vector<View> views_;
    Hands hands_;
    std::deque<KnownNode> nodes_;
    std::vector<Digest> node_digests_;
    Table node_numbers_;
    std::deque<core::Message> messages_;
    std::vector<Digest> message_digests_;
    Table message_numbers_;
    std::deque<Known> known_;
    Table known_numbers_;
    std::uint64_t steps_ = 0;
    Known not_made_;
};

}  // namespace rafted::explore
