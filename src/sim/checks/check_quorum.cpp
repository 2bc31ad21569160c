// Check-quorum (thesis §6.2): nobody leads on who has not heard a majority of its voters, itself
// included, for more than two election timeouts by its own clock. Judged at each of its steps, in
// favour of the leader: whoever it begins to count on was heard then, any answer of its term is a
// word of now however late it is, and of two configs the longer timeout counts. While it is silent,
// as all have agreed, it hears nobody: they count from when it speaks again.
#include <algorithm>
#include <map>
#include <vector>

#include "core/quorum.hpp"
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class CheckQuorum final : public Check {
public:
    explicit CheckQuorum(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped}) {}
    std::string_view name() const override { return "check-quorum"; }

    void on_started(const Started& start) override { leads_.erase(start.node.id); }

    void on_stepped(const Stepped& step) override {
        const NodeImage& node = step.node;
        if (node.role != Role::leader) {
            leads_.erase(node.id);
            return;
        }
        Lead& lead = leads_[node.id];
        if (lead.term != node.hard.term) lead = {node.hard.term, {}, node.election_timeout, false};
        if (lead.was_silent) lead.heard.clear();
        lead.was_silent = node.is_silent;
        for (const NodeId id : step.heard) lead.heard[id] = node.clock;
        judge(node, lead);
        lead.timeout = node.election_timeout;
    }

private:
    struct Lead {
        Term term;
        std::map<NodeId, core::Time> heard;  // by its own clock
        core::Duration timeout{};            // of the config in force before the step
        bool was_silent = false;
    };

    void judge(const NodeImage& node, Lead& lead) const {
        std::vector<core::Time> heard;
        for (const core::Peer& peer : node.members.all()) {
            if (peer.standing != Standing::voter) continue;
            const auto [at, is_new] = lead.heard.emplace(peer.id, node.clock);
            heard.push_back(peer.id == node.id ? node.clock : at->second);
        }
        if (heard.empty()) return;
        const core::Duration patience = 2 * std::max(lead.timeout, node.election_timeout);
        const core::Time since = core::reached_by_majority(std::span(heard));
        if (patience == core::Duration::zero() || node.clock < since + patience) return;
        const auto silence =
            std::chrono::duration_cast<std::chrono::milliseconds>(node.clock - since);
        wrong(said(node.id) + " leads on in " + said(node.hard.term) +
                  ", but has not heard a majority for " + std::to_string(silence.count()) +
                  " ms by its own clock",
              {node.id});
    }

    std::map<NodeId, Lead> leads_;
};

}  // namespace

std::unique_ptr<Check> check_quorum(Check::View view) {
    return std::make_unique<CheckQuorum>(std::move(view));
}

}  // namespace rafted::sim
