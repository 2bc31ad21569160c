// A value whose hooks write down everything they are told, for all nodes of a world in one list.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/host_cluster.hpp"

namespace rafted::test {

using sim::LaneKind;

struct Add {
    std::int64_t by = 0;
};
struct Sum {};

/// A total that grows.
struct Tally {
    using Command = Add;
    using Query = Sum;
    std::int64_t total = 0;

    std::int64_t command(const Add& add) { return total += add.by; }
    std::int64_t query(const Sum&) const { return total; }
};

/// One call of a hook.
struct Fired {
    NodeId node;
    std::string what;
    HookContext context;
    core::Time at{};
    std::int64_t before = 0;
    std::int64_t after = 0;  ///< Or the value as it was.
    std::int64_t by = 0;
    std::int64_t result = 0;
    HookMember member{};
};

/// What all hooks of a world share.
struct Watch {
    const HostCluster* world = nullptr;
    std::vector<Fired> fired;
    std::function<void(const Fired&)> then;  ///< What a hook does besides; it may throw.

    void note(Fired call) {
        call.at = world->now();
        fired.push_back(call);
        if (then) then(call);
    }
    std::vector<Fired> of(const std::string& what, NodeId node = {}) const {
        std::vector<Fired> some;
        for (const Fired& call : fired) {
            if (call.what == what && (!node || call.node == node)) some.push_back(call);
        }
        return some;
    }
    /// "node:what" in the order in which they ran.
    std::vector<std::string> story() const {
        std::vector<std::string> all;
        for (const Fired& call : fired) {
            all.push_back(std::to_string(call.node.value) + ":" + call.what);
        }
        return all;
    }
};

class WatchedHooks : public LeaderHooks<Tally> {
public:
    WatchedHooks(Watch& watch, NodeId node) : watch_(watch), node_(node) {}

    void on_command_committed(const HookContext& context, const Add& add,
                              const std::int64_t& result, const Tally& after) {
        const std::int64_t before = after.total - add.by;
        watch_.note({node_, "command", context, {}, before, after.total, add.by, result, {}});
    }
    void on_query_answered(const HookContext& context, const Tally& value, const Sum&,
                           const std::int64_t& result) {
        watch_.note({node_, "query", context, {}, 0, value.total, 0, result, {}});
    }
    void on_follower_added(const HookContext& context, const Tally& value,
                           const HookMember& member) {
        watch_.note({node_, "added", context, {}, 0, value.total, 0, 0, member});
    }
    void on_follower_removed(const HookContext& context, const Tally& value,
                             const HookMember& member) {
        watch_.note({node_, "removed", context, {}, 0, value.total, 0, 0, member});
    }
    void on_elected(const HookContext& context, const Tally& value) {
        watch_.note({node_, "elected", context, {}, 0, value.total, 0, 0, {}});
    }
    void on_restored_from_files(const HookContext& context, const Tally& value) {
        watch_.note({node_, "restored", context, {}, 0, value.total, 0, 0, {}});
    }

private:
    Watch& watch_;
    NodeId node_;
};

/// A world with one watched group, "tally", on some nodes.
class HookWorld : public HostCluster {
public:
    HookWorld(const HostClusterOptions& options, unsigned members, const GroupConfig& config)
        : HostCluster(options) {
        watch.world = this;
        const NodeId first = start_node();
        create(first, "tally", factory(first), config);
        for (unsigned i = 1; i < members; ++i) {
            const NodeId next = start_node();
            join(next, "tally", factory(next));
        }
        run_for(std::chrono::seconds(1));
    }

    Factory factory(NodeId node) {
        auto hooks = std::make_shared<WatchedHooks>(watch, node);
        return [hooks] { return std::make_unique<Typed<Tally, WatchedHooks>>(hooks); };
    }
    Result<std::int64_t> add(std::int64_t by, const CallOptions& options = {}) {
        return await(tally().start_command(Add{by}, options));
    }
    Result<std::int64_t> sum() { return await(tally().start_query(Sum{})); }
    Group<Tally>& tally() {
        if (!tally_) tally_.emplace(caller("tally"));
        return *tally_;
    }
    NodeId leader() { return HostCluster::leader("tally"); }
    Status status(NodeId id) { return HostCluster::status(id, "tally"); }
    /// A node that is up and does not lead.
    NodeId follower() {
        const NodeId leads = leader();
        for (const NodeId id : nodes()) {
            if (id != leads && is_up(id)) return id;
        }
        return {};
    }

    Watch watch;

private:
    std::optional<Group<Tally>> tally_;
};

/// Quick elections, so that simulated hours cost little; the lease is off.
inline GroupConfig quick_config() {
    GroupConfig config;
    config.heartbeat_interval = std::chrono::milliseconds(50);
    config.election_timeout = std::chrono::milliseconds(300);
    return config;
}
inline GroupConfig leased_config() {
    GroupConfig config = quick_config();
    config.clock_drift_margin = std::chrono::milliseconds(20);
    return config;
}

}  // namespace rafted::test
