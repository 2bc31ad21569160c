// Leader completeness (§5.4): whoever is elected holds, in its log or its snapshot, every entry
// that was committed in an earlier term. (One that wins late may lack what a later term has
// committed.)
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class LeaderCompleteness final : public Check {
public:
    explicit LeaderCompleteness(View view) : Check(std::move(view), {FactKind::stepped}) {}
    std::string_view name() const override { return "leader completeness"; }

    void on_stepped(const Stepped& step) override {
        const NodeImage& node = step.node;
        const bool leads_on =
            step.role_before == Role::leader && step.hard_before.term == node.hard.term;
        if (node.role != Role::leader || leads_on) return;
        const Index covered = std::max(node.snapshot, node.log.base());
        for (Index i = covered + 1; i <= commits().last(); ++i) {
            const auto term = commits().term_at(i);
            if (!term || commits().said_in(i) >= node.hard.term) continue;
            if (node.log.term_at(i) == *term) continue;
            wrong(said(node.id) + " is elected in " + said(node.hard.term) +
                      " without the entry at " + said(i, *term) + ", committed in " +
                      said(commits().said_in(i)),
                  {node.id});
            return;
        }
    }
};

}  // namespace

std::unique_ptr<Check> leader_completeness(Check::View view) {
    return std::make_unique<LeaderCompleteness>(std::move(view));
}

}  // namespace rafted::sim
