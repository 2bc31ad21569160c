// Commit rule (§5.4.2, §6): when a leader advances its commit index, the entry there is of its own
// term and stands on the disks of a majority of the voters in its list: in the list before or after
// the step, as one that appends a new list right after counting has counted by the old one. A node
// that has no disk counts by its memory, also after its end: what it said it held, it held. One
// whose log was damaged since it said so counts as long as it votes for nothing less than it had.
#include "core/quorum.hpp"
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class CommitRule final : public Check {
public:
    explicit CommitRule(View view) : Check(std::move(view), {FactKind::stepped}) {}
    std::string_view name() const override { return "commit rule"; }

    void on_stepped(const Stepped& step) override {
        const NodeImage& node = step.node;
        if (node.role != Role::leader || node.commit <= step.commit_before) return;
        const EntryMark* entry = node.log.find(node.commit);
        const bool led_before =
            step.role_before == Role::leader && step.hard_before.term == node.hard.term;
        const bool is_own = entry != nullptr && entry->term == node.hard.term;
        // It may have learnt of it as a follower, right before it was elected.
        if (!is_own && !led_before) return;
        if (!is_own) {
            wrong(said(node.id) + ", leader of " + said(node.hard.term) + ", commits " +
                      said(node.commit) + ", which is no entry of its own term",
                  {node.id});
            return;
        }
        if (is_on_majority(step.members_before, *entry, node)) return;
        if (is_on_majority(node.members, *entry, node)) return;
        wrong(said(node.id) + " commits " + said(node.commit, entry->term) +
                  ", which is not durable on a majority of its voters",
              {node.id});
    }

private:
    bool is_on_majority(const core::Members& members, const EntryMark& entry,
                        const NodeImage& leader) const {
        std::size_t voters = 0;
        std::size_t stored = 0;
        for (const core::Peer& peer : members.all()) {
            if (peer.standing != Standing::voter) continue;
            ++voters;
            const NodeImage* voter = image(peer.id);
            if (voter == nullptr || voter->group != leader.group) continue;
            if (stores(*voter, entry)) ++stored;
        }
        return voters > 0 && stored >= core::majority(voters);
    }

    static bool stores(const NodeImage& voter, const EntryMark& entry) {
        const LogImage& log = voter.is_durable ? voter.disk_log : voter.log;
        const Index snapshot = voter.is_durable ? voter.disk_snapshot : voter.snapshot;
        const core::HardState& promised = voter.is_durable ? voter.disk_hard : voter.hard;
        return std::max(snapshot, log.base()) >= entry.index || log.holds(entry) ||
               promised.let_go >= core::LogPlace{entry.term, entry.index};
    }
};

}  // namespace

std::unique_ptr<Check> commit_rule(Check::View view) {
    return std::make_unique<CommitRule>(std::move(view));
}

}  // namespace rafted::sim
