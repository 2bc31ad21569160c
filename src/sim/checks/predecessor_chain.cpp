// Predecessor chain: whatever value takes a command, the command it has taken before is always the
// same one, so that nothing is left out, also where no read looks. Only a value that begins from a
// snapshot knows its predecessor no closer than "covered by it". What is handed out to be applied
// has no gap.
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class PredecessorChain final : public Check {
public:
    explicit PredecessorChain(View view)
        : Check(std::move(view),
                {FactKind::started, FactKind::stepped, FactKind::applied, FactKind::recovered}) {}
    std::string_view name() const override { return "predecessor chain"; }

    void on_started(const Started& start) override {
        values_[start.node.id] = {start.node.snapshot, start.node.snapshot > Index(), {}};
    }

    void on_stepped(const Stepped& step) override {
        if (step.restored_to) values_[step.node.id].loads.push_back(*step.restored_to);
    }

    void on_applied(const Applied& fact) override {
        Value& value = values_[fact.node];
        pass_loads(value, fact.index);
        judge(fact, value);
        value.last = fact.index;
        value.is_loaded = false;
    }

    void on_recovered(const Recovered& fact) override {
        if (fact.kept.value < before_.size()) before_.resize(fact.kept.value);
    }

private:
    struct Value {
        Index last;                 ///< Taken last, or covered by what was loaded...
        bool is_loaded = false;     ///< ...if nothing was taken since.
        std::deque<Index> loads{};  ///< Of all the snapshots it may still have before it.
    };

    /// A value may be so far behind that several snapshots are in place before it takes another
    /// command. It is given everything in order, and a snapshot is put in place only where it ends
    /// behind all that was handed out before it (W2, W3). So a command has behind it every load
    /// that ends below its index, and no other.
    static void pass_loads(Value& value, Index command) {
        for (; !value.loads.empty() && value.loads.front() < command; value.loads.pop_front()) {
            value.last = value.loads.front();
            value.is_loaded = true;
        }
    }

    void judge(const Applied& fact, const Value& value) {
        if (fact.index == Index()) return;
        if (fact.index.value > before_.size()) before_.resize(fact.index.value);
        std::optional<Index>& before = before_[fact.index.value - 1];
        if (!before) {
            if (!value.is_loaded) before = value.last;
            return;
        }
        const bool fits = value.is_loaded ? *before <= value.last : *before == value.last;
        if (fits) return;
        wrong("the value of " + said(fact.node) + " takes " + said(fact.index) + " after " +
                  to_string(value.last) + ", elsewhere it follows " + to_string(*before),
              {fact.node});
    }

    std::map<NodeId, Value> values_;
    std::vector<std::optional<Index>> before_;  // that of index 1 first
};

}  // namespace

std::unique_ptr<Check> predecessor_chain(Check::View view) {
    return std::make_unique<PredecessorChain>(std::move(view));
}

}  // namespace rafted::sim
