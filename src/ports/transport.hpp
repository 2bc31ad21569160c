// The port to the other nodes. Messages may be lost, doubled, late and out of order, never altered:
// what arrives was sent by a node of this cluster (frames carry checksums).
//   1. send() never blocks and never fails: a message that cannot go is dropped.
//   2. What waits towards one peer is bounded; beyond the bound messages are dropped.
//   3. A message reaches only a member of the same group incarnation (GroupId).
#pragma once

#include <cstdint>
#include <string>

#include "core/message.hpp"

namespace rafted::ports {

struct Envelope {
    GroupId group;
    core::Message message;
};

/// A node's word that it is alive, to another node: for all groups whose members have fallen
/// silent.
struct Beat {
    std::uint64_t epoch = 0;  ///< Another one: what the sender stood for before is void. Not 0.
    bool is_answer = false;   ///< Not to be answered.
    bool operator==(const Beat&) const = default;
};

class Transport {
public:
    virtual ~Transport() = default;
    virtual void send(Envelope envelope) = 0;
    /// As send(), to a node and not to a member.
    virtual void beat(NodeId node, const Beat& beat) = 0;
    /// Where a node is to be found. A connection the node itself opens may say otherwise; the
    /// newest word counts.
    virtual void set_address(NodeId node, const std::string& address) = 0;
    /// Whether an address is of a kind at which a node can be: says nothing of who is there.
    virtual bool can_be_at(const std::string& address) const = 0;
    /// Lets a node know where this one is, though there is nothing to say: tried until it has
    /// heard. What set_address said of it last counts; a node of which nothing is known is left
    /// alone.
    virtual void announce(NodeId node) = 0;
    /// Everything queued since the last flush may go: called once per turn.
    virtual void flush() = 0;
};

/// Who takes what arrives. Called on the transport's thread; must not block.
class Receiver {
public:
    virtual ~Receiver() = default;
    virtual void receive(Envelope envelope) = 0;
    virtual void heard_beat(NodeId from, const Beat& beat) = 0;
    /// A node of this cluster says where it can be found now.
    virtual void heard_address(NodeId node, const std::string& address) = 0;
};

}  // namespace rafted::ports
