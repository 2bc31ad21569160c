#include "client/retry.hpp"

namespace rafted::client {
namespace {

/// Hints followed without a pause: two members that each take the other for the leader must not
/// send us to and fro.
constexpr unsigned max_hints = 4;
/// Pauses for which a silent address is not gone back to on somebody's hint: about a second.
constexpr unsigned pauses_of_distrust = 8;

Move pause(Attempts& call, Move move) {
    ++call.pauses;
    if (call.distrust > 0) --call.distrust;
    call.hints = 0;
    call.useless = 0;
    call.without_group = 0;
    return move;
}

bool may_follow(const Attempts& call, const Error& error) {
    if (!error.leader || error.leader->address.empty() || call.hints >= max_hints) return false;
    return call.distrust == 0 || error.leader->address != call.distrusted;
}

Move next_address(Attempts& call, std::size_t known, bool no_group) {
    ++call.useless;
    if (no_group) ++call.without_group;
    if (call.useless < known) return Move::next;
    const bool is_nowhere = !call.group_is_there && !call.may_have_happened;
    if (is_nowhere && call.without_group >= known) return Move::give_up;
    return pause(call, Move::pause_then_next);
}

Move at_one_node(Attempts& call, ErrorCode code) {
    const bool again = code == ErrorCode::busy || code == ErrorCode::unreachable;
    return again ? pause(call, Move::pause_then_same) : Move::give_up;
}

}  // namespace

Move after_error(Attempts& call, const Error& error, std::size_t known) {
    const bool unknown = outcome_of(error) == Outcome::unknown;
    // What only asks has not happened, whatever became of an attempt.
    const bool changes = call.kind == RequestKind::command || is_admin(call.kind);
    if (unknown && changes) call.may_have_happened = true;
    if (unknown && is_admin(call.kind)) return Move::give_up;
    if (call.kind == RequestKind::force_remove) return at_one_node(call, error.code);
    switch (error.code) {
        case ErrorCode::not_leader:
            call.group_is_there = true;
            if (!may_follow(call, error)) return pause(call, Move::pause_then_next);
            ++call.hints;
            return Move::follow_hint;
        case ErrorCode::lost_lead: return pause(call, Move::pause_then_next);
        case ErrorCode::disk_full:
            return call.may_have_happened ? pause(call, Move::pause_then_next) : Move::give_up;
        case ErrorCode::timeout: ++call.timeouts; [[fallthrough]];
        case ErrorCode::unreachable:
        case ErrorCode::stopped:
            call.distrusted = call.target;
            call.distrust = pauses_of_distrust;
            return next_address(call, known, false);
        case ErrorCode::no_such_group:
        case ErrorCode::removed: return next_address(call, known, true);
        case ErrorCode::busy: return pause(call, Move::pause_then_same);
        default: return Move::give_up;
    }
}

bool is_admin(RequestKind kind) {
    switch (kind) {
        case RequestKind::add_member:
        case RequestKind::promote:
        case RequestKind::remove:
        case RequestKind::force_remove:
        case RequestKind::transfer_lead:
        case RequestKind::set_config: return true;
        default: return false;
    }
}

bool needs_leader(RequestKind kind) {
    switch (kind) {
        case RequestKind::query_stale:
        case RequestKind::status:
        case RequestKind::list_groups:
        case RequestKind::metrics:
        case RequestKind::begin_backup:
        case RequestKind::read_backup:
        case RequestKind::end_backup:
        case RequestKind::force_remove: return false;
        default: return true;
    }
}

}  // namespace rafted::client
