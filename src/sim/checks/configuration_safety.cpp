// Configuration safety (§6; thesis §4): a list that a leader brings shares a voter, in any two
// majorities, with the list before it and with the last one committed up to its term; a leader
// appends a change only when no other is open and an entry of its own term is committed; one entry
// means one list; a snapshot's list is the one at its index; nobody goes by a list that its log
// does not reach. A leader that others have outvoted may not know it, nor their lists, and its own
// need not meet theirs: but it must be void. Once a later term has committed anything, too few
// voters are left in the leader's term to commit what it brings. After a removal by force, which
// is outside of all this, majorities are not compared any more.
#include <algorithm>
#include <map>

#include "core/quorum.hpp"
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

bool always_meet(const core::Members& one, const core::Members& other) {
    if (one.voter_count() == 0 || other.voter_count() == 0) return true;
    std::size_t both = 0;
    for (const core::Peer& peer : one.all()) {
        if (one.is_voter(peer.id) && other.is_voter(peer.id)) ++both;
    }
    const std::size_t all = one.voter_count() + other.voter_count() - both;
    return core::majority(one.voter_count()) + core::majority(other.voter_count()) > all;
}

bool brings_list(core::EntryKind kind) {
    return kind == core::EntryKind::members || kind == core::EntryKind::elected ||
           kind == core::EntryKind::founding;
}

class ConfigurationSafety final : public Check {
public:
    explicit ConfigurationSafety(View view)
        : Check(std::move(view), {FactKind::started, FactKind::stepped, FactKind::snapshotted,
                                  FactKind::recovered}) {}
    std::string_view name() const override { return "configuration safety"; }

    void on_started(const Started& start) override {
        if (start.node.id == survivor_) forget_what_is_lost(start.node);
        learn(start.node);
    }

    void on_stepped(const Stepped& step) override {
        const NodeImage& node = step.node;
        if (!node.hard.forced_out.empty()) was_forced_ = true;
        if (node.members_at > node.log.last()) {
            wrong(said(node.id) + " goes by the list of " + said(node.members_at) +
                      ", its log ends at " + to_string(node.log.last()),
                  {node.id});
        }
        if (node.members_at == step.members_at_before && node.hard == step.hard_before) return;
        if (node.role == Role::leader) judge_leader(step);
        if (node.members_at != step.members_at_before) learn(node);
    }

    void on_snapshotted(const Snapshotted& fact) override {
        const auto newest = std::find_if(lists_.rbegin(), lists_.rend(), [&](const auto& list) {
            return list.first.first <= fact.meta.index &&
                   commits().term_at(list.first.first) == list.first.second;
        });
        if (newest == lists_.rend() || newest->second.empty()) return;
        if (newest->second == fact.meta.members) return;
        wrong("the snapshot of " + said(fact.node) + " at " + said(fact.meta.index) +
                  " does not have the list of " + said(newest->first.first),
              {fact.node});
    }

    void on_recovered(const Recovered& fact) override {
        was_forced_ = false;
        recovered_at_ = fact.kept;
        survivor_ = fact.node.id;
    }

private:
    void judge_leader(const Stepped& step) {
        const NodeImage& node = step.node;
        bool is_new = false;
        for (const EntryMark& entry : step.appended) {
            if (entry.term != node.hard.term || !brings_list(entry.kind)) continue;
            is_new |= entry.index == node.members_at;
            if (entry.kind == core::EntryKind::members) judge_change(step, entry);
        }
        if (!is_new || was_forced_) return;
        if (!always_meet(step.members_before, node.members)) {
            wrong(said(node.id) + " brings a list at " + said(node.members_at) +
                      " of which a majority misses one of the list before it",
                  {node.id});
        }
        const core::Members* committed = last_committed(node);
        if (committed != nullptr && !always_meet(*committed, node.members)) {
            wrong(said(node.id) + " brings a list at " + said(node.members_at) +
                      " of which a majority misses one of the list committed last",
                  {node.id});
        }
        if (is_outvoted(node.hard.term) && can_commit(node.members, node.hard.term)) {
            wrong(said(node.id) + " brings a list at " + said(node.members_at) +
                      " that a majority of it can still commit in " + said(node.hard.term) +
                      ", after " + said(*commits().term_at(commits().last())) +
                      " has committed without it",
                  {node.id});
        }
    }

