// Order of pointers: snapshot <= applied <= commit <= last; the log has no gap, in memory and on
// disk, and begins right after the snapshot or earlier.
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class OrderOfPointers final : public Check {
public:
    explicit OrderOfPointers(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped, FactKind::synced}) {}
    std::string_view name() const override { return "order of pointers"; }

    void on_started(const Started& start) override { judge(start.node, start.has_gap); }
    void on_stepped(const Stepped& step) override { judge(step.node, step.has_gap); }

    void on_synced(const Synced& sync) override {
        const NodeImage& node = sync.node;
        if (sync.has_gap)
            wrong("the log on the disk of " + said(node.id) + " has a gap", {node.id});
        if (node.disk_log.first() > node.disk_snapshot + 1) {
            wrong("the log on the disk of " + said(node.id) + " begins at " +
                      said(node.disk_log.first()) + ", its snapshot ends at " +
                      to_string(node.disk_snapshot),
                  {node.id});
        }
    }

private:
    void judge(const NodeImage& node, bool has_gap) const {
        const bool in_order = node.snapshot <= node.applied && node.applied <= node.commit &&
                              node.commit <= node.log.last();
        if (in_order && !has_gap && node.log.first() <= node.snapshot + 1) return;
        wrong(said(node.id) +
                  (has_gap ? " has a gap in its log" : " has its pointers out of order") +
                  ": first " + to_string(node.log.first()) + ", snapshot " +
                  to_string(node.snapshot) + ", applied " + to_string(node.applied) + ", commit " +
                  to_string(node.commit) + ", last " + to_string(node.log.last()),
              {node.id});
    }
};

}  // namespace

std::unique_ptr<Check> order_of_pointers(Check::View view) {
    return std::make_unique<OrderOfPointers>(std::move(view));
}

}  // namespace rafted::sim
