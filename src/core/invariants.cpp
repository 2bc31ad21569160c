// What must hold of one member's state at any time (check), and of what may change between two
// moments (check_step). Called after every step in simulation and debug builds.
#include <algorithm>

#include "core/check.hpp"
#include "core/member.hpp"
#include "core/rules.hpp"

namespace rafted::core {
namespace {

void check_leader(const State& state, const Leader& leader) {
    CHECK(state.leader == state.self, "a leader knows that it leads");
    CHECK(state.election_at == never, "a leader holds no election");
    CHECK(state.hard.vote == state.self, "a leader voted for itself");
    CHECK(!state.log.owes(), "a leader has all of its log");
    CHECK(state.stable_hard.term == state.hard.term, "a leader's term is on disk");
    const bool began = leader.term_start < state.log.first() ||
                       state.log.holds(leader.term_start, state.hard.term);
    CHECK(began, "a leader's term has begun");
    for (const Peer& peer : state.members().all()) {
        const bool known = peer.id == state.self || leader.followers.contains(peer.id);
        CHECK(known, "a leader follows every member with a progress");
    }
    for (const auto& [id, progress] : leader.followers) {
        CHECK(id != state.self, "a leader does not replicate to itself");
        CHECK(progress.match < progress.next, "progress: match < next");
        CHECK(progress.match <= state.log.last(), "progress: match within the log");
        const bool sends_snapshot = progress.mode == Progress::Mode::snapshot;
        CHECK(sends_snapshot == progress.snapshot.has_value(), "progress: mode fits snapshot");
    }
    CHECK(!leader.is_silent() || leader.reads.empty(), "a silent leader owes nobody an answer");
    CHECK(std::ranges::is_sorted(leader.reads, {}, &PendingRead::round), "reads by round");
}

void check_entries(const State& state) {
    for (Index i = state.log.first(); i <= state.log.last(); ++i) {
        CHECK(state.log.at(i).index() == i, "an entry stands where its index says");
        CHECK(state.log.at(i).term() <= state.hard.term, "no entry is from a later term");
        CHECK(*state.log.term_at(i - 1) <= state.log.at(i).term(), "terms never fall in a log");
    }
}

}  // namespace

void Member::check() const {
    state_.log.check();
    check_entries(state_);
    CHECK(state_.stable_hard.term <= state_.hard.term, "the disk is not ahead of the member");
    CHECK(!state_.configs.empty(), "some config is in force");
    CHECK(std::ranges::is_sorted(state_.configs, {}, &ConfigVersion::index), "configs in order");
    if (const auto* leader = std::get_if<Leader>(&state_.role)) check_leader(state_, *leader);
    if (const auto* follower = std::get_if<Follower>(&state_.role)) {
        CHECK(!follower->quiescent || (state_.election_at == never && state_.leader),
              "who keeps silent holds no election and has a leader");
    }
    if (std::holds_alternative<Candidate>(state_.role)) {
        CHECK(state_.hard.vote == state_.self, "a candidate voted for itself");
    }
}

void Member::check_step(const Member& before) const {
    const State& was = before.state_;
    CHECK(state_.self == was.self, "a member stays itself");
    CHECK(state_.hard.term >= was.hard.term, "terms never go back (§5.1)");
    const bool same_term = state_.hard.term == was.hard.term;
    CHECK(!same_term || !was.hard.vote || state_.hard.vote == was.hard.vote,
          "one vote per term (§5.2)");
    CHECK(state_.hard.let_go >= was.hard.let_go, "what was let go is not forgotten");
    CHECK(state_.log.committed() >= was.log.committed(), "commit never goes back");
    CHECK(state_.log.applied() >= was.log.applied(), "applied never goes back");
    CHECK(state_.log.snapshot() >= was.log.snapshot(), "snapshots never go back (W3)");
    CHECK(state_.log_time >= was.log_time, "log time never goes back");
    if (same_term && before.leads() && leads()) {
        // §5.3: a leader only appends.
        for (Index i = std::max(state_.log.first(), was.log.first()); i <= was.log.last(); ++i) {
            CHECK(state_.log.at(i).term() == was.log.at(i).term(), "a leader only appends");
        }
    }
    for (Index i = std::max(state_.log.first(), was.log.first()); i <= was.log.committed(); ++i) {
        CHECK(state_.log.term_at(i) == was.log.term_at(i), "what is committed stays");
    }
}

}  // namespace rafted::core
