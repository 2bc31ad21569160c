// A storm: random operations, faults and retrying clients over one group of cores, drawn from one
// seed, in simulated time; then calm weather, in which the group must heal and agree.
//   1. Equal plans give equal runs, to the last digest.
//   2. In a memory-only storm a killed node never comes back: a new one takes its place.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/core_cluster.hpp"

namespace rafted::test {

struct StormPlan {
    std::uint64_t seed = 1;
    bool durable = true;
    bool netsplits = false;  ///< Behaviour 30 instead of 29.
    unsigned rounds = 50;
};

class Storm {
public:
    explicit Storm(const StormPlan& plan);
    /// Runs to the end or to the first thing that is wrong; returns what is wrong.
    std::vector<std::string> run();
    /// Over everything that every member has become.
    std::uint64_t digest() const;
    std::size_t acknowledged() const { return acknowledged_.size(); }

private:
    struct Client {
        std::string name;
        unsigned sent = 0;
        core::RequestId waits_for = 0;
        core::Time since{};
        std::string command;
        NodeId next_try;
    };
    struct Newcomer {
        NodeId id;
        core::RequestId request = 0;
    };

    std::uint64_t up_to(std::uint64_t n) { return random_.one_to(n); }
    bool chance(unsigned percent) { return up_to(100) <= percent; }
    NodeId any_node();
    NodeId any_member_but(NodeId leader);
    NodeId fresh_id();
    void dress(NodeId id);
    void blow();
    void pass(core::Duration time);
    void act();
    void add();
    void remove();
    void transfer();
    void kill();
    void reconfigure();
    void bring_back();
    void replace_dead();
    void start_newcomers();
    void bury_removed();
    bool is_listed(NodeId leader, NodeId id) const;
    bool knows_a_member(const Node& node, NodeId leader) const;
    void serve(Client& client);
    void next_try(Client& client);
    void read_everywhere();
    void split();
    void calm();
    bool has_settled();
    void look();
    void finish();
    void wrong(const std::string& text) { wrongs_.push_back(text); }

    StormPlan plan_;
    core::Random random_;
    CoreCluster world_;
    std::vector<Client> clients_;
    std::vector<Newcomer> newcomers_;
    std::map<NodeId, core::Time> down_until_;
    std::set<std::string> acknowledged_;
    std::set<std::string> submitted_;
    std::uint64_t last_id_ = 0;
    bool is_calm_ = false;
    std::vector<std::string> wrongs_;
};

}  // namespace rafted::test
