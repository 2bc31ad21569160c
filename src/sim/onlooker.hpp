// The onlooker: keeps the image of every node from what it is told, and lets all checkers judge
// each fact as it comes. The world tells it; so can a model of another system.
//   1. An image is changed first, then the fact goes to every checker.
//   2. It never changes what it looks at: a run is the same with checkers and without.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sim/check.hpp"

namespace rafted::sim {

/// What a step says of itself, taken from a member or from a model.
struct StepReport {
    NodeId node;
    core::HardState hard;
    Role role = Role::follower;
    std::optional<Index> truncated_from{};
    std::vector<EntryMark> appended;
    /// The log was replaced by what follows this received snapshot.
    std::optional<core::SnapshotMeta> restored{};
    bool kept_log_after_restored = false;  ///< It held the snapshot's last entry already.
    Index first;
    Index snapshot;
    Index applied;
    Index commit;
    std::optional<core::Members> members{};  ///< If the list in force has changed.
    Index members_at;
    bool is_changing = false;
    bool has_lease = false;
    std::uint64_t log_bytes = 0;
};

/// What a node starts with.
struct StartReport {
    NodeId node;
    GroupId group;
    bool is_durable = true;
    bool disk_was_harmed = false;
    core::HardState hard;
    std::optional<core::SnapshotMeta> snapshot{};
    Index base;  ///< What comes before the first entry.
    Term base_term;
    std::vector<EntryMark> entries;
    core::Members members;
    Index members_at;
    bool is_changing = false;
};

/// What became durable, in the order of its fields.
struct SyncReport {
    NodeId node;
    std::optional<core::HardState> hard{};
    std::optional<Index> truncated_from{};
    std::vector<EntryMark> appended;
    std::optional<core::SnapshotMeta> restored{};  ///< A received snapshot is in place.
    std::optional<core::SnapshotMeta> saved{};     ///< An own snapshot is in place.
    std::optional<Index> compact_below{};
};

class Onlooker {
public:
    using OnViolation = std::function<void(const Violation&)>;
    /// `now` is the world's true time and outlives the onlooker.
    Onlooker(const core::Time& now, std::vector<Check::Make> checks, OnViolation on_violation);
    ~Onlooker();
    Onlooker(const Onlooker&) = delete;
    Onlooker& operator=(const Onlooker&) = delete;

    void started(const StartReport& report);
    void stepped(const StepReport& report);
    void sent(NodeId from, const core::Message& message);
    void synced(const SyncReport& report);
    void crashed(NodeId node);
    /// The node and its disk are gone for good.
    void destroyed(NodeId node);
    void recovered(NodeId node, GroupId group, Index kept);
    void applied(const Applied& fact) { each(&Check::on_applied, fact); }
    void queried(const Queried& fact) { each(&Check::on_queried, fact); }
    void snapshotted(const Snapshotted& fact) { each(&Check::on_snapshotted, fact); }
    void hook(const HookRan& fact) { each(&Check::on_hook, fact); }
    void called(const Called& fact) { each(&Check::on_called, fact); }
    void replied(const Replied& fact) { each(&Check::on_replied, fact); }
    void load(const Load& fact) { each(&Check::on_load, fact); }
    void calm(const Calm& fact) { each(&Check::on_calm, fact); }
    void ended(const Ended& fact) { each(&Check::on_ended, fact); }

    const Images& images() const { return images_; }

private:
    template <class Fact>
    void each(void (Check::*judge)(const Fact&), const Fact& fact) {
        for (const auto& check : checks_) (check.get()->*judge)(fact);
    }

    Images images_;
    std::vector<std::unique_ptr<Check>> checks_;
};

}  // namespace rafted::sim
