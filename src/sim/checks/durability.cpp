// Durability: nothing is promised before it is on disk (votes, vote requests, accepted appends and
// snapshots, terms), and whatever of its disk does not depend on luck is still there when a node
// starts again: term and vote, snapshot, and every entry that no truncation under way might have
// taken. A node that was removed is bound by its hard state alone.
#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

class Durability final : public Check {
public:
    explicit Durability(View view) : Check(std::move(view), {FactKind::started, FactKind::sent}) {}
    std::string_view name() const override { return "durability"; }

    void on_started(const Started& start) override {
        const NodeImage& node = start.node;
        const NodeImage& before = start.before;
        const bool binds = before.is_durable && node.is_durable && before.group == node.group &&
                           before.starts > 0 && !start.disk_was_harmed;
        if (!binds) return;
        if (node.hard.term < before.disk_hard.term) {
            lost(node, said(before.disk_hard.term));
        }
        if (before.was_removed) return;
        if (node.disk_snapshot < before.disk_snapshot) {
            lost(node, "its snapshot at " + said(before.disk_snapshot));
        }
        const LogImage& log = before.disk_log;
        const Index safe =
            before.cut_pending ? std::min(*before.cut_pending, log.last() + 1) : log.last() + 1;
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

private:
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
};

}  // namespace

std::unique_ptr<Check> durability(Check::View view) {
    return std::make_unique<Durability>(std::move(view));
}

}  // namespace rafted::sim
