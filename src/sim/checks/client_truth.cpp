// Client truth: a command answered with ok has run and, at the end, is within what the members that
// are up know to be committed; one answered with "no" runs on no node, neither before nor after; a
// query answered with ok was answered by a value.
#include <algorithm>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class ClientTruth final : public Check {
public:
    explicit ClientTruth(View view)
        : Check(std::move(view), {FactKind::applied, FactKind::replied, FactKind::ended}) {}
    std::string_view name() const override { return "client truth"; }

    void on_applied(const Applied& fact) override {
        if (fact.operation == 0) return;
        const Operation* operation = ledger().find(fact.operation);
        if (operation == nullptr || operation->outcome != Outcome::no) return;
        wrong("operation " + std::to_string(fact.operation) + " runs at " + said(fact.index) +
                  " on " + said(fact.node) + ", its client was told that it never will",
              {fact.node});
    }

    void on_replied(const Replied& fact) override {
        const Operation* operation = ledger().find(fact.operation);
        if (operation == nullptr || operation->is_lost) return;
        const bool has_run = operation->place > Index();
        if (fact.outcome == Outcome::ok && !has_run) {
            wrong("operation " + std::to_string(fact.operation) +
                  " was answered with ok and has not taken place");
        }
        if (fact.outcome == Outcome::no && has_run && operation->kind == CallKind::command) {
            wrong("operation " + std::to_string(fact.operation) + " has run at " +
                  said(operation->place) + ", its client is told that it never will");
        }
    }

    void on_ended(const Ended&) override {
        Index newest;
        bool is_any_up = false;
        for (const auto& [id, node] : images()) {
            if (!node.is_up) continue;
            is_any_up = true;
            newest = std::max(newest, node.commit);
        }
        if (!is_any_up || newest >= ledger().floor()) return;
        wrong("what stands at " + said(ledger().floor()) +
              " was answered with ok; at the end no node knows of commits beyond " +
              to_string(newest));
    }
};

}  // namespace

std::unique_ptr<Check> client_truth(Check::View view) {
    return std::make_unique<ClientTruth>(std::move(view));
}

}  // namespace rafted::sim
