// A simulated world with one plain group of tallies and no hooks at all.
#pragma once

#include <chrono>
#include <optional>

#include "support/hook_watch.hpp"

namespace rafted::test {

class PlainWorld : public HostCluster {
public:
    PlainWorld(const HostClusterOptions& options, unsigned members, const GroupConfig& config)
        : HostCluster(options) {
        const auto factory = [] { return std::make_unique<Typed<Tally>>(); };
        create(start_node(), "tally", factory, config);
        for (unsigned i = 1; i < members; ++i) join(start_node(), "tally", factory);
        run_for(std::chrono::seconds(1));
        tally.emplace(caller("tally"));
    }
    NodeId leader() { return HostCluster::leader("tally"); }
    Status status(NodeId id) { return HostCluster::status(id, "tally"); }
    Result<std::int64_t> add(std::int64_t by,
                             std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
        return await(tally->start_command(Add{by}, {.timeout = timeout, .id = {}}));
    }
    Result<std::int64_t> sum(std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
        return await(tally->start_query(Sum{}, {.timeout = timeout, .id = {}}));
    }
    std::vector<NodeId> followers() {
        auto all = nodes();
        std::erase(all, leader());
        std::erase_if(all, [this](NodeId id) { return !is_up(id); });
        return all;
    }

    std::optional<Group<Tally>> tally;
};

}  // namespace rafted::test
