// The onlooker: keeps the image of every node from what it is told, and lets all checkers judge
// each fact as it comes. The world tells it; so can a model of another system.
//   1. An image is changed first, then the fact goes to every checker.
//   2. It never changes what it looks at: a run is the same with checkers and without.
//   3. After a forced recovery, members of older incarnations are left out: nobody answers for
//   them.
#pragma once

#include <array>
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
    std::vector<EntryMark> appended{};
    /// The log was replaced by what follows this received snapshot.
    std::optional<core::SnapshotMeta> restored{};
    /// What stood after it stays; counts only if the log held the snapshot's last entry...
    bool kept_log_after_restored = false;
    /// ...unless it is seen that something has stayed, rightly or not.
    bool has_left_entries = false;
    Index first;
    Index snapshot;
    Index applied;
    Index commit;
    std::optional<core::Members> members{};  ///< If the list in force has changed.
    Index members_at;
    bool is_changing = false;
    bool owes = false;
    bool has_lease = false;
    bool is_silent = false;
    std::uint64_t log_bytes = 0;
    std::optional<core::SnapshotMeta> installing{};  ///< Its last piece is with the storage.
    core::Time clock{};                              ///< The node's own.
    core::Duration election_timeout{};
    std::vector<NodeId> heard{};  ///< Who has answered a request of the node's own term.
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
    std::vector<EntryMark> entries{};  ///< Those up to `base` are passed over.
    core::Members members;
    Index members_at;
    bool is_changing = false;
    bool owes = false;
};

/// What became durable, in the order of its fields.
struct SyncReport {
    NodeId node;
    std::optional<core::HardState> hard{};
    std::optional<Index> truncated_from{};
    std::vector<EntryMark> appended{};
    std::optional<core::SnapshotMeta> restored{};  ///< A received snapshot is in place.
    std::optional<core::SnapshotMeta> saved{};     ///< An own snapshot is in place.
    std::optional<Index> compact_below{};
    /// What goes to the disk as one has one number, larger than those before; zero: not told.
    std::uint64_t write = 0;
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
    /// requires: the node has started; all reports of steps come in the order of the steps.
    void stepped(const StepReport& report);
    void sent(NodeId from, const core::Message& message);
    void synced(const SyncReport& report);
    void crashed(NodeId node);
    void not_started(NodeId node, bool disk_was_harmed, const std::string& why);
    void forced_out(const ForcedOut& fact);
    /// The node and its disk are gone for good.
    void destroyed(NodeId node);
    /// Told before the node starts in the new incarnation; `kept` is the last entry on its disk.
    void recovered(NodeId node, GroupId group, Index kept);
    void applied(const Applied& fact);
    void queried(const Queried& fact);
    void snapshotted(const Snapshotted& fact);
    void hook(const HookRan& fact);
    void called(const Called& fact);
    void replied(const Replied& fact);
    void load(const Load& fact);
    void calm(const Calm& fact);
    /// See ClocksOff: only in a run whose leases are on.
    void clocks_off();
    void ended(const Ended& fact);

    const Images& images() const { return images_; }
    const Commits& commits() const { return commits_; }
    const Ledger& ledger() const { return ledger_; }
    bool are_clocks_off() const { return are_clocks_off_; }

private:
    template <class Fact>
    void tell(FactKind kind, void (Check::*judge)(const Fact&), const Fact& fact) {
        for (Check* check : listeners_[static_cast<std::size_t>(kind)]) (check->*judge)(fact);
    }
    NodeImage* find(NodeId node);
    /// It is a member of the incarnation that is judged.
    bool counts(NodeId node) const;

    const core::Time& now_;
    Images images_;
    Commits commits_;
    Ledger ledger_;
    bool are_clocks_off_ = false;
    std::optional<GroupId> group_;  // the newest incarnation
    std::vector<std::unique_ptr<Check>> checks_;
    std::array<std::vector<Check*>, fact_kind_count> listeners_;
};

}  // namespace rafted::sim
