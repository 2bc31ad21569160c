// Several real Hosts in one thread over virtual time: simulated network, disks and workers below
// (host_node.hpp), the real client with its one retry policy and typed handles above. Everything
// that happens is asked for by the test or drawn from one seed.
//   1. A crash keeps what was synced and loses what was not; a memory-only node never comes back.
//   2. A client may be anywhere: cut() and isolate() part nodes, not clients, from each other.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/caller.hpp"
#include "rafted/group.hpp"
#include "rafted/typed.hpp"
#include "support/host_node.hpp"

namespace rafted::test {

struct HostClusterOptions {
    std::uint64_t seed = 1;
    bool durable = true;
    unsigned drop = 0;       ///< Messages between nodes lost, per mille.
    unsigned duplicate = 0;  ///< Delivered twice, per mille.
    Pace pace{};
};

class HostCluster {
public:
    using Factory = value::Applier::MachineFactory;

    explicit HostCluster(const HostClusterOptions& options);
    ~HostCluster();

    // Nodes.
    NodeId start_node();
    /// The power goes: un-synced bytes are lost, sector by sector.
    void crash(NodeId id);
    /// The node starts again, elsewhere if asked, and opens the groups it had. requires: durable.
    void restart(NodeId id, bool at_new_address = false);
    bool is_up(NodeId id) const { return places_.at(id).node != nullptr; }
    HostNode& node(NodeId id) { return *places_.at(id).node; }
    const std::string& address(NodeId id) const { return places_.at(id).address; }
    MemoryFiles& files(NodeId id) { return places_.at(id).disk->files; }
    std::vector<NodeId> nodes() const;

    // The network. Both directions.
    void cut(NodeId one, NodeId other);
    void isolate(NodeId id);
    void heal() { cut_.clear(); }
    /// Bytes of snapshots and log would be too much to say; how many messages were carried.
    std::uint64_t carried() const { return carried_; }

    // Groups.
    void create(NodeId id, const std::string& group, Factory factory, const GroupConfig& config);
    /// Adds the node and waits until it is a full member.
    void join(NodeId id, const std::string& group, Factory factory);
    /// The node starts again and goes on alone (D8). requires: it is down, and had the group.
    void recover(NodeId id, const std::string& group);
    /// As one node sees it, now.
    Status status(NodeId id, const std::string& group);
    Metrics metrics(NodeId id);
    /// Of the highest term among those that are up; zero if there is none.
    NodeId leader(const std::string& group);
    /// Lets time pass until there is a leader that is not `other_than`.
    NodeId wait_for_leader(const std::string& group, NodeId other_than = {});
    void move_lead(const std::string& group, NodeId to);

    // Clients.
    /// A handle that knows all nodes of now.
    std::shared_ptr<Caller> caller(const std::string& group);
    template <class D>
    Group<D> group(const std::string& name) {
        return Group<D>(caller(name));
    }
    /// One request to one node, without any retry; time passes until it is answered.
    Result<Bytes> ask(NodeId id, ports::ClientRequest request);
    /// Lets time pass until the answer is there.
    template <class R>
    Result<R> await(Pending<R> pending) {
        run_until([&pending] { return pending.is_ready(); });
        return pending.get();
    }

    // Time.
    core::Time now() const { return world_.loop.now(); }
    void run_for(core::Duration time);
    /// Lets time pass until it holds; false if it does not within the time.
    bool run_until(const std::function<bool()>& holds,
                   core::Duration longest = std::chrono::minutes(2));
    core::Random& random() { return world_.random; }
    const std::vector<std::string>& log() const { return world_.log; }

private:
    class Channel;
    struct Home {
        std::string group;
        Factory factory;
        GroupConfig config;
    };
    struct Place {
        std::string address;
        std::unique_ptr<NodeDisk> disk;
        std::unique_ptr<HostNode> node;
        std::vector<Home> homes;
    };

    void carry(const std::string& from, const std::string& to, ports::Envelope envelope);
    HostNode* at(const std::string& address);
    void boot(NodeId id, Place& place, const std::string& but = {});
    std::string fresh_address();
    void must(bool holds, const std::string& what) const;

    HostClusterOptions options_;
    World world_;
    std::map<NodeId, Place> places_;
    std::set<std::pair<NodeId, NodeId>> cut_;
    std::unique_ptr<Channel> channel_;
    std::vector<std::shared_ptr<client::GroupCaller>> callers_;
    std::uint64_t addresses_ = 0;
    std::uint64_t carried_ = 0;
};

}  // namespace rafted::test
