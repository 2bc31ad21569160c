// Monotonic numbers: within one life of a node its term, commit and applied indexes never go back,
// its value takes entries upwards, and never one beyond what the node knows to be committed. (What
// a restart may not undo is for "vote safety" and "durability" to say.)
#include <map>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class MonotonicNumbers final : public Check {
public:
    explicit MonotonicNumbers(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped, FactKind::applied}) {}
    std::string_view name() const override { return "monotonic numbers"; }

    void on_started(const Started& start) override { taken_[start.node.id] = start.node.snapshot; }

    void on_stepped(const Stepped& step) override {
        const NodeImage& node = step.node;
        if (node.hard.term < step.hard_before.term) {
            went_back(node, "term", step.hard_before.term.value, node.hard.term.value);
        }
        if (node.commit < step.commit_before) {
            went_back(node, "commit", step.commit_before.value, node.commit.value);
        }
        if (node.applied < step.applied_before) {
            went_back(node, "applied", step.applied_before.value, node.applied.value);
        }
    }

    void on_applied(const Applied& fact) override {
        Index& taken = taken_[fact.node];
        if (fact.index <= taken) {
            wrong("the value of " + said(fact.node) + " takes " + said(fact.index) + " after " +
                      said(taken),
                  {fact.node});
        }
        taken = fact.index;
        const NodeImage* node = image(fact.node);
        if (node != nullptr && fact.index > node->commit) {
            wrong("the value of " + said(fact.node) + " takes " + said(fact.index) +
                      ", but it knows of commits up to " + to_string(node->commit),
                  {fact.node});
        }
    }

private:
    void went_back(const NodeImage& node, const char* what, std::uint64_t from,
                   std::uint64_t to) const {
        wrong(said(node.id) + ": " + what + " goes back from " + std::to_string(from) + " to " +
                  std::to_string(to),
              {node.id});
    }

    std::map<NodeId, Index> taken_;
};

}  // namespace

std::unique_ptr<Check> monotonic_numbers(Check::View view) {
    return std::make_unique<MonotonicNumbers>(std::move(view));
}

}  // namespace rafted::sim
