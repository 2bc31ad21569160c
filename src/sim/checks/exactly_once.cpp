// Exactly once (§6.3 of the thesis): an operation runs at one index alone, however often its client
// or the network repeats it, with the same result wherever it runs; and none runs that nobody
// called.
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class ExactlyOnce final : public Check {
public:
    explicit ExactlyOnce(View view) : Check(std::move(view), {FactKind::applied}) {}
    std::string_view name() const override { return "exactly once"; }

    void on_applied(const Applied& fact) override {
        if (fact.operation == 0) return;
        const Operation* operation = ledger().find(fact.operation);
        if (operation == nullptr) {
            wrong(said(fact.node) + " runs operation " + std::to_string(fact.operation) +
                      ", which nobody has called",
                  {fact.node});
        } else if (operation->place != fact.index) {
            wrong("operation " + std::to_string(fact.operation) + " has run at " +
                      said(operation->place) + " and runs again at " + said(fact.index) + " on " +
                      said(fact.node),
                  {fact.node});
        } else if (operation->result != fact.result) {
            wrong("operation " + std::to_string(fact.operation) + " gives another result on " +
                      said(fact.node) + " than where it ran first",
                  {fact.node});
        }
    }
};

}  // namespace

std::unique_ptr<Check> exactly_once(Check::View view) {
    return std::make_unique<ExactlyOnce>(std::move(view));
}

}  // namespace rafted::sim
