// Log time (decision D6: sessions end by it): it never falls along a log, whatever the wall clock
// of a leader does. Judged at every entry that is appended or read back, against the one before it.
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class LogTimeCheck final : public Check {
public:
    explicit LogTimeCheck(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped}) {}
    std::string_view name() const override { return "log time"; }

    void on_started(const Started& start) override {
        const LogImage& log = start.node.log;
        for (Index i = log.first(); i <= log.last(); ++i) judge(start.node, *log.find(i));
    }

    void on_stepped(const Stepped& step) override {
        for (const EntryMark& entry : step.appended) judge(step.node, entry);
    }

private:
    void judge(const NodeImage& node, const EntryMark& entry) const {
        const EntryMark* before = node.log.find(entry.index - 1);
        if (before == nullptr || before->time <= entry.time) return;
        wrong("the log time of " + said(node.id) + " falls by " +
                  std::to_string((before->time - entry.time).count()) + " at " +
                  said(entry.index, entry.term),
              {node.id});
    }
};

}  // namespace

std::unique_ptr<Check> log_time(Check::View view) {
    return std::make_unique<LogTimeCheck>(std::move(view));
}

}  // namespace rafted::sim
