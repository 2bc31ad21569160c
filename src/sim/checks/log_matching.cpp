// Log matching (§5.3): wherever two logs hold entries of the same index and term, the entries are
// equal, and so is everything before them. By induction it is enough that such an entry always has
// the same content and follows an entry of the same term; also one that a received snapshot leaves
// behind it.
#include <map>
#include <optional>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class LogMatching final : public Check {
public:
    explicit LogMatching(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped, FactKind::recovered}) {}
    std::string_view name() const override { return "log matching"; }

    void on_started(const Started& start) override {
        const LogImage& log = start.node.log;
        for (Index i = log.first(); i <= log.last(); ++i) judge(start.node, *log.find(i));
    }

    void on_stepped(const Stepped& step) override {
        if (step.restored_to) {
            const EntryMark* left = step.node.log.find(*step.restored_to + 1);
            if (left != nullptr) judge(step.node, *left);
        }
        for (const EntryMark& entry : step.appended) judge(step.node, entry);
    }

    void on_recovered(const Recovered& fact) override {
        if (fact.kept.value < first_.size()) first_.resize(fact.kept.value);
        std::erase_if(others_, [&](const auto& at) { return at.first.first > fact.kept; });
    }

private:
    struct Known {
        Term term;
        Term term_before;
        std::uint64_t checksum = 0;
        bool is_known = false;
    };

    void judge(const NodeImage& node, const EntryMark& entry) {
        const auto before = node.log.term_at(entry.index - 1);
        if (!before) return;  // The start of the log has moved on within the same step.
        const Known here{entry.term, *before, entry.checksum, true};
        const Known& known = learn(entry.index, here);
        if (known.checksum != here.checksum) {
            wrong(said(node.id) + " holds another entry at " + said(entry.index, entry.term) +
                      " than was seen there first",
                  {node.id});
        } else if (known.term_before != here.term_before) {
            wrong(said(node.id) + " holds " + said(entry.index, entry.term) +
                      " after an entry of " + said(here.term_before) +
                      ", elsewhere it follows one of " + said(known.term_before),
                  {node.id});
        }
    }

    const Known& learn(Index index, const Known& here) {
        if (index.value > first_.size()) first_.resize(index.value);
        Known& first = first_[index.value - 1];
        if (!first.is_known) first = here;
        if (first.term == here.term) return first;
        return others_.emplace(std::pair{index, here.term}, here).first->second;
    }

    std::vector<Known> first_;  // the first seen at each index, from 1; most see no other
    std::map<std::pair<Index, Term>, Known> others_;
};

}  // namespace

std::unique_ptr<Check> log_matching(Check::View view) {
    return std::make_unique<LogMatching>(std::move(view));
}

}  // namespace rafted::sim
