// What must hold of a whole group for ever, told step by step (faults.md, the invariants of a
// simulated cluster). It remembers everything that was ever committed, voted or led, so that what
// crashed and came back is held to its word. Reports sentences; it stops nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/member.hpp"

namespace rafted::test {

struct Disk;

/// One step of one member as the History needs it.
struct StepFacts {
    const core::Member& before;
    const core::Member& after;
    const core::Effects& effects;
};

class History {
public:
    void on_step(const StepFacts& facts);
    /// The member's hard state is durable: its vote counts for ever.
    void on_hard_state(NodeId id, const core::HardState& state);
    /// The value of some member stands at `index` and looks like this.
    void on_applied(NodeId id, Index index, std::uint64_t digest);
    /// A leader has advanced its commit: the entry must be durable on a majority of its voters
    /// (as they were when it counted: a list appended right afterwards may hold others).
    void on_leader_commit(const StepFacts& facts, const std::map<NodeId, const Disk*>& disks);
    /// A read that was asked for when `floor` was committed is served at `index`.
    void on_read(NodeId id, Index floor, Index index);
    /// A message leaves its author.
    void on_message(const core::Member& author, const core::Message& message);

    /// A deadline that is over already would have the member woken for ever: told, and true.
    bool on_wake(NodeId id, core::Time now, core::Time wake_at);

    Index committed() const { return committed_.empty() ? Index() : committed_.rbegin()->first; }
    const std::map<Term, NodeId>& leaders() const { return leaders_; }
    const std::vector<std::string>& violations() const { return violations_; }

private:
    struct Place {
        std::uint64_t checksum = 0;
        Term term_before;
    };
    void on_elected(const core::Member& leader);
    void on_appended(const core::Member& member, const core::Entry& entry);
    void on_committed(NodeId id, Index index, Term term);
    void violate(std::string text);

    std::map<Term, NodeId> leaders_;
    std::map<std::pair<Index, Term>, Place> places_;
    std::map<Index, Term> committed_;
    std::map<Index, std::uint64_t> digests_;
    std::map<NodeId, core::HardState> durable_;
    std::map<std::pair<NodeId, Term>, NodeId> votes_;
    std::vector<std::string> violations_;
};

}  // namespace rafted::test
