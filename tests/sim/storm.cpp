#include "sim/storm.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/checksum.hpp"
#include "sim/words.hpp"

namespace rafted::test {

using sim::word_of;

using std::chrono::milliseconds;
using Act = core::ChangeMembers::Act;

namespace {

constexpr milliseconds storm_timeout(200);

ClusterOptions options_of(const StormPlan& plan) {
    core::Random random(plan.seed);
    ClusterOptions options;
    options.seed = plan.seed;
    options.config.heartbeat_interval = milliseconds(40);
    options.config.election_timeout = storm_timeout;
    options.config.leader_transfer_timeout = milliseconds(400);
    // Half of the storms read under leases, with clocks that drift within the margin.
    if (random.one_to(2) == 1) options.config.clock_drift_margin = milliseconds(60);
    options.config.max_append_bytes = 100 + random.one_to(400);
    options.config.max_inflight_bytes = 500 + random.one_to(2000);
    options.config.log_bytes_kept = random.one_to(2000);
    options.piece_bytes = 20 + random.one_to(200);
    return options;
}

}  // namespace

Storm::Storm(const StormPlan& plan)
    : plan_(plan), random_(plan.seed * 7919), world_(options_of(plan)) {
    std::vector<NodeId> founders;
    for (std::uint64_t i = 0; i < 1 + up_to(5); ++i) founders.push_back(fresh_id());
    world_.found(founders);
    for (const NodeId id : founders) dress(id);
    for (const char* name : {"x", "y", "z"}) clients_.push_back({name, 0, 0, {}, {}, {}});
    blow();
}

NodeId Storm::fresh_id() { return NodeId(++last_id_); }

void Storm::dress(NodeId id) {
    Node& node = world_.node(id);
    if (plan_.durable) node.disk_time = std::chrono::microseconds(up_to(8000));
    node.clock_ppm = static_cast<std::int64_t>(up_to(80'001)) - 40'001;
    node.clock_offset = milliseconds(up_to(1'000'000));
}

void Storm::blow() {
    const unsigned drop = chance(50) ? 0 : static_cast<unsigned>(up_to(100));
    world_.set_network({true, milliseconds(1), milliseconds(1 + up_to(25)), drop,
                        static_cast<unsigned>(up_to(60))});
}

NodeId Storm::any_node() {
    std::vector<NodeId> up;
    for (const auto& [id, node] : world_.nodes()) {
        if (node.member) up.push_back(id);
    }
    return up.empty() ? NodeId() : up[up_to(up.size()) - 1];
}

NodeId Storm::any_member_but(NodeId leader) {
    if (!leader) return {};
    std::vector<NodeId> others;
    for (const auto& peer : world_.member(leader).state().members().all()) {
        if (peer.id != leader) others.push_back(peer.id);
    }
    return others.empty() ? NodeId() : others[up_to(others.size()) - 1];
}

/// Time in small slices, with everybody at work in each.
void Storm::pass(core::Duration time) {
    const core::Time end = world_.now() + time;
    while (world_.now() < end && wrongs_.empty()) {
        world_.run_for(milliseconds(10));
        bring_back();
        start_newcomers();
        bury_removed();
        for (Client& client : clients_) serve(client);
        read_everywhere();
        look();
    }
}

void Storm::look() {
    for (const auto& text : world_.history().violations()) wrong(text);
    const NodeId leader = world_.leader();
    if (!leader) return;
    // Until its removal is committed it may be needed (thesis §4.2.2).
    const core::State& state = world_.member(leader).state();
    if (!state.is_voter() && !state.membership.left_at(leader)) {
        wrong("a leader is no voter of its own group");
    }
}

void Storm::serve(Client& client) {
    if (client.waits_for == 0) {
        client.command = client.name + std::to_string(++client.sent);
        submitted_.insert(client.command);
        next_try(client);
        return;
    }
    const Request& request = world_.request(client.waits_for);
    const bool slow = world_.now() - client.since > 2 * storm_timeout;
    switch (request.state) {
        case Request::State::done:
            if (!request.is_read) acknowledged_.insert(client.command);
            client.waits_for = 0;
            return;
        case Request::State::refused: client.next_try = request.leader; break;
        case Request::State::unknown: break;
        case Request::State::waits:
        case Request::State::accepted:
            if (!slow) return;
    }
    next_try(client);
}

/// Whoever believes that it leads is asked: a leader that was left behind must not answer.
void Storm::read_everywhere() {
    for (const auto& [id, node] : world_.nodes()) {
        if (node.member && node.member->leads() && chance(30)) world_.read(id);
    }
}

void Storm::next_try(Client& client) {
    NodeId at = std::exchange(client.next_try, NodeId());
    if (!at || !world_.is_up(at)) at = any_node();
    if (!at) return;
    client.since = world_.now();
    const bool reads = client.sent % 3 == 0;
    client.waits_for = reads ? world_.read(at) : world_.propose(at, client.command);
}

void Storm::act() {
    replace_dead();
    switch (up_to(8)) {
        case 1: return add();
        case 2: return remove();
        case 3: return transfer();
        case 4:
        case 5: return kill();
        case 6: return reconfigure();
        case 7: return blow();
        default: break;
    }
    const NodeId id = any_node();
    if (!id) return;
    const bool writes = !world_.node(id).writes.empty();
    writes&& chance(50) ? world_.refuse_writes(id) : static_cast<void>(world_.save_snapshot(id));
}

void Storm::add() {
    const NodeId leader = world_.leader();
    if (!leader || world_.member(leader).state().members().all().size() >= 7) return;
    const NodeId id = fresh_id();
    const Standing standing = chance(20) ? Standing::learner : Standing::joining;
    const auto request = world_.change(leader, Act::add, {id, to_string(id) + ":1", standing});
    newcomers_.push_back({id, request});
}

/// A newcomer starts when it knows that it was added, as after an answered join.
void Storm::start_newcomers() {
    const NodeId leader = world_.leader();
    std::erase_if(newcomers_, [&](const Newcomer& newcomer) {
        const Request& request = world_.request(newcomer.request);
        if (request.state == Request::State::refused) return true;
        const bool listed =
            leader && world_.member(leader).state().membership.committed().contains(newcomer.id);
        const bool settled =
            leader && world_.member(leader).state().log.committed() >= request.index;
        if (request.state == Request::State::unknown && settled && !listed) return true;
        const bool added = request.state == Request::State::done ||
                           (request.state == Request::State::unknown && listed);
        if (!added) return false;
        world_.start_newcomer(newcomer.id, request.index);
        dress(newcomer.id);
        world_.wake(newcomer.id);
        return true;
    });
}

/// Removed members end; so do those that cannot be told, since all they know are gone themselves
/// (a newcomer knows nobody at first): whoever runs them asks the group again.
void Storm::bury_removed() {
    std::vector<NodeId> gone;
    NodeId leader = world_.leader();
    // Only the newest leader knows who was added last.
    const auto& led = world_.history().leaders();
    if (!led.empty() && led.rbegin()->second != leader) leader = NodeId();
    for (const auto& [id, node] : world_.nodes()) {
        if (!node.member) continue;
        const bool lost = leader && !is_listed(leader, id) && !knows_a_member(node, leader);
        if (lost || node.member->role() == Role::removed) gone.push_back(id);
    }
    for (const NodeId id : gone) world_.forget(id);
}

bool Storm::is_listed(NodeId leader, NodeId id) const {
    const auto& membership = world_.member(leader).state().membership;
    return membership.current().contains(id) || membership.committed().contains(id);
}

bool Storm::knows_a_member(const Node& node, NodeId leader) const {
    return std::ranges::any_of(node.member->state().members().all(), [&](const core::Peer& peer) {
        return peer.id != node.id && is_listed(leader, peer.id);
    });
}

void Storm::remove() {
    const NodeId leader = world_.leader();
    // Who has lost one member for good and removes another before it is noticed loses a majority.
    const bool one_is_lost = !plan_.durable && std::ranges::any_of(world_.nodes(), [](auto& at) {
        return !at.second.member.has_value();
    });
    if (one_is_lost) return replace_dead();
    if (const NodeId target = any_member_but(leader)) {
        world_.change(leader, chance(70) ? Act::remove : Act::promote,
                      {target, "", Standing::joining});
    }
}

void Storm::transfer() {
    const NodeId leader = world_.leader();
    if (const NodeId target = any_member_but(leader)) {
        world_.transfer(leader, chance(90) ? std::optional(target) : std::nullopt);
    }
}

void Storm::kill() {
    const NodeId id = any_node();
    if (!id) return;
    if (plan_.durable) {
        world_.crash(id);
        down_until_[id] = world_.now() + milliseconds(up_to(800));
        return;
    }
    // Memory only: what is lost is lost, so never more than one voter at a time, and only of a
    // group that holds everything three times over.
    const NodeId leader = world_.leader();
    if (!leader || !newcomers_.empty()) return;
    const auto& state = world_.member(leader).state();
    const bool all_up = std::ranges::all_of(
        state.members().all(), [&](const core::Peer& peer) { return world_.is_up(peer.id); });
    if (!all_up || state.members().voter_count() < 3 || state.membership.is_changing()) return;
    world_.crash(id);
}

void Storm::bring_back() {
    std::erase_if(down_until_, [this](const auto& down) {
        if (world_.now() < down.second && !is_calm_) return false;
        world_.restart(down.first);
        return true;
    });
}

/// The operator of a memory-only group removes who died, and adds a new node for it.
void Storm::replace_dead() {
    if (plan_.durable) return;
    const NodeId leader = world_.leader();
    if (!leader) return;
    for (const auto& peer : world_.member(leader).state().members().all()) {
        const auto at = world_.nodes().find(peer.id);
        const bool is_dead = at != world_.nodes().end() && !at->second.member;
        if (is_dead) {
            world_.change(leader, Act::remove, {peer.id, "", Standing::joining});
            return;
        }
    }
}

void Storm::reconfigure() {
    const NodeId leader = world_.leader();
    if (!leader) return;
    GroupConfig config = world_.member(leader).state().config();
    config.election_timeout = milliseconds(150 + up_to(150));
    if (config.clock_drift_margin) config.clock_drift_margin = config.election_timeout * 3 / 10;
    world_.change_config(leader, config);
}

/// Cuts a random minority of the leader's voters off, in both directions or only in one.
void Storm::split() {
    const NodeId leader = world_.leader();
    if (!leader) return;
    std::vector<NodeId> voters;
    for (const auto& peer : world_.member(leader).state().members().all()) {
        if (peer.standing == Standing::voter) voters.push_back(peer.id);
    }
    const std::size_t most = (voters.size() - 1) / 2;
    if (most == 0) return;
    std::set<NodeId> minority;
    const std::size_t size = up_to(most);
    while (minority.size() < size) minority.insert(voters[up_to(voters.size()) - 1]);
    const bool one_way = chance(20);
    for (const auto& [one, node] : world_.nodes()) {
        for (const auto& [other, at] : world_.nodes()) {
            if (minority.contains(one) == minority.contains(other)) continue;
            if (one_way && minority.contains(other)) continue;
            world_.cut(one, other);
        }
    }
}

std::vector<std::string> Storm::run() {
    pass(milliseconds(600));
    for (unsigned round = 0; round < plan_.rounds && wrongs_.empty(); ++round) {
        if (plan_.netsplits) split();
        const std::uint64_t acts = plan_.netsplits ? up_to(4) : 1;
        for (std::uint64_t i = 0; i < acts && wrongs_.empty(); ++i) {
            act();
            pass(milliseconds(up_to(300)));
        }
        if (!plan_.netsplits) continue;
        pass(milliseconds(up_to(1000)));
        world_.heal();
        pass(milliseconds(up_to(600)));
    }
    if (wrongs_.empty()) calm();
    if (wrongs_.empty()) finish();
    return wrongs_;
}

/// All faults off: within thirty election timeouts everybody agrees.
void Storm::calm() {
    is_calm_ = true;
    world_.heal();
    world_.set_network({true, milliseconds(1), milliseconds(2), 0, 0});
    for (int i = 0; i < 100 && wrongs_.empty(); ++i) {
        replace_dead();
        pass(milliseconds(90));
        if (i > 10 && has_settled()) return;
    }
    if (!wrongs_.empty()) return;
    std::string text = "liveness: no agreement in calm weather:";
    for (const auto& newcomer : newcomers_) text += "\n    waits to start: " + word_of(newcomer.id);
    for (const auto& [id, node] : world_.nodes()) {
        text += "\n    " + word_of(id) + ": ";
        if (!node.member) {
            text += "down";
            continue;
        }
        const auto& state = node.member->state();
        text += std::string(name_of(node.member->role())) + " t" + to_string(state.hard.term) +
                " log " + to_string(state.log.last()) + " commit " +
                to_string(state.log.committed()) + " members " + word_of(state.members());
    }
    wrong(text);
}

bool Storm::has_settled() {
    const NodeId leader = world_.leader();
    if (!leader || !newcomers_.empty()) return false;
    const auto& state = world_.member(leader).state();
    if (state.membership.is_changing()) return false;
    for (const auto& peer : state.members().all()) {
        if (!world_.is_up(peer.id) || peer.standing == Standing::joining) return false;
        const auto& theirs = world_.member(peer.id).state();
        const bool follows = theirs.leader == leader && theirs.hard.term == state.hard.term;
        // The clients go on, so the followers may be a few entries behind.
        if (!follows || theirs.log.committed() + 30 < state.log.committed()) return false;
    }
    // Whoever was removed has been told.
    return std::ranges::all_of(world_.nodes(), [&](const auto& at) {
        return !at.second.member || state.members().contains(at.first);
    });
}

/// The clients stop; then all members are equal, and every word that was given was kept.
void Storm::finish() {
    world_.run_for(milliseconds(1000));
    const NodeId leader = world_.leader();
    const Index last = world_.member(leader).state().log.last();
    const auto& items = world_.node(leader).value.items();
    for (const auto& [id, node] : world_.nodes()) {
        if (!node.member) continue;
        const auto& log = node.member->state().log;
        const bool equal = log.last() == last && log.committed() == last &&
                           node.value == world_.node(leader).value;
        if (!equal) wrong("not equal at the end: " + to_string(id));
    }
    const std::set<std::string> kept(items.begin(), items.end());
    for (const auto& command : acknowledged_) {
        if (!kept.contains(command)) wrong("acknowledged and lost: " + command);
    }
    for (const auto& item : items) {
        if (!submitted_.contains(item)) wrong("never submitted: " + item);
    }
    for (const auto& [id, request] : world_.requests()) {
        const bool open =
            request.state == Request::State::waits || request.state == Request::State::accepted;
        if (open && world_.is_up(request.at)) {
            wrong("never answered: request " + std::to_string(id));
        }
    }
    if (acknowledged_.size() < 5) wrong("hardly anything was acknowledged");
    look();
}

std::uint64_t Storm::digest() const {
    std::uint64_t sum = world_.now().time_since_epoch().count() > 0 ? 1 : 0;
    for (const auto& [id, node] : world_.nodes()) {
        if (!node.member) continue;
        const std::uint64_t parts[] = {sum, id.value, node.member->digest(), node.value.digest()};
        sum = core::checksum(std::as_bytes(std::span(parts)));
    }
    return sum;
}

}  // namespace rafted::test
