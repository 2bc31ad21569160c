#include "explore/world.hpp"

#include <algorithm>
#include <utility>

#include "core/checksum.hpp"

namespace rafted::explore {
namespace {

using Kind = Event::Kind;

Digest digest_of_history(const std::vector<Committed>& history) {
    Writer out;
    for (const Committed& one : history) {
        out.number(one.term);
        out.number(one.by_term);
        out.number(one.value);
    }
    return {core::checksum(out.view(), 3), core::checksum(out.view(), 4)};
}

Digest digest_of_spent(const std::array<std::uint8_t, budget_count>& spent) {
    std::uint64_t numbers[2] = {};
    for (std::size_t i = 0; i < spent.size(); ++i) {
        numbers[i / 8] |= std::uint64_t{spent[i]} << (8 * (i % 8));
    }
    return explore::digest_of(1, numbers[0], numbers[1]);
}

std::optional<Budget> budget_of(Kind kind) {
    switch (kind) {
        case Kind::timeout: return Budget::timeouts;
        case Kind::heartbeat: return Budget::heartbeats;
        case Kind::propose: return Budget::commands;
        case Kind::crash: return Budget::crashes;
        case Kind::add:
        case Kind::remove: return Budget::changes;
        case Kind::snapshot: return Budget::snapshots;
        case Kind::transfer: return Budget::transfers;
        default: return std::nullopt;
    }
}

}  // namespace

Rules::Rules(const Bounds& bounds, Hands hands)
    : bounds_(bounds), nodes_(bounds.members + 1U), memory_(bounds, std::move(hands)) {
    number_of(std::vector<Committed>{});
    for (const View& view : memory_.views()) {
        auto& digests = leader_digests_.emplace_back();
        for (std::size_t term = 0; term <= max_term; ++term) {
            for (std::size_t id = 1; id < 8; ++id) {
                digests[term][id] = explore::digest_of(2, term, view.names[id]);
            }
        }
    }
}

std::uint32_t Rules::number_of(std::vector<Committed> history) {
    const Digest digest = digest_of_history(history);
    const auto number = static_cast<std::uint32_t>(histories_.size());
    const std::uint32_t known = history_numbers_.insert(digest, number);
    if (known != Table::none) return known;
    histories_.push_back(std::move(history));
    history_digests_.push_back(digest);
    return number;
}

World Rules::start() {
    World world;
    for (std::size_t i = 0; i < nodes_; ++i) {
        Node node = found(NodeId(i + 1), bounds_.members);
        // The last one is nobody yet: it has no disk and no member.
        if (i + 1 == nodes_) node = Node{NodeId(i + 1), nullptr, {}, {}, {}, 0};
        world.nodes[i] = memory_.number_of(std::move(node));
    }
    return world;
}

bool Rules::has(const World& world, Budget budget) const {
    return world.spent[static_cast<std::size_t>(budget)] < bounds_[budget];
}

void Rules::spend(World& world, const Action& action) {
    const auto pay = [&](Budget budget) { ++world.spent[static_cast<std::size_t>(budget)]; };
    if (const auto budget = budget_of(action.kind)) pay(*budget);
    if (action.hold) pay(Budget::slow_writes);
    if (action.keep) pay(Budget::duplicates);
}

/// A message that can do nothing any more, whatever happens: its addressee durably stands in its
/// term or a later one, and only a term's own candidate or leader has use for an answer in it. A
/// vote that is refused may count against a candidate; that only keeps an election from being won,
/// as does a vote that never comes.
bool Rules::is_dead(const World& world, MessageNumber number) const {
    const core::Message& message = memory_.message(number);
    const std::size_t place = message.to.value - 1;
    if (place >= nodes_) return true;
    const Sight& to = memory_.node(world.nodes[place]).sight;
    if (bounds_.keep_stale || message.term > to.durable_term) return false;
    if (const auto* vote = std::get_if<core::VoteReply>(&message.body)) {
        const bool asks = to.role == Role::candidate && to.term == message.term;
        return vote->pre || !vote->granted || !asks;
    }
    const bool is_answer = std::holds_alternative<core::AppendReply>(message.body) ||
                           std::holds_alternative<core::SnapshotReply>(message.body);
    return is_answer && !(to.role == Role::leader && to.term == message.term);
}

bool Rules::is_beyond(const Sight& sight) const {
    return sight.term.value > bounds_.terms || sight.log.last() > bounds_.log;
}

void Rules::send(World& world, const std::vector<MessageNumber>& messages) const {
    for (const MessageNumber number : messages) {
        if (is_dead(world, number)) continue;
        const auto at = std::ranges::upper_bound(world.messages, number);
        world.messages.insert(at, number);
    }
}

void Rules::forget_dead(World& world, std::size_t node) const {
    std::erase_if(world.messages, [&](MessageNumber number) {
        return memory_.message(number).to.value == node + 1 && is_dead(world, number);
    });
}

bool Rules::apply(const World& world, Next& next, bool& wrote) {
    const Action& action = next.action;
    const NodeNumber before = world.nodes[action.node];
    Event event{action.kind, action.late, action.hold, NodeId(action.target), {}, nullptr};
    const Known& known = memory_.happen(before, event, action.message);
    wrote = known.wrote;
    next.violation = known.violation;
    if (!known.changed && known.violation.empty()) return false;
    next.world = world;
    World& after = next.world;
    after.nodes[action.node] = known.node;
    spend(after, action);
    if (action.kind == Kind::deliver && !action.keep) {
        after.messages.erase(std::ranges::lower_bound(after.messages, action.message));
    }
    forget_dead(after, action.node);
    send(after, known.sent);
    if (known.added) {
        const std::size_t place = action.target - 1U;
        const Event start{Kind::start, false, false, NodeId(), *known.added, nullptr};
        after.nodes[place] = memory_.happen(after.nodes[place], start, 0).node;
    }
    const Sight& now = memory_.node(after.nodes[action.node]).sight;
    next.beyond = is_beyond(now);
    if (next.violation.empty()) {
        next.violation = check(after, action.node, memory_.node(before).sight);
    }
    return true;
}

Rules::Next Rules::take(const World& world, const Action& action) {
    Next next;
    next.action = action;
    bool wrote = false;
    if (!apply(world, next, wrote)) next.world = world;
    return next;
}

/// The action, and its kin: with its write taking time, with a copy of the message left over.
void Rules::add(const World& world, const Action& action, std::vector<Next>& out) {
    Next next;
    next.action = action;
    bool wrote = false;
    if (!apply(world, next, wrote)) return;
    out.push_back(std::move(next));
    const bool copies = action.kind == Kind::deliver && has(world, Budget::duplicates);
    const bool holds = wrote && has(world, Budget::slow_writes);
    for (const bool keep : {false, true}) {
        for (const bool hold : {false, true}) {
            if ((!keep && !hold) || (keep && !copies) || (hold && !holds)) continue;
            Next kin;
            kin.action = action;
            kin.action.keep = keep;
            kin.action.hold = hold;
            if (apply(world, kin, wrote)) out.push_back(std::move(kin));
        }
    }
}

void Rules::deliveries(const World& world, std::vector<Next>& out) {
    MessageNumber last = Table::none;
    for (const MessageNumber number : world.messages) {
        if (number == std::exchange(last, number)) continue;
        const core::Message& message = memory_.message(number);
        const std::size_t place = message.to.value - 1;
        const KnownNode& to = memory_.node(world.nodes[place]);
        if (to.node.member == nullptr) continue;
        Action action;
        action.node = static_cast<std::uint8_t>(place);
        action.message = number;
        add(world, action, out);
        // Only who is asked for a vote looks at how long ago it heard a leader.
        if (!to.sight.waits || !std::holds_alternative<core::VoteRequest>(message.body)) continue;
        action.late = true;
        add(world, action, out);
    }
}

void Rules::others(const World& world, std::size_t node, std::vector<Next>& out) {
    const Node& here = memory_.node(world.nodes[node]).node;
    for (const Kind kind : {Kind::disk_done, Kind::crash, Kind::timeout, Kind::heartbeat,
                            Kind::propose, Kind::snapshot}) {
        const auto budget = budget_of(kind);
        if ((budget && !has(world, *budget)) || !is_possible(here, kind)) continue;
        Action action;
        action.kind = kind;
        action.node = static_cast<std::uint8_t>(node);
        add(world, action, out);
    }
}

void Rules::targeted(const World& world, std::size_t node, std::vector<Next>& out) {
    const KnownNode& here = memory_.node(world.nodes[node]);
    if (here.node.member == nullptr || !here.node.member->leads()) return;
    for (std::size_t other = 0; other < nodes_; ++other) {
        if (other == node) continue;
        const std::uint32_t bit = 1U << (other + 1);
        const bool is_new = memory_.node(world.nodes[other]).node.member == nullptr;
        Action action;
        action.node = static_cast<std::uint8_t>(node);
        action.target = static_cast<std::uint8_t>(other + 1);
        for (const Kind kind : {Kind::add, Kind::remove, Kind::transfer}) {
            const bool fits = kind == Kind::add      ? is_new
                              : kind == Kind::remove ? (here.sight.members & bit) != 0
                                                     : (here.sight.voters & bit) != 0;
            if (!fits || !has(world, *budget_of(kind))) continue;
            action.kind = kind;
            add(world, action, out);
        }
    }
}

void Rules::all_next(const World& world, std::vector<Next>& out) {
    out.clear();
    deliveries(world, out);
    for (std::size_t node = 0; node < nodes_; ++node) {
        others(world, node, out);
        targeted(world, node, out);
    }
}

Digest Rules::digest(const World& world) const {
    Digest common = history_digests_[world.history];
    common += digest_of_spent(world.spent);
    Digest least{~std::uint64_t{0}, ~std::uint64_t{0}};
    const std::size_t views = memory_.views().size();
    for (std::size_t view = 0; view < views; ++view) {
        Digest sum = common;
        for (std::size_t i = 0; i < nodes_; ++i) sum += memory_.digests(world.nodes[i])[view];
        for (const MessageNumber number : world.messages) {
            sum += memory_.message_digests(number)[view];
        }
        for (std::size_t term = 1; term <= bounds_.terms; ++term) {
            if (world.leaders[term] != 0) sum += leader_digests_[view][term][world.leaders[term]];
        }
        const bool less = sum.low < least.low || (sum.low == least.low && sum.high < least.high);
        if (less) least = sum;
    }
    return least;
}

}  // namespace rafted::explore
