// Durability: nothing is promised before it is on disk (votes, vote requests, accepted appends and
// snapshots, terms), and whatever of its disk does not depend on luck is still there when a node
// starts again: term and vote, snapshot, and every entry that no write under way might have taken:
// a truncation, or a received snapshot behind which the log begins anew, as it contradicts it. A
// node that was removed is bound by its hard state alone. Of a disk whose bits have changed no more
// may be missing than its newest write, or the node does not start; every other disk can be read.
// Whom a node has answered to have forced out is in none of its lists any more, until it commits
// one without it (A9): later ones may hold it again. That is, if any list that it had gone by when
// it was asked held it. Else it has forgotten nobody: asked to forget a stranger, as one that has
// just joined is, it says yes, and the lists that it has yet to learn are what they are.
#include <map>
#include <set>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class Durability final : public Check {
public:
    explicit Durability(View view)
        : Check(std::move(view),
                {FactKind::started, FactKind::stepped, FactKind::sent, FactKind::not_started,
                 FactKind::forced_out, FactKind::recovered}) {}
    std::string_view name() const override { return "durability"; }

    void on_started(const Started& start) override {
        const NodeImage& node = start.node;
        const NodeImage& before = start.before;
        const bool binds =
            before.is_durable && node.is_durable && before.group == node.group && before.starts > 0;
        // One that joins again begins with the lists of long ago; so does one whose snapshots are
        // all damaged. Neither votes for less than it had (HardState::let_go).
        const bool has_nothing = start.disk_was_harmed && node.disk_log.last() == Index() &&
                                 node.hard.let_go > core::LogPlace();
        if (before.was_removed || has_nothing) {
            forced_out_.erase(node.id);
            known_.erase(node.id);
        }
        learn(node);
        if (!binds) return;
        judge_forced(node);
        if (start.disk_was_harmed) return judge_harmed(node, before);
        if (node.hard.term < before.disk_hard.term) {
            lost(node, said(before.disk_hard.term));
        }
        if (before.was_removed) return;
        if (node.disk_snapshot < before.disk_snapshot) {
            lost(node, "its snapshot at " + said(before.disk_snapshot));
        }
        const LogImage& log = before.disk_log;
        const Index safe = std::min(before.may_go_from().value_or(log.last() + 1), log.last() + 1);
        const Index covered = std::max(node.disk_snapshot, node.disk_log.base());
        for (Index i = std::max(log.first(), covered + 1); i < safe; ++i) {
            if (node.disk_log.holds(*log.find(i))) continue;
            lost(node, "its entry at " + said(i, log.find(i)->term));
            return;
        }
    }

    void on_sent(const Sent& sent) override {
        const NodeImage& node = sent.from;
        // Of a term that its disk has left behind no word can be checked by the disk as it is now.
        if (!node.is_durable || sent.message.term < node.disk_hard.term) return;
        if (const auto* vote = std::get_if<core::VoteReply>(&sent.message.body)) {
            if (vote->granted && !vote->pre) judge_vote(sent, sent.message.to);
        } else if (const auto* request = std::get_if<core::VoteRequest>(&sent.message.body)) {
            if (!request->pre) judge_vote(sent, node.id);
        } else if (const auto* reply = std::get_if<core::AppendReply>(&sent.message.body)) {
            if (reply->accepted) judge_append(sent, reply->index);
        }
    }

    void on_stepped(const Stepped& step) override {
        if (step.node.members_at != step.members_at_before) learn(step.node);
        if (step.node.commit > step.commit_before) end_promises(step);
        judge_forced(step.node);
    }

    void on_not_started(const NotStarted& fact) override {
        if (fact.disk_was_harmed) return;
        wrong(said(fact.node.id) +
                  " cannot read its disk, to which nothing has happened: " + fact.why,
              {fact.node.id});
    }

    void on_forced_out(const ForcedOut& fact) override {
        const auto& known = known_[fact.node];
        const auto since = known.find(fact.target);
        const bool knew = since != known.end() && since->second <= fact.asked;
        if (knew) forced_out_[fact.node].insert(fact.target);
    }

    void on_recovered(const Recovered&) override { forced_out_.clear(); }

