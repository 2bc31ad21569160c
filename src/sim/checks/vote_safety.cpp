// Vote safety (§5.2, Figure 2): in memory, on disk, and from the disk of before to what a node
// starts with, a term never goes back and a vote within a term is never changed or taken back.
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

std::string said_of(const core::HardState& state) {
    return said(state.term) +
           (state.vote ? " with a vote for " + to_string(state.vote) : " without a vote");
}

class VoteSafety final : public Check {
public:
    explicit VoteSafety(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped, FactKind::synced}) {}
    std::string_view name() const override { return "vote safety"; }

    void on_started(const Started& start) override {
        const bool binds = start.before.group == start.node.group && start.node.is_durable &&
                           !start.disk_was_harmed;
        if (binds) judge(start.node, "starts with", start.before.disk_hard, start.node.hard);
    }
    void on_stepped(const Stepped& step) override {
        judge(step.node, "goes to", step.hard_before, step.node.hard);
    }
    void on_synced(const Synced& sync) override {
        judge(sync.node, "stores", sync.hard_before, sync.node.disk_hard);
    }

private:
    void judge(const NodeImage& node, const char* what, const core::HardState& before,
               const core::HardState& after) const {
        const bool same_term = after.term == before.term;
        const bool keeps_vote = !before.vote || after.vote == before.vote;
        if (after.term > before.term || (same_term && keeps_vote)) return;
        wrong(said(node.id) + " " + what + " " + said_of(after) + " after " + said_of(before),
              {node.id});
    }
};

}  // namespace

std::unique_ptr<Check> vote_safety(Check::View view) {
    return std::make_unique<VoteSafety>(std::move(view));
}

}  // namespace rafted::sim
