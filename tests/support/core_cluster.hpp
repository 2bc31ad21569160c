// A small deterministic world for cores alone: members, a clock, messages in flight, a disk each
// and a trivial value (a list of commands). No thread, no real time, no real disk: everything that
// happens is asked for by the test or drawn from one seed.
//   1. Effects are performed in field order; what waits for the disk goes out when that write and
//      all earlier ones of the member are durable, and when_durable comes back after it.
//   2. A crash keeps exactly what was durable.
//   3. After every step Member::check and check_step run, and the History is told.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/member.hpp"
#include "support/core_history.hpp"
#include "support/core_value.hpp"

namespace rafted::test {

/// A message on its way; in manual mode it waits until it is delivered by hand.
struct Flying {
    std::uint64_t id = 0;
    core::Message message;
    core::Time due = core::never;
};

/// How messages travel when nobody delivers them by hand. Chances are per mille.
struct Network {
    bool automatic = false;
    core::Duration least{};
    core::Duration most{};
    unsigned drop = 0;
    unsigned duplicate = 0;
};

/// One write on its way to a member's disk, with what may be said once it is there.
struct PendingWrite {
    core::Effects effects;  ///< Only the written part, when_durable and send_after_write.
    core::Time due{};
};

/// What is left after a crash.
struct Disk {
    core::HardState hard;
    std::vector<core::Entry> entries;
    std::optional<core::SnapshotMeta> snapshot;
    Bytes snapshot_bytes;
    bool holds(Index index, Term term) const;
};

/// A node of the world: its member is absent while it is down.
struct Node {
    NodeId id;
    std::optional<core::Member> member;
    Value value;
    Disk disk;
    std::deque<PendingWrite> writes;
    Bytes partial;                     ///< Of a snapshot being received.
    std::map<Index, Bytes> snapshots;  ///< Own and received ones, readable while it is up.
    bool disk_held = false;
    core::Duration disk_time{};
    core::Duration clock_offset{};
    std::int64_t clock_ppm = 0;        ///< How much faster its clock runs than true time.
    core::Time wake_at = core::never;  ///< By its own clock.
    std::uint64_t starts = 0;
};

/// What became of something that was asked of a member.
struct Request {
    enum class State { waits, accepted, done, refused, unknown };
    NodeId at;
    State state = State::waits;
    std::optional<ErrorCode> error;
    NodeId leader;  ///< The hint that came with a refusal.
    Index index;    ///< accepted: its place; a read: the index it is served at.
    Term term;
    Index floor;  ///< What was committed anywhere when it was asked.
    bool is_read = false;
};

/// Everything a watcher of the world sees of one step.
struct StepSeen {
    NodeId node;
    const core::Input& input;
    const core::Effects& effects;
    const core::Member& before;
    core::Time now;  ///< By the node's own clock.
};

struct ClusterOptions {
    std::uint64_t seed = 1;
    GroupConfig config{};
    std::size_t piece_bytes = 0;  ///< Of a travelling snapshot; 0: as the config says.
};

class CoreCluster {
public:
    explicit CoreCluster(ClusterOptions options);

    // Nodes.
    /// Starts a group whose founding entry already names all of these as voters.
    void found(const std::vector<NodeId>& voters);
    /// Starts a node with an empty disk that was added by the entry at `added_at`; somebody leads.
    void start_newcomer(NodeId id, Index added_at);
    void crash(NodeId id);
    void restart(NodeId id);
    /// The node and its disk are gone for good.
    void forget(NodeId id);
    bool is_up(NodeId id) const;
    Node& node(NodeId id) { return nodes_.at(id); }
    const Node& node(NodeId id) const { return nodes_.at(id); }
    const core::Member& member(NodeId id) const { return *nodes_.at(id).member; }
    const std::map<NodeId, Node>& nodes() const { return nodes_; }
    /// The leader of the highest term that is up, or none.
    NodeId leader() const;

    // Requests; each returns its id, to be looked up in request().
    core::RequestId propose(NodeId at, std::string_view command);
    core::RequestId read(NodeId at);
    core::RequestId change(NodeId at, core::ChangeMembers::Act act, const core::Peer& peer);
    core::RequestId change_config(NodeId at, const GroupConfig& config);
    core::RequestId transfer(NodeId at, std::optional<NodeId> target);
    core::RequestId force_remove(NodeId at, NodeId target);
    const Request& request(core::RequestId id) const { return requests_.at(id); }
    const std::map<core::RequestId, Request>& requests() const { return requests_; }

    // Time.
    core::Time now() const { return now_; }
    core::Time local_now(const Node& node) const;
    /// Lets time pass; timers, due messages and due writes happen in order.
    void run_for(core::Duration time);
    /// Gives TimePassed now.
    void wake(NodeId id);
    /// Moves this node's own clock to its election timer, and wakes it.
    void campaign(NodeId id);

    // Messages.
    void set_network(const Network& network);
    std::vector<Flying>& flying() { return flying_; }
    /// Delivers a message that has been taken out of flying(); lost if the link or node is down.
    void deliver(const core::Message& message);
    /// Delivers everything, and what follows from it, until nothing flies.
    void deliver_all();
    void cut(NodeId from, NodeId to) { cut_.insert({from, to}); }
    void heal() { cut_.clear(); }
    void heal(NodeId from, NodeId to) { cut_.erase({from, to}); }
    bool is_cut(NodeId from, NodeId to) const { return cut_.contains({from, to}); }

    // Disks and snapshots.
    void hold_disk(NodeId id) { node(id).disk_held = true; }
    void release_disk(NodeId id);
    /// Completes the oldest pending write only.
    void release_one_write(NodeId id);
    /// Everything that waits is refused for want of space, and what waited for it is not said;
    /// then there is space again.
    void refuse_writes(NodeId id);
    /// Saves the value as it is now; false if there is nothing new to save.
    bool save_snapshot(NodeId id);

    void step(NodeId id, const core::Input& input);
    History& history() { return history_; }
    core::Random& random() { return random_; }

    std::function<void(const StepSeen&)> on_step;
    std::function<void(const core::Message&)> on_lost;

private:
    core::RequestId new_request(NodeId at, bool is_read);
    void boot(Node& node, core::Start start);
    void perform(Node& node, const core::Effects& effects);
    void perform_value(Node& node, const core::Effects& effects);
    void note_answers(Node& node, const core::Effects& effects);
    void lose_accepted(NodeId at);
    void end(core::RequestId id, Request::State state);
    void enqueue(Node& node, const core::Effects& effects);
    void drain_disk(NodeId id);
    void complete_write(NodeId id);
    bool write_pieces(Node& node, const std::vector<core::SnapshotPiece>& pieces);
    void send(Node& from, core::Message message);
    void fill(const Node& from, core::SnapshotPiece& piece) const;
    core::Time due_of(const Node& node) const;
    core::Time next_event() const;
    void happen();

    ClusterOptions options_;
    core::Random random_;
    Network network_;
    core::Time now_{};
    std::map<NodeId, Node> nodes_;
    std::vector<Flying> flying_;
    std::set<std::pair<NodeId, NodeId>> cut_;
    std::map<core::RequestId, Request> requests_;
    std::set<core::RequestId> open_;  ///< Those that wait or are accepted.
    core::RequestId last_request_ = 0;
    std::uint64_t last_flying_ = 0;
    History history_;
};

}  // namespace rafted::test
