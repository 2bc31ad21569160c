// The host: the one loop's work. Each turn takes the mailbox, steps the members that have
// something to do, and performs their effects; all groups share one write. It owns no thread:
// whoever drives it (the network's loop, a simulation) calls turn() when woken and when due.
//   1. turn() and what it calls run on one thread. request(), receive() and the group verbs may be
//      called from any; they only put something into the mailbox.
//   2. Groups that have nothing to do cost nothing.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/liveness.hpp"
#include "host/scrubber.hpp"
#include "host/seat.hpp"
#include "ports/door.hpp"

namespace rafted::host {

/// What a host stands on; all outlive it.
struct Ports {
    ports::Storage& storage;
    ports::Transport& transport;
    ports::Clock& clock;
    ports::Workers& workers;
    std::function<void()> wake;             ///< Have turn() called soon; from any thread.
    std::function<std::uint64_t()> random;  ///< Seeds and new identities.
    std::function<void(LogLevel, const std::string&)> log;
    std::function<ClusterId()> cluster;
    Watch* watch = nullptr;  ///< Sees every step; may be nobody.
};

struct HostIdentity {
    NodeId node;
    std::string address;
    std::uint64_t max_waiting_requests = 100'000;
    double disk_patience = 0.5;  ///< Of an election timeout (NodeConfig).
    ScrubPace scrub{};
    core::Duration quiesce_after{};  ///< Zero: never (NodeConfig).
};

/// How a group comes to a node.
struct OpenGroup {
    std::string name;
    value::Applier::MachineFactory factory;
    GroupConfig config{};
    GroupId group{};  ///< join: the one to join...
    /// ...and a place in its log that is not before the entry by which this node was added, in the
    /// order of terms first: a leader's term, and where its log ended, when it knew of that.
    core::LogPlace added{};
};

class Host final : public ports::Door, public ports::Receiver {
public:
    using Done = std::function<void(Result<void>)>;

    Host(Ports ports, HostIdentity identity);
    ~Host() override;

    /// The groups found on disk; each waits until somebody opens it. Before the first turn.
    void adopt(std::vector<ports::RecoveredGroup> groups);

    void request(ports::ClientRequest request, ports::Reply reply) override;
    void receive(ports::Envelope envelope) override;
    void heard_beat(NodeId from, const ports::Beat& beat) override;
    void heard_address(NodeId node, const std::string& address) override;

    /// The incarnation of a group that is open or was found on disk. Fails with no_such_group,
    /// removed (this node was removed from it).
    void find_group(const std::string& name, std::function<void(Result<GroupId>)> done);
    /// `done` when an open group serves here: it leads, or follows as a full member.
    void when_ready(const std::string& name, Done done);
    /// Goes on with a group found on disk. `done` at once: serving may need others. Fails with
    /// no_such_group, already_member (open already).
    void open_group(OpenGroup what, Done done);
    /// A new group of one (D2). `done` when it leads. Fails with already_member if there is one,
    /// and with removed if this node was a member of one: the group lives on without it.
    void create_group(OpenGroup what, Done done);
    /// Takes the seat that the group's leader has added this node for. `done` when it serves as a
    /// full member (D3). Fails with already_member if the group is open here or was found on disk.
    void join_group(OpenGroup what, Done done);
    /// Goes on alone with what is here, as a new incarnation (D8). requires: found on disk, not
    /// open. `done` when it leads.
    void recover_group(OpenGroup what, Done done);
    /// Hands the lead of each group over to whoever is furthest. `done` when nothing is led that
    /// others could lead.
    void resign(Done done);
    /// Everybody who waits is told `stopped`; nothing is promised from now on.
    void stop(Done done);

    /// Returns when it wants to be called again at the latest.
    core::Time turn();

private:
    /// Stays where it is for as long as the host lives.
    struct Place {
        ports::Slot slot = 0;
        std::unique_ptr<Seat> seat;
        core::Time wake = core::never;   ///< When it wants to be stepped at the latest...
        core::Time alarm = core::never;  ///< ...and when that is looked at, not after it.
        NodeId silent_under{};  ///< The leader by whose silence the liveness watches this seat.
    };
    struct Alarm {
        core::Time at;
        ports::Slot slot = 0;
        Place* place = nullptr;
        auto operator<=>(const Alarm& other) const {
            return std::pair(at, slot) <=> std::pair(other.at, other.slot);
        }
    };
    using Places = std::vector<Place*>;

    void take_mail();
    void on_call(Call call);
    void answer_status(Call& call);
    Status status_of(const Place& place, core::Time now) const;
    std::unexpected<Error> runs_none(const std::string& group) const;
    Places due(core::Time now);
    void step(const Places& places, core::Time now);
    void write(ports::Batch batch, Places writers);
    void submit();
    void hand_out();
    void mind_space(core::Time now);
    void set_alarm(Place& place, core::Time wake);
    void mind_silence(Place& place, core::Time now);
    void mind_liveness(core::Time now);
    Seat* find(const std::string& name);
    bool has_group(const std::string& name);

    void do_open(OpenGroup what, const Done& done);
    void do_create(OpenGroup what, Done done);
    void do_join(OpenGroup what, Done done);
    core::HardState promised_to(const OpenGroup& what);
    void do_recover(OpenGroup what, Done done);
    void check_resigned();
    std::string name_of(ports::Slot slot) const;
    void renew_snapshot(ports::Slot slot);
    /// Writes what the start holds, then seats the member.
    void seat_new(SeatStart start, Done done);
    Seat& seat(SeatStart start);
    void on_loop(Completion what) { mailbox_.put(std::move(what)); }

    Ports ports_;
    HostIdentity identity_;
    Mailbox mailbox_;
    std::vector<MailItem> spare_mail_;  ///< Empty: memory for the next ones.
    Metrics metrics_;
    Services services_;
    Scrubber scrubber_;
    Liveness liveness_;
    std::map<ports::Slot, Place> places_;
    std::unordered_map<std::string, Place*> by_name_;
    std::unordered_map<GroupId, Place*> by_group_;
    std::map<std::string, ports::RecoveredGroup> dormant_;
    std::map<std::string, ports::RecoveredGroup> left_;  ///< This node was removed from them.
    std::set<Alarm> alarms_;
    Places changed_;
    ports::Batch gathered_;  ///< Waits for one of the writes under way to end.
    Places gathered_writers_;
    unsigned writes_under_way_ = 0;
    core::Time space_at_ = core::never;  ///< While the disk is full: when to look for room.
    ports::Slot next_slot_ = 1;
    std::vector<Done> resigning_;
    bool stopped_ = false;
};

}  // namespace rafted::host
