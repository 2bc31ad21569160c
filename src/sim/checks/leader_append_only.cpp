// Leader append-only (§5.3): as long as a node leads in one term it never truncates or replaces its
// own log.
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class LeaderAppendOnly final : public Check {
public:
    explicit LeaderAppendOnly(View view) : Check(std::move(view), {FactKind::stepped}) {}
    std::string_view name() const override { return "leader append-only"; }

    void on_stepped(const Stepped& step) override {
        // Whoever led before and is in the same term has been nothing but this term's leader.
        if (step.role_before != Role::leader) return;
        if (step.hard_before.term != step.node.hard.term) return;
        if (step.truncated_from) {
            wrong(said(step.node.id) + ", leader of " + said(step.node.hard.term) +
                      ", truncates its log from " + said(*step.truncated_from),
                  {step.node.id});
        }
        if (step.restored_to) {
            wrong(said(step.node.id) + ", leader of " + said(step.node.hard.term) +
                      ", replaces its log by a snapshot at " + said(*step.restored_to),
                  {step.node.id});
        }
    }
};

}  // namespace

std::unique_ptr<Check> leader_append_only(Check::View view) {
    return std::make_unique<LeaderAppendOnly>(std::move(view));
}

}  // namespace rafted::sim
