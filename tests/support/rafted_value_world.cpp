// How the world carries out each event, and how it tells the onlooker what the model did.
#include "support/rafted_value_world.hpp"

#include <algorithm>
#include <utility>

namespace rafted::test {
namespace {

constexpr std::int64_t million = 1'000'000;
constexpr GroupId the_group{1};

core::Peer peer_of(NodeId id) {
    return {.id = id, .address = "server-" + std::to_string(id.value)};
}

}  // namespace

ReferenceWorld::ReferenceWorld(const Plan& plan)
    : plan_(plan),
      random_(plan.seed),
      onlooker_(now_, sim::all_checks(),
                [this](const sim::Violation& one) { violations_.push_back(one); }) {
    std::vector<core::Peer> founders;
    for (std::uint64_t id = 1; id <= plan.servers; ++id) founders.push_back(peer_of(NodeId(id)));
    for (const auto& one : founders) born(one.id, core::Members(founders));
}

void ReferenceWorld::born(NodeId id, const std::optional<core::Members>& founders) {
    ReferenceServer::Birth birth{.id = id, .config = plan_.config};
    birth.seed = random_.next();
    birth.now = now_;
    birth.founders = founders;
    Node& node = nodes_.emplace(id, Node(birth)).first->second;
    const auto turn = node.server.take_turn();
    sim::StartReport report;
    report.node = id;
    report.group = the_group;
    report.is_durable = false;
    report.entries = turn.stored;
    report.members = node.server.members();
    report.members_at = node.server.members_at();
    node.last_told = node.server.last();
    node.members_told = node.server.members();
    onlooker_.started(report);
}

// Time.

core::Time ReferenceWorld::local(const Node& node) const {
    const std::int64_t passed = now_.time_since_epoch().count();
    return core::Time(core::Duration(passed + passed * node.drift / million));
}

core::Time ReferenceWorld::wake_at(NodeId id) const {
    const Node& node = nodes_.at(id);
    const core::Time at = node.server.wake_at();
    if (!node.is_up || at == core::never) return core::never;
    const std::int64_t local = at.time_since_epoch().count();
    const std::int64_t true_time = local * million / (million + node.drift) + 1;
    return core::Time(core::Duration(true_time));
}

void ReferenceWorld::pass(core::Duration time) {
    now_ += time;
    tell_leases();
}

// Events at servers.

std::vector<NodeId> ReferenceWorld::alive() const {
    std::vector<NodeId> ids;
    for (const auto& [id, node] : nodes_) {
        if (node.is_up) ids.push_back(id);
    }
    return ids;
}

ReferenceWorld::Node* ReferenceWorld::alive(NodeId id) {
    const auto found = nodes_.find(id);
    return found != nodes_.end() && found->second.is_up ? &found->second : nullptr;
}

void ReferenceWorld::event(NodeId id,
                           const std::function<void(ReferenceServer&, core::Time)>& happens) {
    Node* node = alive(id);
    if (node == nullptr) return;
    tell_leases();
    happens(node->server, local(*node));
    tell(*node, node->server.take_turn());
    node->server.compact();  // seen with its next step
}

void ReferenceWorld::wake(NodeId id) {
    event(id, [](ReferenceServer& server, core::Time at) { server.wake(at); });
}

void ReferenceWorld::election_timeout(NodeId id) {
    event(id, [](ReferenceServer& server, core::Time at) { server.election_timeout(at); });
}

void ReferenceWorld::heartbeat(NodeId id) {
    event(id, [](ReferenceServer& server, core::Time at) { server.heartbeat(at); });
}

void ReferenceWorld::crash(NodeId id) {
    Node* node = alive(id);
    if (node == nullptr) return;
    node->is_up = false;
    onlooker_.destroyed(id);
}

void ReferenceWorld::start(NodeId id) { born(id, std::nullopt); }

std::optional<ErrorCode> ReferenceWorld::add(NodeId leader, NodeId newcomer) {
    std::optional<ErrorCode> refusal = ErrorCode::unreachable;
    event(leader, [&](ReferenceServer& server, core::Time at) {
        refusal = server.add(at, peer_of(newcomer));
    });
    return refusal;
}

std::optional<ErrorCode> ReferenceWorld::remove(NodeId leader, NodeId member) {
    std::optional<ErrorCode> refusal = ErrorCode::unreachable;
    event(leader,
          [&](ReferenceServer& server, core::Time at) { refusal = server.remove(at, member); });
    return refusal;
}

// Clients.

std::uint64_t ReferenceWorld::call(sim::CallKind kind) {
    open_.emplace(++operations_, kind);
    onlooker_.called(
        {.operation = operations_, .client = unsigned(operations_), .kind = kind, .at = now_});
    return operations_;
}

bool ReferenceWorld::ask(NodeId id, std::uint64_t operation) {
    const auto found = open_.find(operation);
    if (found == open_.end()) return false;
    const bool is_query = found->second == sim::CallKind::query;
    bool is_taken = false;
    event(id, [&](ReferenceServer& server, core::Time at) {
        is_taken = is_query ? server.query(at, operation) : server.command(at, operation);
    });
    return is_taken;
}

std::uint64_t ReferenceWorld::command(NodeId id) {
    const auto operation = call(sim::CallKind::command);
    ask(id, operation);
    return operation;
}

std::uint64_t ReferenceWorld::query(NodeId id) {
    const auto operation = call(sim::CallKind::query);
    ask(id, operation);
    return operation;
}

void ReferenceWorld::give_up() {
    for (const auto& [operation, kind] : std::exchange(open_, {})) {
        sim::Replied fact{.operation = operation, .outcome = sim::Outcome::unknown};
        fact.at = now_;
        onlooker_.replied(fact);
    }
}

// Messages.

bool ReferenceWorld::is_cut(const core::Message& message) const {
    return island_.contains(message.from) != island_.contains(message.to);
}

void ReferenceWorld::cut_off(std::set<NodeId> island) {
    island_ = std::move(island);
    lose([this](const core::Message& message) { return is_cut(message); });
}

void ReferenceWorld::deliver_one(const core::Message& message) {
    event(message.to, [&](ReferenceServer& server, core::Time at) { server.receive(at, message); });
}

std::vector<core::Message> ReferenceWorld::take(const Pick& pick) {
    std::vector<core::Message> taken;
    std::vector<core::Message> left;
    for (auto& one : under_way_) (pick(one) ? taken : left).push_back(std::move(one));
    under_way_ = std::move(left);
    return taken;
}

void ReferenceWorld::lose(const Pick& pick) { (void)take(pick); }

void ReferenceWorld::deliver(const Pick& pick) {
    for (const auto& one : take(pick)) deliver_one(one);
}

void ReferenceWorld::settle() {
    constexpr unsigned most_rounds = 1000;
    for (unsigned round = 0; round < most_rounds && !under_way_.empty(); ++round) {
        deliver([](const core::Message&) { return true; });
    }
}

// Telling.

std::vector<std::string> ReferenceWorld::reported() const {
    std::vector<std::string> names;
    for (const auto& one : violations_) {
        if (std::ranges::find(names, one.check) == names.end()) names.push_back(one.check);
    }
    return names;
}

/// A lease ends by time alone; nobody else tells.
void ReferenceWorld::tell_leases() {
    for (auto& [id, node] : nodes_) {
        if (!node.is_up) continue;
        if (node.server.has_read_lease(local(node)) != node.lease_told) tell_step(node, {});
    }
}

void ReferenceWorld::tell_step(Node& node, const ReferenceTurn& turn) {
    const ReferenceServer& server = node.server;
    sim::StepReport report;
    report.node = server.id();
    report.hard = server.hard();
    report.role = server.role();
    report.restored = turn.restored;
    if (turn.changed_from && *turn.changed_from <= node.last_told) {
        report.truncated_from = turn.changed_from;
    }
    report.appended = turn.stored;
    report.first = server.first();
    report.snapshot = server.snapshot();
    report.applied = report.commit = server.commit();
    if (server.members() != node.members_told) report.members = server.members();
    report.members_at = server.members_at();
    report.is_changing = server.is_changing();
    report.has_lease = server.has_read_lease(local(node));
    report.log_bytes = server.log_bytes();
    node.lease_told = report.has_lease;
    node.last_told = server.last();
    node.members_told = server.members();
    onlooker_.stepped(report);
}

void ReferenceWorld::tell(Node& node, const ReferenceTurn& turn) {
    tell_step(node, turn);
    for (const auto& one : turn.snapshots) {
        onlooker_.snapshotted({node.server.id(), one.meta, one.digest});
    }
    for (const auto& one : turn.messages) {
        onlooker_.sent(node.server.id(), one);
        if (!is_cut(one)) under_way_.push_back(one);
    }
    for (const auto& one : turn.applied) onlooker_.applied(one);
    for (const auto& one : turn.queried) onlooker_.queried(one);
    for (const auto& one : turn.answers) {
        if (open_.erase(one.operation) == 0) continue;
        onlooker_.replied({one.operation, sim::Outcome::ok, one.result, now_});
    }
}

}  // namespace rafted::test
