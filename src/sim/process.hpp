// One node's process in a simulated world: a real Host on simulated ports. Its files live on a
// SimFiles (or it keeps nothing), its workers run every job at a later moment drawn by chance, its
// messages go through the world's network, its clock is its own.
//   1. Nothing runs but from the world's event queue; what a dead process had asked for never runs.
//   2. While it is paused nothing of it runs; all of that runs afterwards, late.
//   3. Its chance is a stream of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/random.hpp"
#include "disk/disk_storage.hpp"
#include "host/host.hpp"
#include "sim/event_loop.hpp"
#include "sim/onlooker.hpp"
#include "sim/sim_clock.hpp"
#include "sim/sim_files.hpp"

namespace rafted::sim {

/// How long things take; each time is drawn from one to this many microseconds.
struct Pace {
    std::uint64_t most_disk = 1'000;
    std::uint64_t most_job = 200;
    std::uint64_t most_wake = 20;
};

/// In the order in which a group's seat opens its lanes.
enum class LaneKind : std::uint8_t { hooks, snapshots, pieces, value };

/// A node's disk: lives longer than its processes.
struct NodeDisk {
    SimFiles files;
    bool durable = true;
};

/// Who is told what a process does; all of it is optional.
class Witness : public host::Watch {
public:
    void seated(const std::string&, GroupId, const core::Start&, const core::Member&) override {}
    void stepped(const host::Stepped&) override {}
    virtual void synced(const SyncReport&) {}
    virtual void snapshotted(const Snapshotted&) {}
    virtual void log(const std::string&) {}
};

/// What the world does for a process.
struct Surroundings {
    EventLoop& loop;
    /// Carries a message to the node that is to be found at an address.
    std::function<void(const std::string& to, ports::Envelope)> carry;
    /// Carries a beat to a node that is to be found there.
    std::function<void(NodeId node, const std::string& at, const ports::Beat&)> beat;
    /// Takes word of where it is to the node that is to be found at an address, and back whether
    /// that has heard it.
    std::function<void(NodeId node, const std::string& at)> announce;
    Witness* witness = nullptr;
};

class Process {
public:
    struct Start {
        NodeId id;
        std::string address;
        NodeDisk* disk = nullptr;
        Pace pace{};
        core::Random random{1};
        std::uint64_t max_waiting_requests = 100'000;
        host::ScrubPace scrub{};
        core::Duration quiesce_after{};
        disk::JournalOptions journal{};
    };
    /// A process starts on this disk, at this address. Fails as the storage does: corrupt, ...
    static Result<std::unique_ptr<Process>> start(Surroundings surroundings, Start start);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    host::Host& host() { return *host_; }
    NodeId id() const { return start_.id; }
    const std::string& address() const { return start_.address; }
    SimClock& clock() { return *clock_; }
    DiskState disk_state() const;
    const std::vector<std::string>& notes() const { return notes_; }
    /// Where it looks for that node; empty if it does not know.
    std::string address_of(NodeId node) const;
    /// A message from the node that is to be found at `from` has arrived.
    void arrive(const std::string& from, ports::Envelope envelope);
    void arrive(NodeId node, const std::string& from, const ports::Beat& beat);
    /// The node that is to be found at `from` says no more than that.
    void hear(NodeId node, const std::string& from);
    /// The node knows where this one is.
    void was_heard(NodeId node);
    /// Gives the host its turn now.
    void turn();
    /// When the clock has changed its pace, what waits for it is set anew.
    void clock_changed();

    /// From now on every job of this kind takes this much longer; of all groups, or of the one
    /// that this process opened as its n-th (from 0).
    void slow_down(LaneKind kind, core::Duration by, std::optional<std::size_t> group = {}) {
        slower_[kind] = {by, group};
    }
    /// Writes wait until the disk is let go.
    void hold_disk(bool held);
    /// The power goes before the n-th message or write from now on (0: the next); what the process
    /// still does reaches nobody. `then` is called at that moment.
    void cut_power_after(std::uint64_t effects, std::function<void()> then);
    /// Whether what it says and writes still reaches anybody.
    bool has_power() const { return start_.disk->files.has_power(); }
    /// Nothing of it runs until then, by true time.
    void pause_until(core::Time until);
    core::Time paused_until() const { return paused_until_; }

private:
    class Storage;
    class Sink;
    class Transport;
    class Workers;
    struct Slower {
        core::Duration by{};
        std::optional<std::size_t> group;
    };

    Process(Surroundings surroundings, Start start);
    Result<void> boot();
    core::Duration up_to(std::uint64_t microseconds) {
        return std::chrono::microseconds(start_.random.one_to(microseconds));
    }
    void wake_in(core::Duration time);
    /// One more effect reaches the world; false if the power is gone.
    bool may_act();
    /// Runs the job after this time, or when the pause is over, or never if the process has died.
    void after(core::Duration time, std::function<void()> job);

    Surroundings world_;
    Start start_;
    std::map<LaneKind, Slower> slower_;
    std::vector<std::string> notes_;
    core::Time paused_until_{};
    std::optional<std::uint64_t> effects_left_;
    std::function<void()> on_power_cut_;
    core::Time wanted_ = core::never;  ///< By its own clock: what the host last asked for.
    std::unique_ptr<SimClock> clock_;
    std::unique_ptr<Storage> storage_;
    std::unique_ptr<Transport> transport_;
    std::unique_ptr<Workers> workers_;
    std::unique_ptr<host::Host> host_;
    ports::Loop::TimerId next_turn_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::sim
