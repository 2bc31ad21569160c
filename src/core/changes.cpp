// Members come and go one at a time, after the leader has committed an entry of its own term
// (§6 as amended in 2015; thesis §4); configs change by the log. Refusals come in the order of
// behaviour A7 and A8.
#include <algorithm>
#include <optional>

#include "core/check.hpp"
#include "core/codec.hpp"
#include "core/rules.hpp"

namespace rafted::core::changes {
namespace {

using Act = ChangeMembers::Act;

/// W6: a new leader may not know whether its predecessor's last change was committed.
bool may_append_list(const Turn& turn) {
    const Leader* leader = turn.leader();
    return leader != nullptr && turn.state.log.committed() >= leader->term_start &&
           !turn.state.membership.is_changing();
}

/// Who is forced out here is out of no committed list yet: another change would be two at once, and
/// lists that differ by two voters have majorities that do not meet (thesis §4.1).
bool may_change(const Turn& turn) {
    return may_append_list(turn) && turn.state.membership.forced_out().empty();
}

/// B.4: a responsive voter may go only if the responsive ones stay a majority without it.
bool would_break_quorum(const Turn& turn, NodeId target) {
    const State& state = turn.state;
    if (!state.members().is_voter(target)) return false;
    if (contact::is_unresponsive(state, target, turn.now)) return false;
    std::size_t voters = 0;
    std::size_t responsive = 0;
    for (const Peer& peer : state.members().all()) {
        if (peer.standing != Standing::voter || peer.id == target) continue;
        ++voters;
        const bool is_self = peer.id == state.self;
        if (is_self || !contact::is_unresponsive(state, peer.id, turn.now)) ++responsive;
    }
    return responsive < majority(voters);
}

/// Nobody begins as a voter: it would count before it has caught up (W17).
bool may_be_added(const Peer& peer) {
    return peer.id && (peer.standing == Standing::joining || peer.standing == Standing::learner);
}

std::optional<ErrorCode> refusal_of_target(const Turn& turn, const ChangeMembers& input) {
    const State& state = turn.state;
    const NodeId target = input.peer.id;
    const Peer* peer = state.members().find(target);
    switch (input.act) {
        case Act::add:
            if (peer != nullptr) return ErrorCode::already_member;
            return may_be_added(input.peer) ? std::nullopt : std::optional(ErrorCode::invalid);
        case Act::promote:
            if (peer == nullptr) return ErrorCode::not_member;
            if (peer->standing == Standing::voter) return ErrorCode::already_member;
            if (contact::is_unresponsive(state, target, turn.now)) return ErrorCode::unresponsive;
            return std::nullopt;
        case Act::remove:
            if (target == state.self) return ErrorCode::cannot_remove_leader;
            if (peer == nullptr) return ErrorCode::not_member;
            if (would_break_quorum(turn, target)) return ErrorCode::would_break_quorum;
            return std::nullopt;
        case Act::set_address:
            if (peer == nullptr) return ErrorCode::not_member;
            return std::nullopt;
    }
    return ErrorCode::invalid;
}

Members changed(const Members& members, const ChangeMembers& input) {
    if (input.act == Act::remove) return members.without(input.peer.id);
    if (input.act == Act::add) return members.with(input.peer);
    Peer peer = *members.find(input.peer.id);
    if (input.act == Act::set_address) peer.address = input.peer.address;
    // A promoted member first catches up, so that a laggard never counts (W17).
    if (input.act == Act::promote) peer.standing = Standing::joining;
    return members.with(std::move(peer));
}

Index append_members(Turn& turn, const Members& members) {
    return proposals::append(turn, EntryKind::members, encode(members));
}

/// Only the leader can set the list right, and the one that moved may not know of it.
void pass_on_address(const Turn& turn, const ChangeMembers& input) {
    const State& state = turn.state;
    if (input.act != Act::set_address || !state.leader) return;
    turn.promise(state.leader, MovedNotice{input.peer.id, input.peer.address});
}

void restart_catch_up(Turn& turn, NodeId id) {
    const auto at = turn.leader()->followers.find(id);
    if (at == turn.leader()->followers.end()) return;
    at->second.caught_up = false;
    at->second.catch_up_target = turn.state.log.last();
    at->second.catch_up_started = turn.now;
}

void say_goodbye(Turn& turn) {
    Leader* leader = turn.leader();
    if (leader == nullptr) return;
    const Members& members = turn.state.members();
    std::erase_if(leader->followers, [&](const auto& follower) {
        if (members.contains(follower.first)) return false;
        turn.promise(follower.first, RemovedNotice{turn.state.settled_list()});
        return true;
    });
}

}  // namespace

void on_change(Turn& turn, const ChangeMembers& input) {
    State& state = turn.state;
    if (turn.leader() == nullptr) {
        pass_on_address(turn, input);
        return turn.refuse(input.request, ErrorCode::not_leader);
    }
    if (!may_change(turn)) return turn.refuse(input.request, ErrorCode::change_in_progress);
    if (state.hand_over) return turn.refuse(input.request, ErrorCode::leader_change_pending);
    if (const auto why = refusal_of_target(turn, input)) return turn.refuse(input.request, *why);
    const Index index = append_members(turn, changed(state.members(), input));
    if (input.act == Act::promote) restart_catch_up(turn, input.peer.id);
    turn.effects.accepted.push_back({input.request, index, state.hard.term});
}

void on_config(Turn& turn, const ChangeConfig& input) {
    State& state = turn.state;
    if (turn.leader() == nullptr) return turn.refuse(input.request, ErrorCode::not_leader);
    if (!input.config.validate()) return turn.refuse(input.request, ErrorCode::invalid);
    if (state.hand_over) return turn.refuse(input.request, ErrorCode::leader_change_pending);
    const Index index = proposals::append(turn, EntryKind::config, encode(input.config));
    turn.effects.accepted.push_back({input.request, index, state.hard.term});
}

void on_force_remove(Turn& turn, const ForceRemove& input) {
    State& state = turn.state;
    if (input.target == state.self) return turn.refuse(input.request, ErrorCode::invalid);
    const bool is_noted = std::ranges::count(state.hard.forced_out, input.target) > 0;
    const bool is_on_disk = std::ranges::count(state.stable_hard.forced_out, input.target) > 0;
    if (is_noted && !is_on_disk) {  // Asked for twice: this one waits for the same write.
        state.forced.push_back({input.request, input.target});
        return;
    }
    // The list in force may be taken back; the one before it must not bring the target back.
    if (is_noted || !state.membership.is_in_any(input.target)) return turn.answer(input.request);
    state.membership.force_out(input.target);
    state.hard.forced_out = state.membership.forced_out();
    state.hard_written = false;
    state.forced.push_back({input.request, input.target});
    if (Leader* leader = turn.leader()) leader->followers.erase(input.target);
    if (state.hand_over && state.hand_over->target == input.target) {
        turn.refuse(state.hand_over->request, ErrorCode::cancelled);
        state.hand_over.reset();
    }
    follow_members(turn);
}

void on_removed_notice(Turn& turn, const Message& message, const RemovedNotice& notice) {
    State& state = turn.state;
    // It may have been added again since by an entry that it has not seen yet, or has lost: what
    // came before that is past. Who stood for election in vain is in a later term than the group.
    const bool is_past = message.term < state.hard.term;
    const bool log_is_whole = state.old_log == OldLog::none;
    const bool sees_all = log_is_whole ? state.log_end() >= state.hard.let_go : !is_past;
    if (!sees_all && notice.list < state.hard.let_go) return;
    // A newer list may be missing here that brings us back; the notice comes again if not.
    if (owed::lists_are_missing(state)) return;
    // A list that comes after that one and holds us means that we were added again.
    const bool added_again = state.members().contains(state.self) &&
                             state.entry_of_list(state.membership.current_index()) > notice.list;
    if (added_again || turn.leader() != nullptr) return;
    for (const ForcedRequest& waits : state.forced) {
        turn.refuse(waits.request, ErrorCode::removed);
    }
    state.forced.clear();
    state.hard.let_go = std::max(state.hard.let_go, state.log_end());
    state.hard_written = false;
    state.role = Removed{};
    state.leader = NodeId();
    state.election_at = never;
}

void on_moved_notice(Turn& turn, const Message& message, const MovedNotice& notice) {
    const State& state = turn.state;
    const bool leads = turn.leader() != nullptr && message.term == state.hard.term;
    const Peer* peer = state.members().find(notice.member);
    const bool is_news = peer != nullptr && peer->id != state.self &&
                         peer->address != notice.address && state.members().contains(message.from);
    // Who answers the leader has been found by it; the word of others may be older than that.
    if (!leads || !is_news || !contact::is_unresponsive(state, notice.member, turn.now)) return;
    // If it must wait now it is dropped: who seeks the leader goes on asking.
    if (!may_change(turn) || state.hand_over) return;
    append_members(turn, state.members().with({peer->id, notice.address, peer->standing}));
}

void follow_members(Turn& turn) {
    State& state = turn.state;
    turn.effects.members_changed = state.members();
    Leader* leader = turn.leader();
    if (leader == nullptr) {
        if (state.election_at == never) election::restart_timer(turn);
        return;
    }
    for (const Peer& peer : state.members().all()) {
        if (peer.id == state.self || leader->followers.contains(peer.id)) continue;
        leader->followers[peer.id] = replication::new_progress(turn);
    }
}

void settle_forced(Turn& turn) {
    const State& state = turn.state;
    const bool open = !state.membership.forced_out().empty();
    if (open && !state.hand_over && may_append_list(turn)) append_members(turn, state.members());
}

void promote_ready(Turn& turn) {
    if (!may_change(turn) || turn.state.hand_over) return;
    const Members& members = turn.state.members();
    for (const Peer& peer : members.all()) {
        if (peer.standing != Standing::joining) continue;
        const Progress& progress = turn.leader()->followers.at(peer.id);
        const bool silent = contact::is_unresponsive(turn.state, peer.id, turn.now);
        if (!progress.caught_up || silent) continue;
        Peer voter = peer;
        voter.standing = Standing::voter;
        append_members(turn, members.with(std::move(voter)));
        return;
    }
}

void on_committed(Turn& turn, const Entry& entry) {
    State& state = turn.state;
    state.membership.commit(entry.index());
    if (entry.kind() == EntryKind::config) {
        const auto is_older = [&](const ConfigVersion& v) { return v.index < entry.index(); };
        std::erase_if(state.configs, is_older);
        CHECK(state.configs.front().index == entry.index(), "a committed config is not known");
    }
    const bool lists = entry.kind() == EntryKind::members || entry.kind() == EntryKind::elected;
    if (!lists) return;
    // What was forced out here and is gone everywhere need not be remembered.
    if (state.hard.forced_out != state.membership.forced_out()) {
        state.hard.forced_out = state.membership.forced_out();
        state.hard_written = false;
    }
    if (!state.membership.is_changing()) say_goodbye(turn);
}

void leave_without_vote(Turn& turn) {
    const Leader* leader = turn.leader();
    const State& state = turn.state;
    if (leader == nullptr || state.is_voter()) return;
    if (state.log.committed() < leader->term_start) return;
    election::become_follower(turn, state.hard.term, NodeId());
}

}  // namespace rafted::core::changes
