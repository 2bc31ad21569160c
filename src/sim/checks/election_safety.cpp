// Election safety (§5.2): in the whole history at most one node leads in a term.
#include <map>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class ElectionSafety final : public Check {
public:
    explicit ElectionSafety(View view)
        : Check(std::move(view), {FactKind::stepped, FactKind::recovered}) {}
    std::string_view name() const override { return "election safety"; }

    void on_stepped(const Stepped& step) override {
        if (step.node.role != Role::leader) return;
        const Term term = step.node.hard.term;
        if (step.role_before == Role::leader && step.hard_before.term == term) return;
        const auto [first, is_new] = leaders_.emplace(term, step.node.id);
        if (is_new || first->second == step.node.id) return;
        wrong(said(step.node.id) + " leads in " + said(term) + ", in which " + said(first->second) +
                  " has led",
              {step.node.id, first->second});
    }

    void on_recovered(const Recovered&) override { leaders_.clear(); }

private:
    std::map<Term, NodeId> leaders_;
};

}  // namespace

std::unique_ptr<Check> election_safety(Check::View view) {
    return std::make_unique<ElectionSafety>(std::move(view));
}

}  // namespace rafted::sim
