// Read floor: a linearizable query is answered by a value that has taken everything that had been
// answered ok before the query was called, reads of its own client and of all others among it: so
// no client ever goes back. Not judged once clocks drift beyond the margin that leases rely on.
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class ReadFloor final : public Check {
public:
    explicit ReadFloor(View view)
        : Check(std::move(view), {FactKind::queried, FactKind::clocks_off}) {}
    std::string_view name() const override { return "read floor"; }

    void on_queried(const Queried& fact) override {
        if (fact.is_stale || are_clocks_off_) return;
        const Operation* operation = ledger().find(fact.operation);
        if (operation == nullptr || operation->is_lost || fact.index >= operation->floor) return;
        wrong(said(fact.node) + " answers query " + std::to_string(fact.operation) + " of client " +
                  std::to_string(operation->client) + " at " + said(fact.index) + ", but " +
                  said(operation->floor) + " had been answered before it was called",
              {fact.node});
    }

    void on_clocks_off(const ClocksOff&) override { are_clocks_off_ = true; }

private:
    bool are_clocks_off_ = false;
};

}  // namespace

std::unique_ptr<Check> read_floor(Check::View view) {
    return std::make_unique<ReadFloor>(std::move(view));
}

}  // namespace rafted::sim
