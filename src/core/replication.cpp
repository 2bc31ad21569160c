// The leader's side of the log: sending, answers, commit (§5.3, §5.4.2). Appends follow each other
// without waiting, bounded in bytes; a refusal backs up by whole terms.
#include <algorithm>
#include <utility>

#include "core/reached.hpp"
#include "core/rules.hpp"

namespace rafted::core::replication {
namespace {

/// Position in the log that a message to this follower may lean on.
struct Anchor {
    Index index;
    Term term;
};

Anchor anchor_before(const State& state, Index next) {
    const Index prev = next - 1;
    const auto term = state.log.term_at(prev);
    // Without the term a heartbeat leans on the start of the log, which everybody has.
    return term ? Anchor{prev, *term} : Anchor{};
}

/// Sends what follows `next`; the caller says whether next moves on.
void send_append(Turn& turn, NodeId to, Progress& progress, std::vector<Entry> entries) {
    const State& state = turn.state;
    const Anchor anchor = anchor_before(state, progress.next);
    progress.sent_at = turn.now;
    turn.request(to, AppendRequest{anchor.index,
                                   anchor.term,
                                   state.log.committed(),
                                   state.hooks_done,
                                   {turn.leader()->round, turn.now},
                                   std::move(entries)});
}

/// Bytes that may be under way to a follower. One that lacks more than that of what is committed is
/// in nobody's way, and shall not stand in anybody's: it gets what keeps a line of 256 MiB a second
/// busy for as long as it takes to store anything, so that neither its disk nor our socket is ever
/// taken for long.
std::uint64_t window(const State& state, const Progress& progress) {
    constexpr double bytes_per_second = 256 << 20;
    const GroupConfig& config = state.config();
    const Log& log = state.log;
    const bool lags =
        progress.match < log.committed() &&
        log.bytes_between(progress.match, log.committed()) > config.max_inflight_bytes;
    if (!lags) return config.max_inflight_bytes;
    const double seconds = std::chrono::duration<double>(progress.quickest).count();
    const auto enough = static_cast<std::uint64_t>(bytes_per_second * seconds);
    return std::min(config.max_inflight_bytes, std::max(config.max_append_bytes, enough));
}

bool must_use_snapshot(const State& state, const Progress& progress) {
    return !state.log.reaches(progress.next - 1) && state.snapshot.has_value();
}

/// Sends entries as far as mode and window allow. Returns whether anything went.
bool send_entries(Turn& turn, NodeId to, Progress& progress) {
    const Log& log = turn.state.log;
    const GroupConfig& config = turn.state.config();
    if (progress.mode == Progress::Mode::probe) {
        // One at a time, and the same place again until the follower agrees.
        if (progress.waits || progress.next > log.last()) return false;
        send_append(turn, to, progress, log.slice(progress.next, config.max_append_bytes));
        progress.waits = true;
        return true;
    }
    bool sent = false;
    const auto in_flight = [&] { return log.bytes_between(progress.match, progress.next - 1); };
    const std::uint64_t most = window(turn.state, progress);
    while (progress.next <= log.last() && in_flight() < most) {
        auto entries = log.slice(progress.next, config.max_append_bytes);
        const std::size_t count = entries.size();
        send_append(turn, to, progress, std::move(entries));
        progress.next = progress.next + count;
        sent = true;
    }
    return sent;
}

void send_heartbeat(Turn& turn, NodeId to, Progress& progress) {
    if (progress.mode == Progress::Mode::probe) {
        progress.waits = false;
        if (send_entries(turn, to, progress)) return;
    }
    if (progress.mode != Progress::Mode::snapshot) return send_append(turn, to, progress, {});
    // While a snapshot travels, a heartbeat claims nothing about the log.
    const Index next = std::exchange(progress.next, Index(1));
    send_append(turn, to, progress, {});
    progress.next = next;
}

void send_to(Turn& turn, NodeId to, Progress& progress, bool forced) {
    State& state = turn.state;
    const auto& config = state.config();
    const bool is_due =
        forced || turn.now >= progress.sent_at + Duration(config.heartbeat_interval);
    if (progress.mode != Progress::Mode::snapshot && must_use_snapshot(state, progress)) {
        progress.become_snapshot(*state.snapshot);
    }
    bool sent = false;
    if (progress.mode == Progress::Mode::snapshot) {
        snapshots::send_piece(turn, to, progress);
    } else {
        sent = send_entries(turn, to, progress);
    }
    if (is_due && !sent) send_heartbeat(turn, to, progress);
}

/// An accepted answer: the follower stores everything up to reply.index, as we do.
void on_accepted(Turn& turn, Progress& progress, const AppendReply& reply) {
    const State& state = turn.state;
    if (reply.index > state.log.last()) return;  // Not something this leader ever sent.
    const bool covers_snapshot =
        progress.mode == Progress::Mode::snapshot && reply.index >= progress.snapshot->index;
    if (reply.index > progress.match) {
        progress.match = reply.index;
        progress.quickest = std::min(progress.quickest, turn.now - reply.stamp.sent_at);
    }
    if (covers_snapshot) progress.become_replicate();
    if (progress.mode == Progress::Mode::probe && reply.index + 1 >= progress.next) {
        progress.become_replicate();
    }
    progress.next = std::max(progress.next, progress.match + 1);
    if (progress.catch_up_target <= progress.match && !progress.caught_up) {
        const Duration round = turn.now - progress.catch_up_started;
        progress.caught_up = round < Duration(state.config().election_timeout);
        progress.catch_up_target = state.log.last();
        progress.catch_up_started = turn.now;
    }
}

void on_refused(Turn& turn, Progress& progress, const AppendReply& reply) {
    if (progress.mode == Progress::Mode::snapshot) return;
    // Refusals may be late or doubled: only one for what is still open moves anything.
    const bool open = progress.mode == Progress::Mode::replicate
                          ? reply.refused_prev > progress.match
                          : reply.refused_prev + 1 == progress.next;
    if (!open) return;
    progress.become_probe();
    // Fast back-up: skip whole terms that cannot agree (end of §5.3).
    const Index agree = turn.state.log.newest_with_term_upto(reply.index, reply.index_term);
    progress.next = std::max(progress.match + 1, std::min(agree + 1, reply.refused_prev));
}

}  // namespace

Progress new_progress(const Turn& turn) {
    const State& state = turn.state;
    Progress progress;
    progress.next = state.log.last() + 1;
    progress.acked = {0, turn.now};
    progress.since_round = turn.leader()->round + 1;
    progress.sent_at = turn.now - Duration(state.config().heartbeat_interval);
    progress.catch_up_target = state.log.last();
    progress.catch_up_started = turn.now;
    return progress;
}

Progress* hear_follower(Turn& turn, const Message& message, const Stamp& stamp) {
    State& state = turn.state;
    if (message.term > state.hard.term && state.members().contains(message.from)) {
        election::become_follower(turn, message.term, NodeId());
        return nullptr;
    }
    Leader* leader = turn.leader();
    if (leader == nullptr || message.term != state.hard.term) return nullptr;
    const auto at = leader->followers.find(message.from);
    if (at == leader->followers.end()) return nullptr;
    Progress& progress = at->second;
    // An answer to what was sent before it was removed and added again proves nothing.
    if (stamp.round < progress.since_round || stamp.round > leader->round) return nullptr;
    progress.answered = true;
    if (stamp.round > progress.acked.round) progress.acked = stamp;
    return &progress;
}

void on_reply(Turn& turn, const Message& message, const AppendReply& reply) {
    Progress* progress = hear_follower(turn, message, reply.stamp);
    if (progress == nullptr) return;
    reply.accepted ? on_accepted(turn, *progress, reply) : on_refused(turn, *progress, reply);
}

void send(Turn& turn, bool everyone) {
    Leader* leader = turn.leader();
    if (leader == nullptr || leader->is_silent()) return;
    ++leader->round;
    const std::size_t before = turn.effects.send_now.size();
    for (auto& [id, progress] : leader->followers) send_to(turn, id, progress, everyone);
    if (everyone) leader->read_round = leader->round;
    const bool sent = turn.effects.send_now.size() > before;
    if (!sent && !everyone) --leader->round;
    if (sent) leader->quiescence.reset();  // who gets this does not keep silent any more
}

void advance_commit(Turn& turn) {
    const Leader* leader = turn.leader();
    if (leader == nullptr) return;
    State& state = turn.state;
    const auto theirs = [](const Progress& progress) { return progress.match; };
    const Index index = reached_by_voters(state, *leader, state.log.stable(), theirs);
    // §5.4.2: only entries of our own term commit by counting.
    if (index > state.log.committed() && index >= leader->term_start) state.log.commit_to(index);
}

}  // namespace rafted::core::replication
