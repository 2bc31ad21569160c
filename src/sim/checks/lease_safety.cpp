// Lease safety (thesis §6.4.1): while a node would answer reads from its own state alone, no leader
// of a later term has committed anything, in true time. Judged at the node's own steps, when what
// it says of its lease is fresh. Not judged once clocks drift beyond the margin.
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class LeaseSafety final : public Check {
public:
    explicit LeaseSafety(View view)
        : Check(std::move(view), {FactKind::stepped, FactKind::recovered, FactKind::clocks_off}) {}
    std::string_view name() const override { return "lease safety"; }

    void on_stepped(const Stepped& step) override {
        const NodeImage& node = step.node;
        const bool commits = node.role == Role::leader && node.commit > step.commit_before;
        if (commits && node.hard.term > newest_) {
            newest_ = node.hard.term;
            committer_ = node.id;
        }
        if (!node.has_lease || node.hard.term >= newest_ || are_clocks_off_) return;
        wrong(said(node.id) + " has a lease of " + said(node.hard.term) + ", but " +
                  said(committer_) + " has committed in " + said(newest_),
              {node.id, committer_});
    }

    void on_recovered(const Recovered&) override { newest_ = Term(); }
    void on_clocks_off(const ClocksOff&) override { are_clocks_off_ = true; }

private:
    Term newest_;  // in which a leader has committed
    NodeId committer_;
    bool are_clocks_off_ = false;
};

}  // namespace

std::unique_ptr<Check> lease_safety(Check::View view) {
    return std::make_unique<LeaseSafety>(std::move(view));
}

}  // namespace rafted::sim
