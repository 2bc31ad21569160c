// Snapshots between members (§7), piece by piece, and the log's start after one of our own. The
// bytes never pass through here: pieces name an offset, the host puts the bytes in and takes them.
#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "core/rules.hpp"

namespace rafted::core::snapshots {
namespace {

/// The stamp to answer with: a leader that lost its lead and won it back does not know the old one.
Stamp stamp_now(const Turn& turn, const Incoming& incoming) {
    return incoming.term == turn.state.hard.term ? incoming.stamp : Stamp{};
}

void accept(Turn& turn, const Incoming& incoming, Index index) {
    const Stamp stamp = stamp_now(turn, incoming);
    turn.promise(incoming.from, AppendReply{true, index, Term(), Index(), stamp});
}

/// A leader cannot read any more what it was sending.
void give_newest_instead(Turn& turn, const SnapshotMeta& meta) {
    const auto& newest = turn.state.snapshot;
    if (turn.leader() == nullptr || !newest || *newest == meta) return;
    for (auto& [id, progress] : turn.leader()->followers) {
        if (progress.snapshot == meta) progress.become_snapshot(*newest);
    }
}

/// Up to here a follower will be when it has the snapshot it is getting. The log goes on there, or
/// it would need the next snapshot at once, and then the one after it. No more than a quarter of a
/// log is kept for this (at half of it the next snapshot is due), and none for who is silent.
Index awaited(const Turn& turn, Index upto) {
    const State& state = turn.state;
    const auto* leader = std::get_if<Leader>(&state.role);
    if (leader == nullptr) return upto;
    Index least = upto;
    for (const auto& [id, progress] : leader->followers) {
        if (!progress.snapshot || contact::is_unresponsive(state, id, turn.now)) continue;
        const Index then = std::max(progress.match, progress.snapshot->index);
        const bool reaches = then + 1 >= state.log.first() && then < upto;
        if (!reaches) continue;
        const auto bytes = state.log.bytes_between(then, upto);
        if (bytes <= state.config().max_log_bytes / 4) least = std::min(least, then);
    }
    return least;
}

}  // namespace

void send_piece(Turn& turn, NodeId to, Progress& progress) {
    const Duration patience = turn.state.config().election_timeout;
    if (progress.waits && turn.now < progress.piece.sent_at + patience) return;
    // One that has begun is brought to its end, however many newer ones there are by now: with the
    // newest instead, a follower slower than our snapshots would begin anew for ever.
    if (progress.offset == 0) progress.become_snapshot(*turn.state.snapshot);
    progress.waits = true;
    progress.piece = {turn.leader()->round, turn.now};
    turn.request(to, SnapshotPiece{*progress.snapshot, progress.offset, {}, false, progress.piece});
}

void on_piece(Turn& turn, const Message& message, const SnapshotPiece& piece) {
    State& state = turn.state;
    if (!replication::hear_leader(turn, message)) return;
    if (replication::contradicts(turn, message.from, piece.meta.index, piece.meta.term)) return;
    auto& incoming = state.incoming;
    if (incoming && incoming->whole) return;
    const Incoming here{piece.meta, piece.checksum, message.from, message.term,
                        0,          false,          piece.stamp};
    // Older than what we have: nothing goes back (W2, W3), and the leader learns where we are.
    if (piece.meta.index <= state.log.committed()) {
        return accept(turn, here, state.log.committed());
    }
    // Another member may have the same snapshot in other bytes.
    const bool same =
        incoming && incoming->meta == piece.meta && incoming->checksum == piece.checksum;
    if (!same) incoming = here;
    incoming->from = message.from;
    incoming->term = message.term;
    incoming->stamp = piece.stamp;
    if (piece.offset == incoming->next_offset && !(piece.data.empty() && !piece.last)) {
        incoming->next_offset += piece.data.size();
        incoming->whole = piece.last;
        turn.effects.snapshot_to_save.push_back(piece);
        if (piece.last) return;  // Answered when it is verified and in place.
    }
    turn.promise(message.from, SnapshotReply{piece.meta.index, incoming->next_offset, piece.stamp});
}

void on_reply(Turn& turn, const Message& message, const SnapshotReply& reply) {
    Progress* progress = replication::hear_follower(turn, message, reply.stamp);
    if (progress == nullptr || progress->mode != Progress::Mode::snapshot) return;
    if (progress->snapshot->index != reply.index || progress->piece != reply.stamp) return;
    progress->offset = reply.next_offset;
    progress->waits = false;
}

void on_installed(Turn& turn, const SnapshotMeta& meta) {
    State& state = turn.state;
    if (!state.incoming || !(state.incoming->meta == meta)) return;
    const Incoming incoming = *std::exchange(state.incoming, std::nullopt);
    CHECK(meta.index > state.log.committed(), "a snapshot was installed under a commit");
    const bool keeps_log = state.log.holds(meta.index, meta.term);
    state.log.restore(meta.index, meta.term);
    state.membership.restore(meta.index, meta.members, keeps_log);
    std::erase_if(state.configs, [&](const ConfigVersion& version) {
        return !keeps_log || version.index <= meta.index;
    });
    state.configs.insert(state.configs.begin(), {meta.index, meta.config});  // W10
    state.log_time = std::max(state.log_time, meta.time);
    state.snapshot = meta;
    turn.effects.load_snapshot = meta;
    changes::follow_members(turn);
    accept(turn, incoming, meta.index);
}

void on_broken(Turn& turn, const SnapshotMeta& meta) {
    give_newest_instead(turn, meta);
    auto& incoming = turn.state.incoming;
    if (!incoming || !(incoming->meta == meta)) return;
    incoming->next_offset = 0;
    incoming->whole = false;
    turn.promise(incoming->from, SnapshotReply{meta.index, 0, stamp_now(turn, *incoming)});
}

void on_saved(Turn& turn, const SnapshotMeta& meta) {
    State& state = turn.state;
    if (state.snapshot && meta.index <= state.snapshot->index) return;
    state.snapshot = meta;
    const auto keep = state.config().log_bytes_kept;
    const Index kept =
        std::min(state.log.index_keeping(keep, meta.index), awaited(turn, meta.index));
    state.log.compact(meta.index, meta.term, kept + 1);
    turn.effects.compact_below = state.log.first();
}

}  // namespace rafted::core::snapshots
