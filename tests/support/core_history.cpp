#include "support/core_history.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/quorum.hpp"
#include "support/core_cluster.hpp"

namespace rafted::test {
namespace {

std::string place(Index index, Term term) {
    return to_string(index) + " of term " + to_string(term);
}

}  // namespace

void History::violate(std::string text) {
    // The first few tell the story; a broken run would tell the rest without end.
    if (violations_.size() < 20) violations_.push_back(std::move(text));
}

void History::on_step(const StepFacts& facts) {
    const core::Member& after = facts.after;
    for (const auto& entry : facts.effects.append) on_appended(after, entry);
    if (const auto& meta = facts.effects.load_snapshot) {
        on_committed(after.id(), meta->index, meta->term);
    }
    for (const auto& entry : facts.effects.committed) {
        on_committed(after.id(), entry.index(), entry.term());
    }
    const bool is_new =
        after.leads() && (!facts.before.leads() || facts.before.term() != after.term());
    if (is_new) on_elected(after);
}

void History::on_elected(const core::Member& leader) {
    const auto [at, first] = leaders_.insert({leader.term(), leader.id()});
    if (!first && at->second != leader.id()) {
        violate("election safety: two leaders in term " + to_string(leader.term()));
    }
    const core::Log& log = leader.state().log;
    for (const auto& [index, term] : committed_) {
        if (index <= log.snapshot() || index < log.first()) continue;
        if (log.holds(index, term)) continue;
        violate("leader completeness: the leader of term " + to_string(leader.term()) +
                " lacks committed " + place(index, term));
        return;
    }
}

void History::on_appended(const core::Member& member, const core::Entry& entry) {
    const auto before = member.state().log.term_at(entry.index() - 1);
    if (!before) return;  // A snapshot has taken its place within the same step.
    const Place here{entry.checksum(), *before};
    const auto [at, first] = places_.insert({{entry.index(), entry.term()}, here});
    const bool same =
        at->second.checksum == here.checksum && at->second.term_before == here.term_before;
    if (!first && !same) {
        violate("log matching: two different entries " + place(entry.index(), entry.term()));
    }
}

void History::on_committed(NodeId id, Index index, Term term) {
    const auto [at, first] = committed_.insert({index, term});
    if (!first && at->second != term) {
        violate("committed is immutable: " + to_string(id) + " has " + place(index, term) +
                " where term " + to_string(at->second) + " was committed");
    }
}

void History::on_hard_state(NodeId id, const core::HardState& state) {
    core::HardState& known = durable_[id];
    if (state.term < known.term) violate("vote safety: a durable term went back");
    known = state;
    if (!state.vote) return;
    const auto [at, first] = votes_.insert({{id, state.term}, state.vote});
    if (!first && at->second != state.vote) {
        violate("vote safety: " + to_string(id) + " voted twice in term " + to_string(state.term));
    }
}

void History::on_applied(NodeId id, Index index, std::uint64_t digest) {
    const auto [at, first] = digests_.insert({index, digest});
    if (!first && at->second != digest) {
        violate("state machine safety: " + to_string(id) + " differs at " + to_string(index));
    }
}

void History::on_leader_commit(const StepFacts& facts, const std::map<NodeId, const Disk*>& disks) {
    const core::State& state = facts.after.state();
    const Index index = state.log.committed();
    const auto term = state.log.term_at(index);
    if (term != facts.after.term()) {
        violate("commit rule: a leader counted an entry of an older term at " + to_string(index));
        return;
    }
    const auto is_stored = [&](const core::Peer& peer) {
        if (peer.standing != Standing::voter || !disks.contains(peer.id)) return false;
        const Disk& disk = *disks.at(peer.id);
        return (disk.snapshot && disk.snapshot->index >= index) || disk.holds(index, *term);
    };
    for (const auto* member : {&facts.before, &facts.after}) {
        const core::Members& members = member->state().members();
        const auto stored = std::ranges::count_if(members.all(), is_stored);
        if (static_cast<std::size_t>(stored) >= core::majority(members.voter_count())) return;
    }
    violate("commit rule: " + place(index, *term) + " is not durable on a majority");
}

void History::on_read(NodeId id, Index floor, Index index) {
    if (index < floor) {
        violate("read floor: " + to_string(id) + " serves a read at " + to_string(index) +
                " though " + to_string(floor) + " was committed before it was asked");
    }
}

bool History::on_wake(NodeId id, core::Time now, core::Time wake_at) {
    if (wake_at > now) return false;
    violate("no busy loop: " + to_string(id) + " wants to be woken in the past");
    return true;
}

void History::on_message(const core::Member& author, const core::Message& message) {
    const auto* vote = std::get_if<core::VoteRequest>(&message.body);
    const auto* reply = std::get_if<core::VoteReply>(&message.body);
    // Only a pre-vote and a grant of one speak of a term that nobody is in yet.
    const bool ahead = (vote != nullptr && vote->pre) || (reply != nullptr && reply->pre);
    if (message.term > author.term() && !ahead) {
        violate("terms on the wire: " + to_string(author.id()) + " speaks of term " +
                to_string(message.term) + " before it is in it");
    }
}

}  // namespace rafted::test
