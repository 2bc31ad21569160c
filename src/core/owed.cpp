// Entries whose bytes a member's disk has damaged ("Protocol-aware recovery for consensus-based
// storage", FAST 2018): it knows their index and term, kind, size and checksum, and asks the others
// for them. Any member gives what it has, whoever leads, if anybody does.
//   1. Who owes an entry acknowledges and commits nothing from there on (Log::whole_upto), and does
//      not stand for election. Its vote is as good as ever: it judges logs by index and term.
//   2. Only the very entry is taken: place, size and checksum must be those that are known.
//   3. A member whose snapshots are all damaged has no use for its log: it starts over, from the
//      leader, and votes for nothing less than it had. It knows no list, so it asks on until it has
//      one: it may have been removed.
#include <algorithm>

#include "core/rules.hpp"

namespace rafted::core::owed {
namespace {

bool is_list(EntryKind kind) {
    return kind != EntryKind::command && kind != EntryKind::open_session;
}

OwedRequest request_of(const State& state) {
    OwedRequest request;
    for (const Entry& entry : state.log.missing(OwedRequest::most)) {
        request.places.push_back({entry.term(), entry.index()});
    }
    return request;
}

/// Who may have what is missing: all that are listed, and all that were heard, for the newest list
/// may be missing itself.
std::set<NodeId> helpers(const State& state) {
    std::set<NodeId> all = state.owing.heard;
    for (const Peer& peer : state.members().all()) all.insert(peer.id);
    all.erase(state.self);
    return all;
}

/// Lists and configs that came back are in force as if they had been here all the time.
void reread_lists(Turn& turn) {
    State& state = turn.state;
    const Index committed = state.log.committed();
    proposals::note_all(turn, state.config());
    state.membership.commit(committed);
    const auto is_past = [&](const ConfigVersion& version) {
        return std::ranges::any_of(state.configs, [&](const ConfigVersion& later) {
            return later.index > version.index && later.index <= committed;
        });
    };
    const auto in_force = std::ranges::find_if_not(state.configs, is_past);
    state.configs.erase(state.configs.begin(), in_force);
    changes::follow_members(turn);
}

}  // namespace

bool asks(const State& state) {
    return state.old_log == OldLog::on_disk || state.log.misses_some();
}

void ask(Turn& turn) {
    State& state = turn.state;
    if (!state.owes() && !state.owing.heard.empty()) state.owing = {};
    if (!asks(state) || turn.now < state.owing.ask_at) return;
    OwedRequest request = request_of(state);
    request.has_nothing = state.old_log == OldLog::on_disk && !state.incoming;
    state.owing.ask_at = turn.now + Duration(state.config().election_timeout);
    for (const NodeId id : helpers(state)) turn.promise(id, request);
}

void on_request(Turn& turn, const Message& message, const OwedRequest& request) {
    const State& state = turn.state;
    OwedReply reply;
    std::uint64_t bytes = 0;
    bool is_compacted = false;
    for (const LogPlace& place : request.places) {
        const bool has = place.index >= state.log.first() &&
                         state.log.holds(place.index, place.term) &&
                         state.log.at(place.index).is_whole();
        is_compacted |= place.index < state.log.first();
        if (!has) {
            reply.lacking.push_back(place.index);
            continue;
        }
        const Entry& entry = state.log.at(place.index);
        const bool fits = bytes + entry.size() <= state.config().max_append_bytes;
        if (!fits && !reply.entries.empty()) break;
        bytes += entry.size();
        reply.entries.push_back(entry);
    }
    if (!request.places.empty()) turn.promise(message.from, std::move(reply));
    Leader* leader = turn.leader();
    if (leader == nullptr || election::tell_removed(turn, message.from)) return;
    const auto at = leader->followers.find(message.from);
    if (at == leader->followers.end()) return;
    // What it lacks went into our snapshot, though by what it once acknowledged it needs none.
    const bool idle = at->second.mode != Progress::Mode::snapshot;
    if (is_compacted && idle && state.snapshot) at->second.become_snapshot(*state.snapshot);
    // Nor does it have what it once acknowledged. When it was heard last stays: this is no answer.
    if (!request.has_nothing) return;
    Progress anew = replication::new_progress(turn);
    anew.acked = at->second.acked;
    anew.answered = at->second.answered;
    at->second = anew;
}

void on_reply(Turn& turn, const Message& message, const OwedReply& reply) {
    State& state = turn.state;
    if (!state.log.owes()) return;
    state.owing.lacking[message.from] = reply.lacking;
    if (!fill(turn, reply.entries)) return;
    OwedRequest rest = request_of(state);
    if (!rest.places.empty()) turn.promise(message.from, std::move(rest));
}

bool fill(Turn& turn, const std::vector<Entry>& entries) {
    State& state = turn.state;
    if (!state.log.owes()) return false;
    bool some = false;
    bool lists = false;
    for (const Entry& entry : entries) {
        if (entry.index() < state.log.first() || !state.log.fill(entry)) continue;
        some = true;
        state.log_time = std::max(state.log_time, entry.time());
        lists |= is_list(entry.kind());
    }
    if (lists) reread_lists(turn);
    return some;
}

bool lists_are_missing(const State& state) {
    if (!state.log.owes()) return false;
    return std::ranges::any_of(state.log.missing(SIZE_MAX),
                               [](const Entry& entry) { return is_list(entry.kind()); });
}

std::vector<Index> lost(const State& state) {
    std::vector<Index> lost;
    for (const Entry& entry : state.log.missing(SIZE_MAX)) {
        const bool nowhere = std::ranges::all_of(state.members().all(), [&](const Peer& peer) {
            const auto said = state.owing.lacking.find(peer.id);
            const bool lacks = said != state.owing.lacking.end() &&
                               std::ranges::count(said->second, entry.index()) > 0;
            return peer.id == state.self || lacks;
        });
        if (nowhere) lost.push_back(entry.index());
    }
    return lost;
}

}  // namespace rafted::core::owed
