// Only voters count (§5.2, §6): whoever is elected is a voter of the list it goes by, or is just
// being removed by it (thesis §4.2.2: until that is committed it may be needed), or has been asked
// for its vote by somebody in whose list it had one. And a majority of its own list's voters has
// voted for it in that term, durably (a node without a disk: in memory). Who has voted in two terms
// at once, as one that stood still may, has only the later one on its disk: the earlier vote counts
// once it is said, as in that term there can be no other.
// That learners' disks count for no commit is part of the commit rule.
#include <map>
#include <set>

#include "core/quorum.hpp"
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class OnlyVotersCount final : public Check {
public:
    explicit OnlyVotersCount(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped, FactKind::synced,
                                  FactKind::sent, FactKind::recovered}) {}
    std::string_view name() const override { return "only voters count"; }

    void on_started(const Started& start) override { note(start.node.id, start.node.hard); }

    void on_synced(const Synced& sync) override {
        const core::HardState& now = sync.node.disk_hard;
        const core::HardState& before = sync.hard_before;
        if (now.term != before.term || now.vote != before.vote) note(sync.node.id, now);
    }

    void on_sent(const Sent& sent) override {
        const NodeImage& from = sent.from;
        if (std::holds_alternative<core::VoteRequest>(sent.message.body) &&
            from.members.is_voter(sent.message.to)) {
            asked_.insert(sent.message.to);
        }
        const auto* vote = std::get_if<core::VoteReply>(&sent.message.body);
        if (vote == nullptr || !vote->granted || vote->pre || !from.is_durable) return;
        const Term term = sent.message.term;
        const auto [said, is_first] = said_.emplace(std::pair(from.id, term), sent.message.to);
        const bool is_one = is_first || said->second == sent.message.to;
        if (is_one && term < from.disk_hard.term) votes_[{term, sent.message.to}][from.id] = true;
    }

    void on_stepped(const Stepped& step) override {
        const NodeImage& node = step.node;
        const bool same_hard = node.hard.term == step.hard_before.term;
        const bool same_vote = same_hard && node.hard.vote == step.hard_before.vote;
        if (!node.is_durable && !same_vote) note(node.id, node.hard);
        const bool leads_on = same_hard && step.role_before == Role::leader;
        if (node.role == Role::leader && !leads_on) judge(node, step.members_before);
    }

    void on_recovered(const Recovered&) override {
        votes_.clear();
        said_.clear();
        asked_.clear();
    }

private:
    void note(NodeId voter, const core::HardState& state) {
        if (state.vote) votes_[{state.term, state.vote}][voter] = true;
    }

    /// It may have forced out a voter in the very step in which it was elected, after that.
    void judge(const NodeImage& node, const core::Members& before) const {
        if (!node.members.is_voter(node.id) && !node.is_changing && !asked_.contains(node.id)) {
            wrong(said(node.id) + " leads in " + said(node.hard.term) +
                      " and is no voter of its own list",
                  {node.id});
        }
        const auto votes = votes_.find({node.hard.term, node.id});
        const auto wins_by = [&](const core::Members& members) {
            return core::tally(members, votes->second) == core::Tally::won;
        };
        const bool has_won = votes != votes_.end() && (wins_by(node.members) || wins_by(before));
        if (has_won) return;
        wrong(said(node.id) + " leads in " + said(node.hard.term) +
                  " without durable votes of a majority of its voters",
              {node.id});
    }

    std::map<std::pair<Term, NodeId>, core::Votes> votes_;  // by term and candidate
    std::map<std::pair<NodeId, Term>, NodeId> said_;        // by voter and term; to whom first
    std::set<NodeId> asked_;
};

}  // namespace

std::unique_ptr<Check> only_voters_count(Check::View view) {
    return std::make_unique<OnlyVotersCount>(std::move(view));
}

}  // namespace rafted::sim
