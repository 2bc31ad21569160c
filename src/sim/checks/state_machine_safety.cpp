// State machine safety (§5.4.3): after the same index every value has the same bytes, gave the same
// result and ran the same operation; snapshots at the same index are equal, with their sessions,
// members and config.
#include <map>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class StateMachineSafety final : public Check {
public:
    explicit StateMachineSafety(View view)
        : Check(std::move(view), {FactKind::applied, FactKind::snapshotted, FactKind::recovered}) {}
    std::string_view name() const override { return "state machine safety"; }

    void on_applied(const Applied& fact) override {
        if (fact.index == Index()) return;
        if (fact.index.value > steps_.size()) steps_.resize(fact.index.value);
        Known& known = steps_[fact.index.value - 1];
        if (!known.is_known) {
            known = {fact.node, fact.operation, fact.result, fact.state, true};
            return;
        }
        if (known.operation != fact.operation) return differs(fact, known, "another operation");
        if (known.result != fact.result) return differs(fact, known, "another result");
        if (!known.state) known.state = fact.state;
        if (fact.state && *fact.state != *known.state) differs(fact, known, "another state");
    }

    void on_snapshotted(const Snapshotted& fact) override {
        const auto [first, is_new] = snapshots_.emplace(fact.meta.index, fact);
        const Snapshotted& known = first->second;
        if (is_new) return;
        if (known.checksum == fact.checksum && known.meta == fact.meta) return;
        const char* what = known.checksum != fact.checksum ? "content" : "list, config or time";
        wrong("snapshots of " + said(fact.node) + " and " + said(known.node) + " at " +
                  said(fact.meta.index) + " differ in their " + what,
              {fact.node, known.node});
    }

    void on_recovered(const Recovered& fact) override {
        if (fact.kept.value < steps_.size()) steps_.resize(fact.kept.value);
        snapshots_.erase(snapshots_.upper_bound(fact.kept), snapshots_.end());
    }

private:
    struct Known {
        NodeId node;
        std::uint64_t operation = 0;
        std::uint64_t result = 0;
        std::optional<std::uint64_t> state{};
        bool is_known = false;
    };

    void differs(const Applied& fact, const Known& known, const char* what) const {
        wrong("after " + said(fact.index) + " " + said(fact.node) + " has " + what + " than " +
                  said(known.node),
              {fact.node, known.node});
    }

    std::vector<Known> steps_;  // that of index 1 first
    std::map<Index, Snapshotted> snapshots_;
};

}  // namespace

std::unique_ptr<Check> state_machine_safety(Check::View view) {
    return std::make_unique<StateMachineSafety>(std::move(view));
}

}  // namespace rafted::sim
