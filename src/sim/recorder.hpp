// Translates what processes and values of one group do into facts for the onlooker and lines for
// the tracer. The only place that knows both the code that is judged and those who judge.
#pragma once

#include <set>
#include <string>

#include "sim/onlooker.hpp"
#include "sim/process.hpp"
#include "sim/subject.hpp"
#include "sim/tracer.hpp"

namespace rafted::sim {

class Recorder final : public Witness, public ValueWitness {
public:
    struct Figures {
        std::uint64_t steps = 0;
        std::uint64_t elections = 0;
        std::uint64_t snapshots = 0;
    };
    using OnViolation = std::function<void(const Violation&)>;

    /// All outlive the recorder; other groups than this one are left out.
    Recorder(std::string group, Onlooker& onlooker, Tracer& tracer, OnViolation on_violation)
        : group_(std::move(group)),
          onlooker_(onlooker),
          tracer_(tracer),
          on_violation_(std::move(on_violation)) {}

    /// Bits of this node's files have changed: when it starts next it may know less than before.
    void harmed(NodeId node) {
        harmed_.insert(node);
        ever_harmed_.insert(node);
    }
    /// At any time: not all of a disk is read at every start.
    bool was_harmed(NodeId node) const { return ever_harmed_.contains(node); }
    /// When it starts next it goes on alone, by force.
    void recovers(NodeId node) { recovers_.insert(node); }
    /// Nothing of that is on its disk yet.
    bool is_to_recover(NodeId node) const { return recovers_.contains(node); }
    /// Nodes keep nothing on disk.
    void set_durable(bool durable) { durable_ = durable; }
    /// Called when a node has taken its seat: it knows less than it had promised, for its disk was
    /// harmed, or it is as it should be.
    void on_seated(std::function<void(NodeId, bool knows_less)> what) {
        on_seated_ = std::move(what);
    }
    /// Called when a node goes on alone, with the last entry that lives on.
    void on_recovered(std::function<void(Index kept)> what) { on_recovered_ = std::move(what); }
    /// Hooks of this node throw.
    void set_throwing(NodeId node, bool throws) {
        if (throws) throwing_.insert(node);
        if (!throws) throwing_.erase(node);
    }
    const Figures& figures() const { return figures_; }

    void seated(const std::string& group, GroupId id, const core::Start& start,
                const core::Member& member) override;
    void stepped(const host::Stepped& step) override;
    void synced(const SyncReport& report) override;
    void snapshotted(const Snapshotted& fact) override;
    void log(const std::string& line) override;
    void applied(const Applied& fact) override;
    void queried(const Queried& fact) override;
    void hook(const HookRan& fact) override;
    void breaks(std::string_view rule, const std::string& what) override;

private:
    void tell_load(const core::Member& member);
    void restore_times(const core::Start& start, std::vector<EntryMark>& marks) const;

    std::string group_;
    Onlooker& onlooker_;
    Tracer& tracer_;
    OnViolation on_violation_;
    Figures figures_;
    bool durable_ = true;
    std::set<NodeId> harmed_;
    std::set<NodeId> ever_harmed_;
    std::set<NodeId> recovers_;
    std::set<NodeId> throwing_;
    std::function<void(NodeId, bool)> on_seated_;
    std::function<void(Index)> on_recovered_;
};

}  // namespace rafted::sim
