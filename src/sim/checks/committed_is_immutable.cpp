// Committed is immutable: once any node has said that an entry is committed, no node ever says that
// another one is at that index, truncates it, or gives another one to its value.
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class CommittedIsImmutable final : public Check {
public:
    explicit CommittedIsImmutable(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped, FactKind::applied}) {}
    std::string_view name() const override { return "committed is immutable"; }

    void on_started(const Started& start) override {
        const NodeImage& node = start.node;
        if (node.disk_snapshot == Index()) return;
        judge(node.id, "starts with a snapshot that ends with", node.disk_snapshot,
              node.disk_snapshot_term);
    }

    void on_stepped(const Stepped& step) override {
        const NodeImage& node = step.node;
        if (step.truncated_from && *step.truncated_from <= step.commit_before) {
            wrong(said(node.id) + " truncates from " + said(*step.truncated_from) +
                      ", but knows of commits up to " + to_string(step.commit_before),
                  {node.id});
        }
        for (Index i = step.commit_before + 1; i <= node.commit; ++i) {
            if (const auto term = node.log.term_at(i)) judge(node.id, "commits", i, *term);
        }
    }

    void on_applied(const Applied& fact) override {
        judge(fact.node, "gives its value", fact.index, fact.term);
    }

private:
    void judge(NodeId node, const char* what, Index index, Term term) const {
        const auto known = commits().term_at(index);
        if (!known || *known == term) return;
        wrong(said(node) + " " + what + " " + said(index, term) + ", where the entry of " +
                  said(*known) + " was committed",
              {node});
    }
};

}  // namespace

std::unique_ptr<Check> committed_is_immutable(Check::View view) {
    return std::make_unique<CommittedIsImmutable>(std::move(view));
}

}  // namespace rafted::sim
