// A member as one number: equal members have equal digests. For searching state spaces, so every
// field counts that can make two members behave differently.
#include "core/checksum.hpp"
#include "core/codec.hpp"
#include "core/member.hpp"

namespace rafted::core {
namespace {

void put(Writer& out, std::uint64_t value) { out.number(value); }
void put(Writer& out, Time time) { out.number(std::int64_t{time.time_since_epoch().count()}); }
void put(Writer& out, const Stamp& stamp) {
    put(out, stamp.round);
    put(out, stamp.sent_at);
}
void put(Writer& out, const SnapshotMeta& meta) { encode(out, meta); }
void put(Writer& out, const std::optional<SnapshotMeta>& meta) {
    put(out, std::uint64_t{meta.has_value()});
    if (meta) put(out, *meta);
}

void put(Writer& out, const Log& log) {
    for (const Index index :
         {log.first(), log.snapshot(), log.applied(), log.committed(), log.stable(), log.last()}) {
        put(out, index.value);
    }
    put(out, log.term_at(log.first() - 1)->value);
    put(out, log.whole_upto().value);
    for (const Entry& entry : log.missing(SIZE_MAX)) put(out, entry.index().value);
    for (Index i = log.first(); i <= log.last(); ++i) put(out, log.at(i).checksum());
}

void put(Writer& out, const Membership& membership) {
    put(out, membership.current_index().value);
    put(out, membership.committed_index().value);
    membership.current().encode(out);
    membership.committed().encode(out);
    for (const NodeId id : membership.forced_out()) put(out, id.value);
}

void put(Writer& out, const Progress& progress) {
    put(out, static_cast<std::uint64_t>(progress.mode));
    put(out, progress.match.value);
    put(out, progress.next.value);
    put(out, std::uint64_t{progress.waits} + 2 * std::uint64_t{progress.answered} +
                 4 * std::uint64_t{progress.caught_up});
    put(out, progress.sent_at);
    put(out, progress.acked);
    put(out, static_cast<std::uint64_t>(progress.quickest.count()));
    put(out, progress.since_round);
    put(out, progress.snapshot);
    put(out, progress.offset);
    put(out, progress.piece);
    put(out, progress.catch_up_target.value);
    put(out, progress.catch_up_started);
}

void put(Writer& out, const Votes& votes) {
    for (const auto& [id, yes] : votes) {
        put(out, id.value);
        put(out, std::uint64_t{yes});
    }
}

void put(Writer& out, const Leader& leader) {
    for (const auto& [id, progress] : leader.followers) {
        put(out, id.value);
        put(out, progress);
    }
    put(out, leader.term_start.value);
    put(out, leader.since);
    put(out, leader.round);
    put(out, leader.read_round);
    for (const PendingRead& read : leader.reads) {
        put(out, read.request);
        put(out, read.index.value);
        put(out, read.round);
    }
    if (!leader.quiescence) return;
    put(out, leader.quiescence->round);
    for (const NodeId id : leader.quiescence->agreed) put(out, id.value);
    put(out, std::uint64_t{leader.is_silent()});
    if (leader.is_silent()) put(out, *leader.quiescence->agreed_at);
}

void put(Writer& out, const RoleState& role) {
    put(out, role.index());
    if (const auto* follower = std::get_if<Follower>(&role)) {
        put(out, std::uint64_t{follower->quiescent});
    }
    if (const auto* pre = std::get_if<PreCandidate>(&role)) put(out, pre->votes);
    if (const auto* candidate = std::get_if<Candidate>(&role)) {
        put(out, candidate->votes);
        put(out, std::uint64_t{candidate->handed_over});
    }
    if (const auto* leader = std::get_if<Leader>(&role)) put(out, *leader);
}

void put_waiting(Writer& out, const State& state) {
    if (const auto& incoming = state.incoming) {
        put(out, incoming->meta);
        put(out, incoming->checksum);
        put(out, incoming->from.value);
        put(out, incoming->term.value);
        put(out, incoming->next_offset);
        put(out, std::uint64_t{incoming->whole});
        put(out, incoming->stamp);
    }
    if (const auto& hand_over = state.hand_over) {
        put(out, hand_over->request);
        put(out, hand_over->target.value);
        put(out, hand_over->deadline);
        put(out, hand_over->after_round);
        put(out, std::uint64_t{hand_over->fired});
        put(out, std::uint64_t{hand_over->if_others_suffice});
    }
    for (const ForcedRequest& forced : state.forced) {
        put(out, forced.request);
        put(out, forced.target.value);
    }
}

}  // namespace

std::uint64_t Member::digest() const {
    Writer out;
    put(out, state_.self.value);
    put(out, state_.random.state());
    encode(out, state_.hard);
    encode(out, state_.stable_hard);
    encode(out, state_.hard.let_go);
    encode(out, state_.stable_hard.let_go);
    put(out, std::uint64_t{state_.hard_written});
    put(out, static_cast<std::uint64_t>(state_.old_log));
    put(out, state_.log);
    put(out, state_.membership);
    for (const ConfigVersion& version : state_.configs) {
        put(out, version.index.value);
        encode(out, version.config);
    }
    out.number(std::int64_t{state_.log_time.count()});
    put(out, state_.role);
    put(out, state_.leader.value);
    put(out, state_.election_at);
    put(out, state_.heard_at);
    put(out, state_.snapshot);
    put_waiting(out, state_);
    put(out, state_.hooks_done.value);
    put(out, std::uint64_t{state_.is_needed});
    return checksum(out.view());
}

}  // namespace rafted::core