    /// Of a committed log the last entry has the latest term.
    bool is_outvoted(Term term) const {
        const auto latest = commits().term_at(commits().last());
        return latest && *latest > term;
    }

    /// Who is on disk in a later term takes nothing of this one any more (§5.1).
    bool can_commit(const core::Members& members, Term term) const {
        const auto takes = std::ranges::count_if(members.all(), [&](const core::Peer& peer) {
            if (peer.standing != Standing::voter) return false;
            const NodeImage* voter = image(peer.id);
            if (voter == nullptr) return true;
            const core::HardState& kept = voter->is_durable ? voter->disk_hard : voter->hard;
            return !voter->is_gone && kept.term <= term;
        });
        return static_cast<std::size_t>(takes) >= core::majority(members.voter_count());
    }

    void judge_change(const Stepped& step, const EntryMark& entry) const {
        const NodeImage& node = step.node;
        if (step.members_at_before > node.commit && step.members_at_before < entry.index) {
            wrong(said(node.id) + " changes the list at " + said(entry.index) + " while that of " +
                      said(step.members_at_before) + " is not committed",
                  {node.id});
        }
        if (node.log.term_at(node.commit) != node.hard.term) {
            wrong(said(node.id) + " changes the list at " + said(entry.index) +
                      " before an entry of its own " + said(node.hard.term) + " is committed",
                  {node.id});
        }
    }

    /// The newest list that leaders up to this one's term have committed, by this incarnation: all
    /// of them must be known to it, and of those that later ones commit only what it has found to
    /// be committed itself.
    const core::Members* last_committed(const NodeImage& leader) const {
        for (auto list = lists_.rbegin(); list != lists_.rend(); ++list) {
            const auto [at, term] = list->first;
            if (at <= recovered_at_) return nullptr;
            if (commits().term_at(at) != term) continue;
            if (at <= leader.commit || commits().said_in(at) <= leader.hard.term) {
                return &list->second;
            }
        }
        return nullptr;
    }

    /// What a node goes by is the entry's list, unless somebody was forced out on it.
    void learn(const NodeImage& node) {
        if (!node.hard.forced_out.empty()) was_forced_ = true;
        const auto term = node.log.term_at(node.members_at);
        if (!term || node.members.empty()) return;
        core::Members& known = lists_[{node.members_at, *term}];
        if (!node.hard.forced_out.empty()) return;  // There is a list, but this is not it.
        if (known.empty()) known = node.members;
        if (known == node.members) return;
        wrong(said(node.id) + " goes by another list of " + said(node.members_at, *term) +
                  " than was seen first",
              {node.id});
    }

    /// All that the survivor's disk holds lives on and is committed now, be it that it never was:
    /// snapshots have the lists of that, too. Where it begins with its own list, lost members may
    /// have had another of the same term.
    void forget_what_is_lost(const NodeImage& survivor) {
        std::erase_if(lists_, [&](const auto& list) {
            const auto [index, term] = list.first;
            const bool lives_on =
                index < survivor.members_at && survivor.log.term_at(index) == term;
            return index > recovered_at_ && !lives_on;
        });
        survivor_ = NodeId();
    }

    std::map<std::pair<Index, Term>, core::Members> lists_;  // Empty: not seen as it is.
    bool was_forced_ = false;
    Index recovered_at_;
    NodeId survivor_;  ///< Goes on alone, and has not started yet.
};

}  // namespace

std::unique_ptr<Check> configuration_safety(Check::View view) {
    return std::make_unique<ConfigurationSafety>(std::move(view));
}

}  // namespace rafted::sim
