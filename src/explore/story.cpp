#include "explore/story.hpp"

#include <utility>

namespace rafted::explore {
namespace {

using Kind = Event::Kind;

std::string name(NodeId id) { return id ? "n" + std::to_string(id.value) : "nobody"; }
std::string place(Index index, Term term) {
    return "entry " + to_string(index) + " of term " + to_string(term);
}

std::string phrase(const core::AppendRequest& body, const std::string& to) {
    const std::string commit = ", commit " + to_string(body.commit);
    const std::string after = " after " + place(body.prev_index, body.prev_term);
    if (body.entries.empty()) return "tells " + to + " that it leads" + after + commit;
    const core::Entry& entry = body.entries.front();
    return "sends " + to + " " + place(entry.index(), entry.term()) + after + commit;
}
std::string phrase(const core::AppendReply& body, const std::string& to) {
    if (body.stamp.round == 0) return "tells " + to + " its own, later term";
    if (!body.accepted)
        return "tells " + to + " that entry " + to_string(body.refused_prev) + " does not match";
    return "tells " + to + " that it has everything up to " + to_string(body.index);
}
std::string phrase(const core::VoteRequest& body, const std::string& to) {
    const std::string log = " (its log ends with " + place(body.last_index, body.last_term) + ")";
    if (body.pre) return "asks " + to + " whether it would vote for it" + log;
    return "asks " + to + " for its vote" + (body.handed_over ? ", handed the lead" : "") + log;
}
std::string phrase(const core::VoteReply& body, const std::string& to) {
    if (body.pre) return (body.granted ? "would vote for " : "would not vote for ") + to;
    return (body.granted ? "votes for " : "refuses its vote to ") + to;
}
std::string phrase(const core::SnapshotPiece& body, const std::string& to) {
    return "sends " + to + " its snapshot up to " + place(body.meta.index, body.meta.term);
}
std::string phrase(const core::SnapshotReply& body, const std::string& to) {
    return "asks " + to + " for the snapshot up to " + to_string(body.index) + " from byte " +
           std::to_string(body.next_offset);
}
std::string phrase(const core::TimeoutNow&, const std::string& to) {
    return "tells " + to + " to take over";
}
std::string phrase(const core::RemovedNotice& body, const std::string& to) {
    return "tells " + to + " that entry " + to_string(body.list.index) + " removed it";
}
std::string phrase(const core::MovedNotice& body, const std::string& to) {
    return "tells " + to + " that " + name(body.member) + " is at " + body.address;
}
std::string phrase(const core::OwedRequest& body, const std::string& to) {
    return "asks " + to + " for " + std::to_string(body.places.size()) + " damaged entries";
}
std::string phrase(const core::OwedReply& body, const std::string& to) {
    return "gives " + to + " " + std::to_string(body.entries.size()) + " damaged entries";
}

std::string phrase(const core::QuiesceRequest&, const std::string& to) {
    return "asks " + to + " to expect no heartbeats";
}
std::string phrase(const core::QuiesceReply&, const std::string& to) {
    return "expects no heartbeats of " + to;
}

std::string what_changed(const Sight& before, const Sight& now) {
    std::string text;
    if (now.role != before.role || now.term != before.term) {
        text +=
            "; it is " + std::string(rafted::name_of(now.role)) + " in term " + to_string(now.term);
    }
    if (now.log.last() != before.log.last()) {
        text += "; its log ends at " + std::to_string(now.log.last());
    }
    if (now.committed != before.committed) {
        text += "; it commits up to " + std::to_string(now.committed);
    }
    return text;
}

}  // namespace

std::string words_of(const core::Message& message) {
    const std::string to = name(message.to);
    return std::visit([&to](const auto& body) { return phrase(body, to); }, message.body) +
           " [term " + to_string(message.term) + "]";
}

std::string words_of(const Memory& memory, const Action& action) {
    const std::string self = name(NodeId(action.node + 1U));
    const std::string target = name(NodeId(action.target));
    switch (action.kind) {
        case Kind::deliver: {
            const core::Message& message = memory.message(action.message);
            return self + (action.late ? " waits until its leader is silent for long, then" : "") +
                   " hears: " + name(message.from) + " " + words_of(message) +
                   (action.keep ? " (a copy stays on its way)" : "");
        }
        case Kind::disk_done: return self + "'s oldest write is durable";
        case Kind::crash: return self + " crashes and comes back with what was durable";
        case Kind::timeout: return self + "'s timer fires";
        case Kind::heartbeat: return self + "'s heartbeat is due";
        case Kind::propose: return self + " is asked for a command";
        case Kind::add: return self + " is asked to add " + target;
        case Kind::remove: return self + " is asked to remove " + target;
        case Kind::snapshot: return self + " takes a snapshot of its value";
        case Kind::transfer: return self + " is asked to hand the lead to " + target;
        case Kind::start: return self + " starts";
    }
    return "";
}

Told tell(Rules& rules, const World& world, const Action& action) {
    const NodeNumber before = world.nodes[action.node];
    Rules::Next next = rules.take(world, action);
    const Event event{action.kind, action.late, action.hold, NodeId(action.target), {}, nullptr};
    const Known& known = rules.memory().happen(before, event, action.message);
    std::string line = words_of(rules.memory(), action);
    line += what_changed(rules.memory().node(before).sight, rules.memory().node(known.node).sight);
    for (const MessageNumber sent : known.sent) {
        line += "; it " + words_of(rules.memory().message(sent));
    }
    if (action.hold) line += "; its write is still on the way to the disk";
    return {std::move(line), std::move(next.world)};
}

}  // namespace rafted::explore
