// One group's seat at a node: the member, and around it everything that carries its effects out.
// The loop gives it inputs, then steps it once per turn.
//   1. Effects are performed in the order of their fields (core/effects.hpp).
//   2. What had to wait for a write leaves when that write and all earlier ones are durable.
//   3. After a broken disk or value nothing is promised any more: everybody is told, once.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/member.hpp"
#include "host/address_book.hpp"
#include "host/backup_desk.hpp"
#include "host/disk_pulse.hpp"
#include "host/hook_queue.hpp"
#include "host/idle_watch.hpp"
#include "host/liveness.hpp"
#include "host/piece_sender.hpp"
#include "host/services.hpp"
#include "host/snapshotter.hpp"
#include "host/value_lane.hpp"
#include "host/waiters.hpp"

namespace rafted::host {

/// What a seat is made of.
struct SeatStart {
    ports::GroupRecord record;
    core::Start member;
    value::Applier::MachineFactory factory;
    bool from_files = false;
    std::vector<ports::Moved> moved{};
    std::vector<core::Peer> peers{};  ///< Who else to tell where this node is.
};

class Seat {
public:
    /// `changed` is called when the seat has something to do in a coming turn.
    Seat(Services& services, SeatStart start, std::function<void()> changed);

    void request(ports::ClientRequest request, ports::Reply reply);
    void receive(core::Message message);
    void heard_address(NodeId node, const std::string& address);
    /// Tells `done` when the member serves: it leads, or follows a leader as a full member.
    void when_ready(std::function<void(Result<void>)> done);

    /// Gives all inputs to the member and performs its effects; what is to be written is added to
    /// the batch. Returns whether something was.
    bool step(core::Time now, ports::Batch& batch);
    /// The oldest write of this seat that is under way has ended.
    void written(const Result<void>& result);
    core::Time wake_at() const;

    /// If it leads others that could lead, hands the lead to whoever is furthest.
    void resign(bool if_others_suffice = false);
    bool is_resigning() const { return !stopped_ && member_.state().hand_over.has_value(); }

    /// The newest snapshot on disk is damaged: another is made as soon as it can be.
    void renew_snapshot();

    /// The leader of a group that has fallen silent; none while it speaks, or once this seat stops.
    NodeId silent_under() const;
    /// requires: silent.
    Reliance relies_on() const;
    /// Nobody vouches any more for those it relied on.
    void unquiesce() { give(core::Unquiesce{}); }
    bool is_stopped() const { return stopped_.has_value(); }

    Status status(core::Time now) const;
    const ports::GroupRecord& record() const { return record_; }
    const core::Member& member() const { return member_; }
    bool is_removed() const { return record_.removed; }
    std::size_t waiting() const { return waiters_.size() + held_reads_.size(); }
    /// Everybody who waits is told; nothing is promised from now on.
    void stop(const Error& why);

private:
    struct Write {
        std::optional<core::Persisted> when_durable;
        std::vector<core::Message> then_send;
        bool has_hard_state = false;
    };
    struct HeldRead {
        Index index;
        Waiter waiter;
    };

    void perform(core::Effects& effects, ports::Batch& batch);
    bool write(core::Effects& effects, ports::Batch& batch);
    /// The disk is full: what was refused is written again later, the lead goes elsewhere.
    void refused(Write write, const Result<void>& result);
    void say_refused(const Error& why);
    void say_written();
    void fence(const Error& why);
    /// The value's snapshot: what comes after it waits until the disk gives it.
    void unreadable(const Error& why);
    void was_read();
    /// A leader whose disk hangs hands the lead over, and tries again as long as it hangs.
    void mind_the_disk(core::Time now);
    core::Duration disk_patience() const;
    void promise(std::vector<core::Message>& messages, const core::HardState& durable);
    void send(std::span<core::Message> messages);  ///< Takes them.
    void apply(core::Effects& effects);
    void answer(const core::Effects& effects);
    void on_role(const core::RoleChange& change);
    void on_removed(ports::Batch& batch);
    void on_members();
    void correct_address();
    void pass_on_addresses(NodeId node);
    void told_address(NodeId from, const core::MovedNotice& notice);
    void on_report(ValueReport report);
    void on_hooks_progress();
    void flush_applies();
    void ask_value(Waiter waiter);
    void refuse_held_reads(const Error& why);
    std::size_t room_for_applies() const;
    void start_snapshot_if_due();
    void back_up(ports::ClientRequest request, ports::Reply reply);
    void mind_backups(core::Time now);
    void check_ready();
    /// Returns whether the core is to be told that there is nothing to do.
    bool step_idle_watch(core::Time now);
    void give(core::Input input);
    Error not_leader() const;
    std::optional<Error> lost_entries() const;

    Services& services_;
    ports::GroupRecord record_;
    core::Member member_;
    std::function<void()> changed_;
    std::shared_ptr<ValueLane> lane_;
    HookQueue hooks_;
    Snapshotter snapshotter_;
    PieceSender pieces_;
    BackupDesk backups_;
    Waiters waiters_;
    AddressBook addresses_;
    core::Random nonces_;

    std::vector<core::Input> inputs_;
    bool is_patient_ = false;                ///< The only input can wait for another.
    std::vector<core::Input> spare_inputs_;  ///< Empty: memory for the next ones.
    core::Time wake_at_ = core::Time::min();
    std::deque<Write> writes_;
    DiskPulse pulse_;
    IdleWatch idle_;
    std::optional<core::Time> retry_at_;  ///< While the disk takes nothing.
    bool was_refused_ = false;            ///< The log has said so.
    std::optional<Error> unreadable_;     ///< Why the value cannot be loaded yet...
    core::Time reload_at_ = core::never;  ///< ...and when that is tried again.
    std::optional<Error> fenced_;         ///< The disk has failed; never again.
    std::deque<core::Entry> unapplied_;   ///< Held back while too many hooks wait...
    std::deque<HeldRead> held_reads_;     ///< ...and the reads that must see them.
    std::vector<std::function<void(Result<void>)>> ready_;
    std::size_t in_lane_ = 0;  ///< Entries the lane has and has not reported.
    Index applied_;
    std::uint64_t sessions_ = 0;
    std::optional<Error> stopped_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::host
