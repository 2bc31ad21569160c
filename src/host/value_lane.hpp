// A group's value on its own lane, off the loop: commands, queries, loads and freezes in the order
// in which the loop asked for them. What comes of them goes back through the mailbox, one report
// per run of the lane, however much was done in it.
//   1. Only the lane touches the applier.
//   2. The queue between loop and lane is the only thing both touch.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "host/services.hpp"
#include "value/applier.hpp"

namespace rafted::host {

/// A hook to be run, with the event it belongs to.
struct HookEvent {
    Index index;
    HookCall call;
    Term leadership{};      ///< It ends with this one; zero: whoever leads next runs it.
    bool restored = false;  ///< It is on_restored_from_files.
};

/// What a run of the lane did.
struct ValueReport {
    Index applied;
    std::uint64_t sessions = 0;
    std::uint64_t entries = 0;
    std::uint64_t queries = 0;
    std::vector<value::Applied> results;  ///< Where the loop said that somebody may wait.
    std::vector<HookEvent> hooks;         ///< In log order; a follower keeps them, too.
    std::vector<HookEvent> query_hooks;
    std::unique_ptr<Frozen> frozen;  ///< Asked for by Freeze...
    core::SnapshotMeta frozen_at;
    std::optional<Error> freeze_failed;
    std::optional<std::uint64_t> loaded_bytes;  ///< Of a snapshot; it is the newest.
    std::optional<Error> unreadable;  ///< The disk does not give a snapshot: retry() when it may.
    std::optional<Error> broken;      ///< The value cannot go on: a snapshot did not load.
};

struct Apply {
    std::vector<core::Entry> entries;
    bool answers_wanted = false;
    /// While leading: our term, so that its first entry brings on_elected...
    std::optional<Term> leading;
    /// ...and on_restored_from_files before it.
    bool restored_due = false;
};
struct Query {
    Bytes query;
    std::optional<Term> leading;  ///< None: it is stale, and runs no hook.
    ports::Reply reply;
};
struct Load {
    core::SnapshotMeta meta;
};
struct Freeze {};
using ValueJob = std::variant<Apply, Query, Load, Freeze>;

class ValueLane : public std::enable_shared_from_this<ValueLane> {
public:
    struct Start {
        value::Applier::MachineFactory factory;
        ports::Slot slot = 0;
        GroupConfig config;
    };
    using Deliver = std::function<void(ValueReport)>;

    /// `deliver` takes a report on the loop.
    ValueLane(Services& services, Start start, Deliver deliver);

    /// Never blocks. requires: called on the loop.
    void post(ValueJob job);
    /// Goes on where the disk did not give a snapshot. requires: the last report said so.
    void retry();
    /// Whether any hook is declared that must be accounted for.
    bool has_hooks() const { return has_hooks_; }

private:
    void run();
    std::vector<ValueJob> take();
    /// These come first, once retry() is called; queries do not wait for that.
    void put_back(std::span<ValueJob> jobs, const Error& why);
    void perform(Apply& job, ValueReport& report);
    void perform(Query& job, ValueReport& report);
    void perform(Load& job, ValueReport& report);
    void perform(Freeze& job, ValueReport& report);
    void collect_elected(const Apply& job, const core::Entry& entry, ValueReport& report);

    Services& services_;
    ports::Slot slot_;
    ports::Lane lane_;
    value::Applier applier_;
    Deliver deliver_;
    bool has_hooks_;
    std::optional<Error> broken_;  ///< A snapshot did not load: what was asked after it is void.

    std::mutex mutex_;  // guards what follows
    std::vector<ValueJob> waiting_;
    bool scheduled_ = false;
    std::optional<Error> unreadable_;  ///< Nothing is done until the next run.
};

}  // namespace rafted::host
