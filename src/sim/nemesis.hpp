// Carries out the strikes of a plan: who is hit is decided when a strike comes, from what the world
// is then. After the weather it makes calm.
//   1. Nothing it does may lose what was acknowledged: of every member list in force anywhere, or
//      on its way, a majority of the voters keeps its disks (lose_majority excepted: it says so).
//   2. What it has begun it ends: every strike has an undo, and calm() runs what is left of them.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/majority_kept.hpp"
#include "sim/plan.hpp"
#include "sim/recorder.hpp"
#include "sim/world.hpp"

namespace rafted::sim {

/// What the nemesis works on; all outlive it.
struct Field {
    World& world;
    Recorder& recorder;
    Onlooker& onlooker;
    Tracer& tracer;
    const Plan& plan;
    std::string group;
    std::function<MachineFactory(NodeId)> factory;
    /// Clients ask for so much at once / with timeouts this short (zero: as usual).
    std::function<void(std::uint64_t operations)> pile_up;
    std::function<void(core::Duration)> set_timeout;
    /// Clients ask for nothing, until they do again.
    std::function<void(bool hushed)> hush;
    /// The nodes or their addresses have changed: clients look them up again.
    std::function<void()> addresses_changed;
};

class Nemesis {
public:
    explicit Nemesis(Field field);

    /// The founder creates the group, the others join. False if that does not end in time.
    bool found_group(unsigned nodes);
    /// From now on strikes come when they are due.
    void begin();
    /// Ends everything, lets a random majority live, and says who that is.
    std::vector<NodeId> calm();

    std::uint64_t crashes() const { return crashes_; }
    /// What was done, a line each.
    const std::vector<std::string>& story() const { return story_; }

private:
    using Undo = std::function<void()>;
    using Links = std::vector<std::pair<NodeId, NodeId>>;
    struct Joining;
    struct Forcing;
    struct Removal;
    struct Change {
        NodeId lost;
        NodeId leaves;
    };
    struct Done {
        std::string text;  ///< Empty: there was nobody to strike.
        Undo undo{};
        std::vector<NodeId> nodes{};  ///< Who is struck, if it is somebody.
    };

    void strike(const Strike& strike);
    void end(unsigned number);
    Done perform(const Strike& strike);
    // nemesis_network.cpp: messages, links, clocks, clients, values
    Done weather(const Strike& strike);
    Done links(const Strike& strike);
    Done clocks(const Strike& strike);
    Done values(const Strike& strike);
    // nemesis_nodes.cpp: processes and disks
    Done processes(const Strike& strike);
    Done disks(const Strike& strike);
    Done crash_later(NodeId id, const Strike& strike);
    Done full_disk(NodeId id);
    Done flip_bits(NodeId id, const Strike& strike);
    Done upgrade(const Strike& strike);
    void power_cut(NodeId id, std::uint64_t choice);
    void stop_process(NodeId id, std::uint64_t choice, bool by_power);
    void bring_back(NodeId id, bool at_new_address = false);
    void lose(NodeId id, const std::string& why);
    void power_soon(NodeId id, std::uint64_t choice);
    void tear_again(NodeId id, std::uint64_t choice);
    void tear(NodeId id, std::uint64_t after, std::function<void()> then);
    // nemesis_lead.cpp: a leader and its voters
    Done contest_lead(const Strike& strike);
    Done mute(const NodeImage& leads, const Strike& strike);
    Done outvote(const NodeImage& leads, const Strike& strike);
    Done strand(const NodeImage& leads, const Strike& strike);
    void cut(const Links& links, Links& made);
    std::function<void()> mending(std::shared_ptr<Links> made);
    void later(const Strike& strike, core::Duration when, std::function<void()> what);
    // nemesis_group.cpp: the group
    Done changes(const Strike& strike);
    Done change_config(const Strike& strike);
    Done lose_majority(const Strike& strike);
    void recover(NodeId survivor);
    Done lose_half(const Strike& strike);
    bool all_agree_with(const NodeImage& best) const;
    void force_out(const std::shared_ptr<Forcing>& forcing);
    void go_for_good(NodeId id, const std::string& why);
    NodeId add_node(Standing standing);
    void promote(NodeId id);
    void try_to_add(std::shared_ptr<Joining> joining);
    void join(NodeId id);
    void join_again(const std::shared_ptr<Joining>& joining);
    void remove(NodeId id, bool returns = false);
    void try_to_remove(std::shared_ptr<Removal> removal);
    void end_removal(const Removal& removal);
    void ask(RequestKind kind, Bytes body, std::function<void(Result<Bytes>)> done);

    // Who.
    std::vector<NodeId> up() const;
    /// Half of the time the leader, else any that is up; none if nobody is.
    NodeId victim(std::uint64_t choice) const;
    NodeId leader() const;
    /// The node whose list of members is the newest among those that are up.
    const NodeImage* best_informed() const;
    bool may_lose(NodeId id) const;
    bool may_leave(NodeId id) const;
    Fate fate(NodeId id, const Change& change) const;
    bool keeps(const core::Members& members, const Change& change) const;
    bool may_join(NodeId id) const;
    bool may_move(NodeId id) const;
    bool owes(NodeId id) const;
    bool is_member(NodeId id) const;
    /// By the newest list that is known.
    bool is_listed(NodeId id) const;
    bool knows_of_its_removal(NodeId id) const;
    static std::string word(NodeId id) { return "n" + std::to_string(id.value); }

    Field field_;
    bool is_calm_ = false;
    std::map<unsigned, Undo> active_;
    std::map<unsigned, Strike> weathers_;
    std::set<NodeId> down_;       ///< To be brought back at the end.
    std::set<NodeId> condemned_;  ///< Their disks may be unreadable.
    /// Their removal was asked for and may take place yet; once for each that asks.
    std::multiset<NodeId> leaving_;
    std::map<NodeId, std::shared_ptr<Joining>> joining_again_;  ///< After their last removals.
    std::vector<std::string> story_;
    std::uint64_t crashes_ = 0;
    std::map<NodeId, core::Time> lost_;  ///< Since when their disks are gone.
    core::Time last_move_{};
    bool majority_was_lost_ = false;
    NodeId recovering_;        ///< Goes on alone as soon as that is on its disk.
    bool is_forcing_ = false;  ///< One lost for good is not forced out everywhere yet.
    std::size_t most_nodes_;
};

}  // namespace rafted::sim
