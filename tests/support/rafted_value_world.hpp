// A small world for the model of RaftedValue: servers with clocks of their own, messages under way,
// clients; and the onlooker with all checkers, to which it tells what happens.
//   1. Nothing happens by itself: each function is one event, at the true time now().
//   2. A message stays under way until it is delivered, lost or taken.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/onlooker.hpp"
#include "support/rafted_value_model.hpp"

namespace rafted::test {

class ReferenceWorld {
public:
    struct Plan {
        unsigned servers = 3;  ///< Of ids 1, 2, ...
        ReferenceConfig config{};
        std::uint64_t seed = 1;
    };
    using Pick = std::function<bool(const core::Message&)>;

    explicit ReferenceWorld(const Plan& plan);

    core::Time now() const { return now_; }
    void pass(core::Duration time);
    /// Its clock goes faster by so many millionths; to be set before time passes.
    void set_drift(NodeId id, std::int64_t millionths) { nodes_.at(id).drift = millionths; }

    // Of servers.
    const ReferenceServer& server(NodeId id) const { return nodes_.at(id).server; }
    std::vector<NodeId> alive() const;
    /// True time at which it wants wake().
    core::Time wake_at(NodeId id) const;
    void wake(NodeId id);
    void election_timeout(NodeId id);
    void heartbeat(NodeId id);
    void crash(NodeId id);
    /// A new process that waits to be added.
    void start(NodeId id);
    std::optional<ErrorCode> add(NodeId leader, NodeId newcomer);
    std::optional<ErrorCode> remove(NodeId leader, NodeId member);

    // Of clients.
    std::uint64_t call(sim::CallKind kind);
    /// Sends a called operation to a server; false if that does not lead.
    bool ask(NodeId id, std::uint64_t operation);
    std::uint64_t command(NodeId id);
    std::uint64_t query(NodeId id);
    bool is_answered(std::uint64_t operation) const { return !open_.contains(operation); }
    /// Every operation that has no answer yet is told to be of unknown outcome.
    void give_up();

    // Of messages.
    /// Messages between these and all others are lost, also those under way. Empty: none are.
    void cut_off(std::set<NodeId> island);
    bool is_cut(const core::Message& message) const;
    void deliver_one(const core::Message& message);
    /// Delivers what is under way and picked, not what follows from it.
    void deliver(const Pick& pick);
    /// Delivers until nothing is under way.
    void settle();
    void lose(const Pick& pick);
    std::vector<core::Message> take(const Pick& pick);

    const std::vector<sim::Violation>& violations() const { return violations_; }
    /// The names of the checks that reported, each once, the first first.
    std::vector<std::string> reported() const;
    sim::Onlooker& onlooker() { return onlooker_; }

private:
    struct Node {
        explicit Node(const ReferenceServer::Birth& birth) : server(birth) {}
        ReferenceServer server;
        std::int64_t drift = 0;
        bool is_up = true;
        Index last_told;
        core::Members members_told;
        bool lease_told = false;
    };

    core::Time local(const Node& node) const;
    Node* alive(NodeId id);
    void born(NodeId id, const std::optional<core::Members>& founders);
    void event(NodeId id, const std::function<void(ReferenceServer&, core::Time)>& happens);
    void tell_leases();
    void tell_step(Node& node, const ReferenceTurn& turn);
    void tell(Node& node, const ReferenceTurn& turn);

    Plan plan_;
    core::Random random_;
    core::Time now_{};
    std::vector<sim::Violation> violations_;
    sim::Onlooker onlooker_;
    std::map<NodeId, Node> nodes_;
    std::vector<core::Message> under_way_;
    std::set<NodeId> island_;
    std::uint64_t operations_ = 0;
    std::map<std::uint64_t, sim::CallKind> open_;
};

}  // namespace rafted::test
