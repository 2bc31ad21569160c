// What a seat says of itself (D13), to whom it says that it serves, and why it refuses. Reads only;
// needs no leader and waits for nobody.
#include "core/rules.hpp"
#include "host/seat.hpp"

namespace rafted::host {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// Damaged entries named in an alarm.
constexpr std::size_t most_listed = 1'000;

void add_progress(MemberInfo& info, const core::Progress& progress, const core::Log& log,
                  core::Time now) {
    info.match = progress.match;
    info.lag = log.last() - progress.match;
    if (progress.answered) {
        info.last_contact = duration_cast<milliseconds>(now - progress.acked.sent_at);
    }
}

std::vector<MemberInfo> members_of(const core::State& state, core::Time now) {
    std::vector<MemberInfo> members;
    const auto* leader = std::get_if<core::Leader>(&state.role);
    for (const core::Peer& peer : state.members().all()) {
        MemberInfo info{peer.id, peer.address, peer.standing, {}, {}, {}};
        if (leader != nullptr && peer.id == state.self) {
            info.match = state.log.stable();
            info.lag = state.log.last() - state.log.stable();
            info.last_contact = milliseconds(0);
        } else if (leader != nullptr) {
            const auto at = leader->followers.find(peer.id);
            if (at != leader->followers.end()) add_progress(info, at->second, state.log, now);
        }
        members.push_back(std::move(info));
    }
    return members;
}

/// "3, 5..7"
std::string ranges_of(const std::vector<Index>& indexes) {
    std::string text;
    for (std::size_t i = 0; i < indexes.size();) {
        std::size_t last = i;
        while (last + 1 < indexes.size() && indexes[last + 1] == indexes[last] + 1) ++last;
        text += (text.empty() ? "" : ", ") + to_string(indexes[i]);
        if (last > i) text += ".." + to_string(indexes[last]);
        i = last + 1;
    }
    return text;
}

std::vector<Index> indexes_of(const std::vector<core::Entry>& entries) {
    std::vector<Index> indexes;
    for (const core::Entry& entry : entries) indexes.push_back(entry.index());
    return indexes;
}

}  // namespace

Error Seat::not_leader() const {
    Error error{ErrorCode::not_leader, {}, std::nullopt};
    const NodeId leader = member_.state().leader;
    const core::Peer* peer = member_.state().members().find(leader);
    if (fenced_) error.message = "the disk of " + services_.address + " has failed";
    if (peer != nullptr && leader != services_.self) {
        error.leader = LeaderHint{leader, peer->address};
    } else if (!fenced_) {
        error.message = "no leader is known here";
    }
    return error;
}

/// Nobody leads, and what is missing here no member has that has answered: none can lead.
std::optional<Error> Seat::lost_entries() const {
    const core::State& state = member_.state();
    if (state.leader || !state.log.owes()) return std::nullopt;
    const auto lost = core::owed::lost(state);
    if (lost.empty()) return std::nullopt;
    return Error{ErrorCode::corrupt,
                 "entries " + ranges_of(lost) +
                     " are damaged on every member that answers; the group goes on when one comes "
                     "back that has them",
                 std::nullopt};
}

Status Seat::status(core::Time now) const {
    const core::State& state = member_.state();
    Status status;
    status.group = record_.name;
    status.group_id = record_.group;
    status.cluster = services_.cluster();
    status.from = services_.self;
    status.address = services_.address;
    status.members = members_of(state, now);
    if (const core::Peer* leader = state.members().find(state.leader)) {
        status.leader = LeaderHint{leader->id, leader->address};
    }
    status.unresponsive_followers = member_.unresponsive(now);
    status.current_term = state.hard.term;
    status.role = member_.role();
    status.config = state.config();
    status.last = state.log.last();
    status.commit = state.log.committed();
    status.applied = applied_;
    status.snapshot = state.snapshot ? state.snapshot->index : Index();
    status.log_bytes = state.log.bytes();
    status.sessions = sessions_;
    status.lease_valid = member_.has_lease(now);
    status.quiescent = static_cast<bool>(silent_under());
    status.disk = services_.storage.state();
    if (stopped_) status.alarms.push_back("stopped: " + to_string(*stopped_));
    if (fenced_) status.alarms.push_back("fenced: " + to_string(*fenced_));
    if (status.disk == DiskState::full) status.alarms.push_back("the disk is full");
    if (pulse_.silence(now) >= disk_patience()) status.alarms.push_back("the disk does not answer");
    if (unreadable_) {
        status.alarms.push_back("the snapshot cannot be read: " + to_string(*unreadable_));
    }
    const auto& trouble = snapshotter_.trouble();
    if (trouble && status.disk != DiskState::full) {
        status.alarms.push_back("no snapshot can be saved: " + to_string(*trouble));
    }
    if (const auto lost = lost_entries()) {
        status.alarms.push_back(to_string(*lost));
    } else if (state.old_log != core::OldLog::none) {
        status.alarms.push_back(
            "the snapshots on this disk are damaged; the leader is asked for another");
    } else if (state.log.owes()) {
        const auto missing = indexes_of(state.log.missing(most_listed));
        status.alarms.push_back("entries " + ranges_of(missing) +
                                " are damaged on this disk; they are fetched from other members");
    }
    for (const NodeId node : state.membership.forced_out()) {
        status.alarms.push_back("member " + to_string(node) +
                                " was removed by force here; it leaves the group's list as soon as "
                                "this member leads");
    }
    if (hooks_.size() > status.config.max_hook_backlog) {
        status.alarms.push_back("leader hooks lag: " + std::to_string(hooks_.size()) + " wait");
    }
    for (const NodeId node : status.unresponsive_followers) {
        status.alarms.push_back("member " + to_string(node) + " does not answer");
    }
    return status;
}

void Seat::when_ready(std::function<void(Result<void>)> done) {
    if (stopped_) return done(std::unexpected(*stopped_));
    ready_.push_back(std::move(done));
    check_ready();
}

void Seat::check_ready() {
    if (ready_.empty()) return;
    const auto& state = member_.state();
    const core::Members members = state.membership.committed();
    const core::Peer* self = members.find(services_.self);
    const bool belongs = self != nullptr && self->standing != Standing::joining;
    bool serves = belongs && state.leader && applied_ == state.log.committed();
    if (const auto* leader = std::get_if<core::Leader>(&state.role)) {
        serves = applied_ >= leader->term_start;
    }
    if (!serves) return;
    for (auto& done : std::exchange(ready_, {})) done({});
}

}  // namespace rafted::host
