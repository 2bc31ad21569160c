// Nodes in the test's own process, over real sockets on loopback or a LocalNetwork: what the public
// API promises, without the cost of processes. A node here ends politely; for death see
// live_cluster.hpp.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "live/live_cluster.hpp"

namespace rafted::test {

inline GroupConfig quick_config() {
    GroupConfig config;
    config.heartbeat_interval = milliseconds(40);
    config.election_timeout = milliseconds(200);
    config.clock_drift_margin = milliseconds(40);
    return config;
}

class LocalNodes {
public:
    static constexpr auto name = "queue";

    /// All are voters when this returns; the first one leads. `dir`: durable, one folder each.
    explicit LocalNodes(std::size_t count, const GroupConfig& config = quick_config(),
                        std::string dir = {}, std::shared_ptr<LocalNetwork> network = {})
        : dir_(std::move(dir)), network_(std::move(network)) {
        for (std::size_t i = 0; i < count; ++i) {
            if (!open()) return;
            auto group = i == 0 ? node(0).create_group<Queue>(name, config)
                                : node(i).join_group<Queue>(name, {node(0).address()});
            if (!group) {
                ADD_FAILURE() << "node " << i << ": " << to_string(group.error());
                return;
            }
            groups_.push_back(std::move(*group));
        }
    }

    /// One more node that hosts nothing yet.
    bool open() {
        NodeConfig config;
        config.local_network = network_;
        if (!dir_.empty()) config.dir = dir_ + "/local" + std::to_string(nodes_.size());
        auto opened = Node::open(std::move(config));
        EXPECT_TRUE(opened) << to_string(opened.error());
        if (opened) nodes_.push_back(std::make_unique<Node>(std::move(*opened)));
        return opened.has_value();
    }

    std::size_t size() const { return nodes_.size(); }
    Node& node(std::size_t i) { return *nodes_.at(i); }
    /// The handle that node i got.
    const Group<Queue>& at(std::size_t i) const { return groups_.at(i); }
    Status status(std::size_t i) const { return at(i).status().value_or(Status{}); }

    std::optional<std::size_t> leader(Term above = Term()) const {
        std::optional<std::size_t> found;
        (void)eventually(std::chrono::seconds(20), [&] {
            for (std::size_t i = 0; i < groups_.size() && !found; ++i) {
                const auto said = at(i).status();
                const bool leads = said && said->role == Role::leader &&
                                   said->from == nodes_[i]->id() && said->current_term > above;
                if (leads) found = i;
            }
            return found.has_value();
        });
        return found;
    }

private:
    std::string dir_;
    std::shared_ptr<LocalNetwork> network_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<Group<Queue>> groups_;
};

/// Again while another change is not committed yet, as a user would.
template <class F>
Result<void> when_free(F ask) {
    Result<void> answer;
    (void)eventually(std::chrono::seconds(10), [&] {
        answer = ask();
        return answer || answer.error().code != ErrorCode::change_in_progress;
    });
    return answer;
}

/// The error's code, for short expectations.
template <class R>
std::string code_of(const Result<R>& result) {
    return result ? "no error" : std::string(name_of(result.error().code));
}

}  // namespace rafted::test
