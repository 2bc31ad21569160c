// The closed list of errors: their names, and what each says about whether the thing happened.
#include "rafted/result.hpp"

namespace rafted {

// Both lists are switches without a default: the compiler names the code that was left out.
Outcome outcome_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::not_leader:
        case ErrorCode::busy:
        case ErrorCode::change_in_progress:
        case ErrorCode::leader_change_pending:
        case ErrorCode::not_member:
        case ErrorCode::already_member:
        case ErrorCode::already_leader:
        case ErrorCode::cannot_remove_leader:
        case ErrorCode::would_break_quorum:
        case ErrorCode::unresponsive:
        case ErrorCode::no_such_group:
        case ErrorCode::removed:
        case ErrorCode::too_large:
        case ErrorCode::invalid:
        case ErrorCode::cancelled:
        case ErrorCode::unreachable:
        case ErrorCode::wrong_cluster:
        case ErrorCode::wrong_version:
        case ErrorCode::in_use: return Outcome::no;
        case ErrorCode::timeout:
        case ErrorCode::lost_lead:
        case ErrorCode::stopped:
        case ErrorCode::session_expired:
        case ErrorCode::forgotten: return Outcome::unknown;
        case ErrorCode::value_threw: return Outcome::yes;
        case ErrorCode::corrupt:
        case ErrorCode::disk_failed:
        case ErrorCode::disk_full: return Outcome::place_broken;
    }
    return Outcome::unknown;
}

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::not_leader: return "not_leader";
        case ErrorCode::busy: return "busy";
        case ErrorCode::change_in_progress: return "change_in_progress";
        case ErrorCode::leader_change_pending: return "leader_change_pending";
        case ErrorCode::not_member: return "not_member";
        case ErrorCode::already_member: return "already_member";
        case ErrorCode::already_leader: return "already_leader";
        case ErrorCode::cannot_remove_leader: return "cannot_remove_leader";
        case ErrorCode::would_break_quorum: return "would_break_quorum";
        case ErrorCode::unresponsive: return "unresponsive";
        case ErrorCode::no_such_group: return "no_such_group";
        case ErrorCode::removed: return "removed";
        case ErrorCode::too_large: return "too_large";
        case ErrorCode::invalid: return "invalid";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::unreachable: return "unreachable";
        case ErrorCode::wrong_cluster: return "wrong_cluster";
        case ErrorCode::wrong_version: return "wrong_version";
        case ErrorCode::in_use: return "in_use";
        case ErrorCode::timeout: return "timeout";
        case ErrorCode::lost_lead: return "lost_lead";
        case ErrorCode::stopped: return "stopped";
        case ErrorCode::session_expired: return "session_expired";
        case ErrorCode::forgotten: return "forgotten";
        case ErrorCode::value_threw: return "value_threw";
        case ErrorCode::corrupt: return "corrupt";
        case ErrorCode::disk_failed: return "disk_failed";
        case ErrorCode::disk_full: return "disk_full";
    }
    return "unknown_error";
}

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::no: return "no";
        case Outcome::unknown: return "unknown";
        case Outcome::yes: return "yes";
        case Outcome::place_broken: return "place_broken";
    }
    return "unknown";
}

std::string to_string(const Error& error) {
    std::string text(name_of(error.code));
    if (!error.message.empty()) text.append(": ").append(error.message);
    if (error.leader) {
        text.append(" (leader: ").append(to_string(error.leader->node));
        text.append(" at ").append(error.leader->address).append(")");
    }
    return text;
}

}  // namespace rafted
