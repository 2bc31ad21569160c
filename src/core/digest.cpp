// A member as one number: equal members have equal digests. For searching state spaces, so every
// field counts that can make two members behave differently.
#include "core/checksum.hpp"
#include "core/codec.hpp"
#include "core/member.hpp"

namespace rafted::core {
namespace {

void mix(Writer& out, std::uint64_t value) { out.number(value); }
void mix(Writer& out, Time time) { out.number(std::int64_t{time.time_since_epoch().count()}); }
void mix(Writer& out, const Stamp& stamp) {
    mix(out, stamp.round);
    mix(out, stamp.sent_at);
}
void mix(Writer& out, const SnapshotMeta& meta) { encode(out, meta); }
void mix(Writer& out, const std::optional<SnapshotMeta>& meta) {
    mix(out, std::uint64_t{meta.has_value()});
    if (meta) mix(out, *meta);
}

void mix(Writer& out, const Log& log) {
    for (const Index index :
         {log.first(), log.snapshot(), log.applied(), log.committed(), log.stable(), log.last()}) {
        mix(out, index.value);
    }
    mix(out, log.term_at(log.first() - 1)->value);
    mix(out, log.whole_upto().value);
    for (const Entry& entry : log.missing(SIZE_MAX)) mix(out, entry.index().value);
    for (Index i = log.first(); i <= log.last(); ++i) mix(out, log.at(i).checksum());
}

void mix(Writer& out, const Membership& membership) {
    mix(out, membership.current_index().value);
    mix(out, membership.committed_index().value);
    membership.current().encode(out);
    membership.committed().encode(out);
    for (const NodeId id : membership.forced_out()) mix(out, id.value);
}

void mix(Writer& out, const Progress& progress) {
    mix(out, static_cast<std::uint64_t>(progress.mode));
    mix(out, progress.match.value);
    mix(out, progress.next.value);
    mix(out, std::uint64_t{progress.waits} + 2 * std::uint64_t{progress.answered} +
                 4 * std::uint64_t{progress.caught_up});
    mix(out, progress.sent_at);
    mix(out, progress.acked);
    mix(out, static_cast<std::uint64_t>(progress.quickest.count()));
    mix(out, progress.since_round);
    mix(out, progress.snapshot);
    mix(out, progress.offset);
    mix(out, progress.piece);
    mix(out, progress.catch_up_target.value);
    mix(out, progress.catch_up_started);
}

void mix(Writer& out, const Votes& votes) {
    for (const auto& [id, yes] : votes) {
        mix(out, id.value);
        mix(out, std::uint64_t{yes});
    }
}

void mix(Writer& out, const Leader& leader) {
    for (const auto& [id, progress] : leader.followers) {
        mix(out, id.value);
        mix(out, progress);
    }
    mix(out, leader.term_start.value);
    mix(out, leader.since);
    mix(out, leader.round);
    mix(out, leader.read_round);
    for (const PendingRead& read : leader.reads) {
        mix(out, read.request);
        mix(out, read.index.value);
        mix(out, read.round);
    }
    if (!leader.quiescence) return;
    mix(out, leader.quiescence->round);
    for (const NodeId id : leader.quiescence->agreed) mix(out, id.value);
    mix(out, std::uint64_t{leader.is_silent()});
    if (leader.is_silent()) mix(out, *leader.quiescence->agreed_at);
}

void mix(Writer& out, const RoleState& role) {
    mix(out, role.index());
    if (const auto* follower = std::get_if<Follower>(&role)) {
        mix(out, std::uint64_t{follower->quiescent});
    }
    if (const auto* pre = std::get_if<PreCandidate>(&role)) mix(out, pre->votes);
    if (const auto* candidate = std::get_if<Candidate>(&role)) {
        mix(out, candidate->votes);
        mix(out, std::uint64_t{candidate->handed_over});
    }
    if (const auto* leader = std::get_if<Leader>(&role)) mix(out, *leader);
}

void put_waiting(Writer& out, const State& state) {
    if (const auto& incoming = state.incoming) {
        mix(out, incoming->meta);
        mix(out, incoming->checksum);
        mix(out, incoming->from.value);
        mix(out, incoming->term.value);
        mix(out, incoming->next_offset);
        mix(out, std::uint64_t{incoming->whole});
        mix(out, incoming->stamp);
    }
    if (const auto& hand_over = state.hand_over) {
        mix(out, hand_over->request);
        mix(out, hand_over->target.value);
        mix(out, hand_over->deadline);
        mix(out, hand_over->after_round);
        mix(out, std::uint64_t{hand_over->fired});
        mix(out, std::uint64_t{hand_over->if_others_suffice});
    }
    for (const ForcedRequest& forced : state.forced) {
        mix(out, forced.request);
        mix(out, forced.target.value);
    }
}

}  // namespace

std::uint64_t Member::digest() const {
    Writer out;
    mix(out, state_.self.value);
    mix(out, state_.random.state());
    encode(out, state_.hard);
    encode(out, state_.stable_hard);
    encode(out, state_.hard.let_go);
    encode(out, state_.stable_hard.let_go);
    mix(out, std::uint64_t{state_.hard_written});
    mix(out, static_cast<std::uint64_t>(state_.old_log));
    mix(out, state_.log);
    mix(out, state_.membership);
    for (const ConfigVersion& version : state_.configs) {
        mix(out, version.index.value);
        encode(out, version.config);
    }
    out.number(std::int64_t{state_.log_time.count()});
    mix(out, state_.role);
    mix(out, state_.leader.value);
    mix(out, state_.election_at);
    mix(out, state_.heard_at);
    mix(out, state_.snapshot);
    put_waiting(out, state_);
    mix(out, state_.hooks_done.value);
    mix(out, std::uint64_t{state_.is_needed});
    return checksum(out.view());
}

}  // namespace rafted::core