private:
    void judge_harmed(const NodeImage& node, const NodeImage& before) const {
        const NodeImage::Settled& settled = before.settled;
        if (node.hard.term < settled.hard.term) lost(node, said(settled.hard.term));
        const bool keeps_vote = !settled.hard.vote || node.hard.vote == settled.hard.vote;
        if (node.hard.term == settled.hard.term && !keeps_vote) lost(node, "its vote");
        const auto cut = before.may_go_from();
        const bool was_cut = cut && *cut <= settled.last;
        const Index covered = std::max(node.disk_snapshot, node.disk_log.base());
        if (before.was_removed || was_cut || covered >= settled.last) return;
        if (node.disk_log.term_at(settled.last) == settled.last_term) return;
        // All of it may be of no use, without a whole snapshot; it goes by where it ended.
        if (node.hard.let_go >= core::LogPlace{settled.last_term, settled.last}) return;
        lost(node, "its entry at " + said(settled.last, settled.last_term));
    }

    /// Of the lists that it has committed in this step.
    void end_promises(const Stepped& step) {
        const auto forced = forced_out_.find(step.node.id);
        if (forced == forced_out_.end()) return;
        for (auto list = lists_.lower_bound({step.commit_before + 1, Term()});
             list != lists_.end() && list->first.first <= step.node.commit; ++list) {
            const auto& [place, members] = *list;
            if (step.node.log.term_at(place.first) != place.second) continue;
            std::erase_if(forced->second, [&](NodeId id) { return !members.contains(id); });
        }
    }

    void learn(const NodeImage& node) {
        const auto term = node.log.term_at(node.members_at);
        // What a node goes by is the entry's list, unless somebody was forced out on it.
        if (term && node.hard.forced_out.empty()) lists_[{node.members_at, *term}] = node.members;
        for (const core::Peer& peer : node.members.all()) {
            known_[node.id].try_emplace(peer.id, now());
        }
    }

    void judge_forced(const NodeImage& node) const {
        const auto forced = forced_out_.find(node.id);
        if (forced == forced_out_.end()) return;
        for (const NodeId target : forced->second) {
            if (!node.members.contains(target)) continue;
            wrong(said(node.id) + " goes by a list with " + said(target) +
                      ", which it has answered to have forced out",
                  {node.id, target});
        }
    }

    void judge_vote(const Sent& sent, NodeId candidate) const {
        const core::HardState& disk = sent.from.disk_hard;
        if (disk.term == sent.message.term && disk.vote == candidate) return;
        wrong(said(sent.from.id) + " promises its vote in " + said(sent.message.term) + " to " +
                  to_string(candidate) + ", which is not on its disk",
              {sent.from.id, candidate});
    }

    void judge_append(const Sent& sent, Index upto) const {
        const NodeImage& node = sent.from;
        const Index stored = std::max(node.disk_snapshot, node.disk_log.last());
        if (node.disk_hard.term == sent.message.term && stored >= upto) return;
        wrong(said(node.id) + " acknowledges entries up to " + said(upto) + " in " +
                  said(sent.message.term) + ", its disk holds them up to " + to_string(stored) +
                  " and " + said(node.disk_hard.term),
              {node.id});
    }

    void lost(const NodeImage& node, const std::string& what) const {
        wrong(said(node.id) + " starts without " + what + ", which was durable", {node.id});
    }

    std::map<std::pair<Index, Term>, core::Members> lists_;  // by place
    std::map<NodeId, std::set<NodeId>> forced_out_;          // by whom; each answered
    std::map<NodeId, std::map<NodeId, core::Time>> known_;   // by whom; in a list of its since then
};

}  // namespace

std::unique_ptr<Check> durability(Check::View view) {
    return std::make_unique<Durability>(std::move(view));
}

}  // namespace rafted::sim
