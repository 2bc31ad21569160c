// A simulated world (sim/world.hpp) with verbs that wait: each lets time pass until it is done.
// Everything that happens is asked for by the test or drawn from one seed.
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
#include "sim/world.hpp"

namespace rafted::test {

struct HostClusterOptions {
    std::uint64_t seed = 1;
    bool durable = true;
    unsigned drop = 0;                ///< Messages between nodes lost, per mille.
    unsigned duplicate = 0;           ///< Delivered twice, per mille.
    std::uint64_t most_send = 2'000;  ///< A message takes up to this many microseconds.
    sim::Pace pace{};
    host::ScrubPace scrub{};
    core::Duration quiesce_after{};
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
    /// The same, but one of its groups is found on its disk and not opened.
    void restart_without(NodeId id, const std::string& group);
    bool is_up(NodeId id) const { return world_.is_up(id); }
    sim::Process& node(NodeId id) { return world_.process(id); }
    const std::string& address(NodeId id) const { return world_.address(id); }
    sim::SimFiles& files(NodeId id) { return world_.files(id); }
    std::vector<NodeId> nodes() const { return world_.nodes(); }

    // The network. Both directions, if not said otherwise.
    void cut(NodeId one, NodeId other) { world_.network().cut(one, other); }
    void cut_one_way(NodeId from, NodeId to) { world_.network().cut_one_way(from, to); }
    void isolate(NodeId id);
    void heal() { world_.network().mend_all(); }
    /// How many messages between nodes were sent.
    std::uint64_t carried() const { return world_.carried(); }

    // Groups.
    void create(NodeId id, const std::string& group, Factory factory, const GroupConfig& config);
    /// Adds the node and waits until it is a full member.
    void join(NodeId id, const std::string& group, Factory factory);
    /// Returns when the removal is committed; the node may learn of it later.
    void remove(NodeId id, const std::string& group);
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
    std::shared_ptr<Caller> caller(const std::string& group) { return world_.caller(group); }
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
    core::Time now() const { return world_.now(); }
    void run_for(core::Duration time) { world_.run_for(time); }
    /// Lets time pass until it holds; false if it does not within the time.
    bool run_until(const std::function<bool()>& holds,
                   core::Duration longest = std::chrono::minutes(2)) {
        return world_.run_until(holds, longest);
    }
    core::Random& random() { return random_; }
    const std::vector<std::string>& log() const { return lines_.log_lines; }
    /// Called after every step of a member.
    void watch(std::function<void(const host::Stepped&)> watch) { lines_.watch = std::move(watch); }

private:
    struct Lines final : sim::Witness {
        void log(const std::string& line) override { log_lines.push_back(line); }
        void stepped(const host::Stepped& step) override {
            if (watch) watch(step);
        }
        std::function<void(const host::Stepped&)> watch;
        std::vector<std::string> log_lines;
    };

    void must(bool holds, const std::string& what) const;

    HostClusterOptions options_;
    core::Random random_;
    Lines lines_;
    sim::World world_;
};

}  // namespace rafted::test
