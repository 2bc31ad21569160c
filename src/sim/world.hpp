// The simulated world: nodes with their disks and processes, the network between them, and clients
// that are places of their own. It does what it is told; what happens when is decided above
// (nemesis.hpp, or a test).
//   1. One thread, one queue of events; true time stands still while an event runs.
//   2. A node id belongs to one disk for ever: a wiped disk comes back as a new node.
//   3. Crashing, killing and destroying take effect between two events, never within one; a power
//      cut within a write is a fault of the files (SimFiles::Faults::stop_after).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "rafted/caller.hpp"
#include "sim/network.hpp"
#include "sim/process.hpp"

namespace rafted::sim {

class ClientChannel;

struct WorldOptions {
    std::uint64_t seed = 1;
    bool durable = true;
    Pace pace{};
    Weather weather{};
    disk::JournalOptions journal{};
    std::uint64_t max_waiting_requests = 100'000;
    host::ScrubPace scrub{};         ///< Of every node; by default nothing is read back.
    core::Duration quiesce_after{};  ///< Of every node; by default heartbeats always go.
};

/// A build of Rafted that nodes may run; they are mixed while a cluster is upgraded.
struct Release {
    std::string name;
    std::function<Result<std::unique_ptr<Process>>(Surroundings, Process::Start)> start;
};
/// Oldest first; the last is this one.
std::vector<Release> releases();

/// A group that a node has, and opens again when it starts again.
struct Home {
    std::string group;
    value::Applier::MachineFactory factory;
    GroupConfig config;
};

class World {
public:
    explicit World(const WorldOptions& options, Witness* witness = nullptr);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    EventLoop& loop() { return loop_; }
    Network& network() { return network_; }
    core::Time now() const { return loop_.now(); }

    // Nodes.
    /// A new node on a new disk, with a process.
    NodeId start_node();
    /// The power goes: of un-synced bytes and names is left what `loss` says.
    void crash(NodeId id, SimFiles::Loss loss = SimFiles::Loss::any_sector);
    /// Only the process dies: what it wrote is there, synced or not.
    void kill(NodeId id);
    /// Node and disk are gone for good.
    void destroy(NodeId id);
    /// The node starts again, elsewhere if asked, and opens the groups it had, all but one. Fails
    /// as the storage does (corrupt, disk_failed...): then it stays down. requires: down, durable.
    Result<void> restart(NodeId id, bool at_new_address = false, const std::string& but = {});
    /// From its next start on the node runs this release.
    void set_release(NodeId id, std::size_t release) { places_.at(id).release = release; }

    std::vector<NodeId> nodes() const;
    bool exists(NodeId id) const { return places_.contains(id); }
    bool is_up(NodeId id) const;
    /// requires: up.
    Process& process(NodeId id) { return *places_.at(id).process; }
    const std::string& address(NodeId id) const { return places_.at(id).address; }
    SimFiles& files(NodeId id) { return places_.at(id).disk->files; }
    std::vector<Home>& homes(NodeId id) { return places_.at(id).homes; }
    /// The process that is to be found there now, if any.
    Process* at(const std::string& address);

    // Clients.
    /// A handle's engine, at a place of its own, that knows the addresses of all nodes of now.
    std::shared_ptr<Caller> caller(const std::string& group);
    /// One attempt from a place of its own, without any retry.
    void ask(const std::string& address, ports::ClientRequest request, ports::Reply reply);

    /// Every client is told, and every process ends. Nothing happens after it.
    void shut_down();

    // Time.
    void run_for(core::Duration time);
    /// Lets time pass until it holds; false if it does not within the time.
    bool run_until(const std::function<bool()>& holds, core::Duration longest);

    /// Messages between nodes so far.
    std::uint64_t carried() const { return carried_; }
    /// Told of every message between nodes, with its fate.
    std::function<void(const core::Message&, const Network::Fate&)> on_carried{};
    /// A node has restarted, and the group it had been about to join was not on its disk yet.
    std::function<void(NodeId)> on_homeless{};

private:
    struct Place {
        std::string address;
        std::unique_ptr<NodeDisk> disk;
        std::unique_ptr<Process> process;
        std::vector<Home> homes;
        unsigned starts = 0;
        std::size_t release = 0;
    };

    Result<void> boot(NodeId id, Place& place, const std::string& but);
    void forget_home(NodeId id, const std::string& group, const Error& why);
    void carry(const std::string& from, const std::string& to, ports::Envelope envelope);
    void carry_beat(NodeId from, NodeId to, const std::string& there, const ports::Beat& beat);
    void announce(NodeId from, NodeId to, const std::string& at);
    void down(Place& place);
    std::string fresh_address();

    WorldOptions options_;
    Witness* witness_;
    std::vector<Release> releases_ = releases();
    EventLoop loop_;
    Network network_;
    std::map<NodeId, Place> places_;
    std::vector<std::unique_ptr<ClientChannel>> channels_;
    std::vector<std::shared_ptr<Caller>> callers_;
    std::uint64_t last_node_ = 0;
    std::uint64_t addresses_ = 0;
    std::uint64_t carried_ = 0;
};

}  // namespace rafted::sim
