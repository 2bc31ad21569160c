// Linearizability, by witness: the log is the order that explains the history. A command stands
// after everything that had been answered ok before it was called, and what a client is told is
// what the value gave at that place. (Queries: "read floor". Equal on all nodes: "state machine
// safety".)
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class Linearizability final : public Check {
public:
    explicit Linearizability(View view)
        : Check(std::move(view), {FactKind::applied, FactKind::replied}) {}
    std::string_view name() const override { return "linearizability"; }

    void on_applied(const Applied& fact) override {
        if (fact.operation == 0) return;
        const Operation* operation = ledger().find(fact.operation);
        if (operation == nullptr || operation->is_lost || fact.index > operation->floor) return;
        wrong("operation " + std::to_string(fact.operation) + " takes place at " +
                  said(fact.index) + ", but " + said(operation->floor) +
                  " had been answered before it was called",
              {fact.node});
    }

    void on_replied(const Replied& fact) override {
        if (fact.outcome != Outcome::ok) return;
        const Operation* operation = ledger().find(fact.operation);
        if (operation == nullptr || operation->is_lost || operation->place == Index()) return;
        const bool is_query = operation->kind != CallKind::command;
        const bool is_told = !is_query || (operation->result != 0 && !operation->results_differ);
        if (!is_told || fact.result == operation->result) return;
        wrong("operation " + std::to_string(fact.operation) +
              " was answered with another result than the value gave at " + said(operation->place));
    }
};

}  // namespace

std::unique_ptr<Check> linearizability(Check::View view) {
    return std::make_unique<Linearizability>(std::move(view));
}

}  // namespace rafted::sim
