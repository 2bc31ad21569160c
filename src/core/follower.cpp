// The follower's side of the log: what it accepts, cuts off and acknowledges (§5.3), and what any
// member does with entries once they are committed.
#include <algorithm>

#include "core/check.hpp"
#include "core/codec.hpp"
#include "core/rules.hpp"

namespace rafted::core::replication {
namespace {

void refuse(Turn& turn, const Message& message, const AppendRequest& request) {
    const Log& log = turn.state.log;
    const Index from = std::min(request.prev_index, log.whole_upto());
    const Index hint = log.newest_with_term_upto(from, request.prev_term);
    turn.promise(message.from, AppendReply{false, hint, log.term_at(hint).value_or(Term()),
                                           request.prev_index, request.stamp});
}

bool contradicts_any(Turn& turn, const Message& message, const AppendRequest& request) {
    if (contradicts(turn, message.from, request.prev_index, request.prev_term)) return true;
    for (const Entry& entry : request.entries) {
        if (entry.index() > turn.state.log.committed()) return false;
        if (contradicts(turn, message.from, entry.index(), entry.term())) return true;
    }
    return false;
}

/// The first entry of the request that this log lacks or contradicts; size() if there is none.
std::size_t first_new(const Log& log, const std::vector<Entry>& entries) {
    std::size_t i = 0;
    while (i < entries.size() && (entries[i].index() <= log.committed() ||
                                  log.holds(entries[i].index(), entries[i].term()))) {
        ++i;
    }
    return i;
}

/// Takes the entries in; returns the last index this request has proved to be as the leader's.
Index take(Turn& turn, const AppendRequest& request) {
    State& state = turn.state;
    owed::fill(turn, request.entries);
    const Index proved = request.prev_index + request.entries.size();
    std::size_t i = first_new(state.log, request.entries);
    if (i == request.entries.size()) return std::max(proved, state.log.committed());
    const Index from = request.entries[i].index();
    // Everything from the conflict on goes, not only the one entry (W1).
    state.log.truncate_from(from);
    std::erase_if(state.configs, [from](const ConfigVersion& v) { return v.index >= from; });
    if (state.membership.truncate_from(from)) changes::follow_members(turn);
    for (; i < request.entries.size(); ++i) {
        // Twice the leader's own limit: a follower whose snapshots lag takes what fits (W19).
        if (state.log.bytes() >= 2 * state.config().max_log_bytes) return state.log.last();
        state.log.append(request.entries[i]);
        proposals::note(turn, request.entries[i]);
    }
    return proved;
}

}  // namespace

bool contradicts(Turn& turn, NodeId leader, Index index, Term term) {
    const Log& log = turn.state.log;
    if (index > log.committed()) return false;
    if (index >= log.first() && !log.at(index).is_whole()) return false;  // The disk has lost it.
    const auto here = log.term_at(index);
    if (!here || *here == term) return false;
    turn.effects.contradiction = Contradiction{index, *here, term, leader};
    return true;
}

bool hear_leader(Turn& turn, const Message& message) {
    State& state = turn.state;
    if (message.term < state.hard.term) return false;
    const bool leads = turn.leader() != nullptr;
    if (leads && message.term == state.hard.term) return false;  // No honest sender says that.
    const bool follows = std::holds_alternative<Follower>(state.role);
    if (message.term > state.hard.term || !follows) {
        election::become_follower(turn, message.term, message.from);
    }
    state.leader = message.from;
    state.is_needed = false;
    state.heard_at = turn.now;
    election::restart_timer(turn);
    return true;
}

void on_append(Turn& turn, const Message& message, const AppendRequest& request) {
    State& state = turn.state;
    if (!hear_leader(turn, message)) {
        // Our larger term tells a leader that was left behind to step down (§5.1). Without a stamp:
        // it may lead our term by now, and must not take this for an answer to what it says there.
        if (message.term < state.hard.term) turn.promise(message.from, AppendReply{});
        return;
    }
    // While a whole snapshot is being put in place, nothing else is appended.
    if (state.incoming && state.incoming->whole) return;
    if (contradicts_any(turn, message, request)) return;
    state.hooks_done = std::max(state.hooks_done, request.hooks_done);
    turn.effects.hooks_done = state.hooks_done;
    const bool agrees = request.prev_index <= state.log.committed() ||
                        state.log.holds(request.prev_index, request.prev_term);
    // What the disk has damaged counts as not here: the leader comes back to it.
    const bool owes = state.log.whole_upto() < request.prev_index;
    if (!agrees || owes) return refuse(turn, message, request);
    const Index taken = take(turn, request);
    const Index proved = std::min(taken, state.log.whole_upto());
    // Never beyond what this request has proved: later entries of ours may be another leader's.
    state.log.commit_to(std::max(state.log.committed(), std::min(request.commit, proved)));
    turn.promise(message.from, AppendReply{true, proved, Term(), Index(), request.stamp});
}

void take_committed(Turn& turn) {
    auto& committed = turn.effects.committed;
    const std::size_t before = committed.size();
    turn.state.log.take_committed(committed);
    for (std::size_t i = before; i < committed.size(); ++i) {
        changes::on_committed(turn, committed[i]);
    }
}

}  // namespace rafted::core::replication
