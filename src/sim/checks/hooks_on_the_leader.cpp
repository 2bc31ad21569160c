// Hooks (docs/hooks.md): they run on a sitting leader alone, within one leadership in log order and
// no command's twice; for commands that stay committed, with the right mark of a replay; a query's
// never before those of the commands it saw; on_elected once per leadership, on_restored right
// before it and once per start of a node; and each acknowledged command's hook has run somewhere.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

constexpr const char* names[] = {"command", "query", "added", "removed", "elected", "restored"};

class HooksOnTheLeader final : public Check {
public:
    explicit HooksOnTheLeader(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped, FactKind::hook,
                                  FactKind::recovered, FactKind::calm, FactKind::ended}) {}
    std::string_view name() const override { return "hooks"; }

    void on_started(const Started& start) override { nodes_[start.node.id].has_restored = false; }

    void on_stepped(const Stepped& step) override {
        const NodeImage& node = step.node;
        const bool leads_on =
            step.role_before == Role::leader && step.hard_before.term == node.hard.term;
        if (node.role != Role::leader || leads_on) return;
        const auto own = std::ranges::find(step.appended, node.hard.term, &EntryMark::term);
        Node& known = nodes_[node.id];
        const bool has_restored = known.has_restored;
        known = Node{};
        known.has_restored = has_restored;
        known.since = own == step.appended.end() ? node.log.last() + 1 : own->index;
    }

    void on_hook(const HookRan& hook) override {
        Node& known = nodes_[hook.node];
        judge_leadership(hook, known);
        switch (hook.kind) {
            case HookKind::query: judge_query(hook); break;
            case HookKind::command: judge_command(hook, known); [[fallthrough]];
            case HookKind::added:
            case HookKind::removed: judge_order(hook, known); break;
            case HookKind::elected:
            case HookKind::restored: judge_own(hook, known); break;
        }
        if (hook.kind == HookKind::query) {
            known.last_query = std::max(known.last_query, hook.index);
        } else {
            known.last = std::max(known.last, hook.index);
        }
        known.is_after_restored = hook.kind == HookKind::restored;
    }

    void on_recovered(const Recovered& fact) override {
        if (fact.kept.value < ran_.size()) ran_.resize(fact.kept.value);
    }

    void on_calm(const Calm& fact) override { calm_since_ = fact.since; }

    void on_ended(const Ended&) override {
        // Hooks of what was acknowledged at the very end may be waiting still.
        if (!has_commands_ || !calm_since_) return;
        for (const Operation& operation : ledger().all()) {
            const bool is_due = operation.kind == CallKind::command && !operation.is_lost &&
                                operation.outcome == Outcome::ok &&
                                operation.replied_at < *calm_since_;
            if (!is_due || has_run(operation.place)) continue;
            wrong("the hook of operation " + std::to_string(operation.id) + " at " +
                  said(operation.place) + " has run on no leader");
            return;
        }
    }

private:
    struct Node {
        bool has_restored = false;  ///< Since its start.
        // Of its newest leadership:
        Index since;  ///< Its first own entry.
        Index last;   ///< Of the events in log order.
        Index last_command;
        Index last_query;
        bool has_elected = false;
        bool is_after_restored = false;
    };

    void judge_leadership(const HookRan& hook, const Node& known) const {
        const NodeImage* node = image(hook.node);
        const bool leads =
            node != nullptr && node->role == Role::leader && node->hard.term == hook.term;
        if (!leads) report(hook, "runs on a node that does not lead in " + said(hook.term));
        if (leads && hook.replaying != (hook.index < known.since)) {
            report(hook, std::string(hook.replaying ? "is" : "is not") +
                             " marked as a replay; this leadership began at " + said(known.since));
        }
        if (hook.index > commits().last()) report(hook, "runs before its event is committed");
        if (known.is_after_restored && hook.kind != HookKind::elected) {
            report(hook, "comes between on_restored_from_files and on_elected");
        }
    }

    void judge_order(const HookRan& hook, const Node& known) const {
        if (hook.index < known.last) report(hook, "comes after that of " + said(known.last));
        if (hook.index <= known.last_query) {
            report(hook, "comes after that of a query which saw " + said(known.last_query));
        }
        if (known.has_elected && hook.index < known.since) {
            report(hook, "is of an earlier leadership and comes after on_elected");
        }
    }

    void judge_command(const HookRan& hook, Node& known) {
        has_commands_ = true;
        if (hook.index <= known.last_command) report(hook, "runs twice within one leadership");
        known.last_command = std::max(known.last_command, hook.index);
        const Operation* operation = ledger().find(hook.operation);
        const bool is_other =
            operation != nullptr && !operation->is_lost && operation->place != hook.index;
        if (is_other) {
            report(hook, "is of operation " + std::to_string(hook.operation) +
                             ", which has run at " + said(operation->place));
        }
        if (hook.index == Index()) return;
        if (hook.index.value > ran_.size()) ran_.resize(hook.index.value);
        ran_[hook.index.value - 1] = true;
    }

    void judge_query(const HookRan& hook) const {
        const Operation* operation = ledger().find(hook.operation);
        if (operation != nullptr && operation->kind != CallKind::query) {
            report(hook, "is of operation " + std::to_string(hook.operation) +
                             ", which is no linearizable query");
        }
    }

    void judge_own(const HookRan& hook, Node& known) const {
        judge_order(hook, known);
        if (known.has_elected) report(hook, "runs after on_elected of the same leadership");
        if (hook.index != known.since) {
            report(hook,
                   "stands elsewhere than the leadership's first entry, " + said(known.since));
        }
        if (hook.kind == HookKind::elected) {
            known.has_elected = true;
        } else if (std::exchange(known.has_restored, true)) {
            report(hook, "runs twice after one start");
        }
    }

    bool has_run(Index place) const {
        return place > Index() && place.value <= ran_.size() && ran_[place.value - 1];
    }

    void report(const HookRan& hook, const std::string& what) const {
        wrong("the " + std::string(names[static_cast<std::size_t>(hook.kind)]) + " hook at " +
                  said(hook.index) + " on " + said(hook.node) + " " + what,
              {hook.node});
    }

    std::map<NodeId, Node> nodes_;
    std::vector<bool> ran_;  // commands' hooks, from index 1
    bool has_commands_ = false;
    std::optional<core::Time> calm_since_;
};

}  // namespace

std::unique_ptr<Check> hooks_on_the_leader(Check::View view) {
    return std::make_unique<HooksOnTheLeader>(std::move(view));
}

}  // namespace rafted::sim
