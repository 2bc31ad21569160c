// Errors as values. The list is closed, and every error answers the caller's real question: did
// it happen? (outcome_of).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "rafted/ids.hpp"

namespace rafted {

enum class ErrorCode : std::uint8_t {
    // It did not happen.
    not_leader,             ///< This member does not lead; `leader` says who does, if known.
    busy,                   ///< A queue or the log is full, or the lead is being handed over.
    change_in_progress,     ///< A membership change is not committed yet, or the leader is too new.
    leader_change_pending,  ///< The lead is being handed over.
    not_member,             ///< The named node is no member (or no voter, where one is needed).
    already_member,         ///< The named node is a member already.
    already_leader,         ///< The lead is where it should go.
    cannot_remove_leader,   ///< Move the lead first.
    would_break_quorum,     ///< Removing this responsive voter would leave too few responsive ones.
    unresponsive,           ///< The named member has not answered for two election timeouts.
    no_such_group,          ///< The node hosts no group of this name.
    removed,                ///< This member was removed from its group.
    too_large,              ///< The command, or its result, is over the configured limit.
    invalid,                ///< The request makes no sense: a bad value, name or file.
    cancelled,              ///< A later request took this one's place.
    unreachable,            ///< Nobody answered at any known address.
    wrong_cluster,          ///< The other side belongs to another cluster or incarnation.
    wrong_version,          ///< The other side speaks, or the file has, another version.
    in_use,                 ///< Another process holds the directory or the address.
    // It may have happened.
    timeout,          ///< No answer in time.
    lost_lead,        ///< The leader lost its lead before the entry was known to be committed.
    stopped,          ///< The node is stopping.
    session_expired,  ///< The session is not remembered any more; a first try did not happen.
    forgotten,        ///< The answer to this command id has been dropped; it is not run again.
    // It happened, and this is the answer.
    value_threw,  ///< The value's own function threw; the text says what.
    // The place is broken.
    corrupt,      ///< Stored data fails its checksum or makes no sense.
    disk_failed,  ///< The disk refused a write or a sync; nothing is promised any more.
    disk_full,    ///< No space: writes are refused until there is some.
};

/// Did it happen? Retry freely after `no`; after `unknown` only with the same command id.
enum class Outcome : std::uint8_t { no, unknown, yes, place_broken };

Outcome outcome_of(ErrorCode code);
/// The code's name as printed and in JSON, e.g. "not_leader".
std::string_view name_of(ErrorCode code);
std::string_view name_of(Outcome outcome);

/// Where the leader is believed to be.
struct LeaderHint {
    NodeId node;
    std::string address;
    bool operator==(const LeaderHint&) const = default;
};

struct [[nodiscard]] Error {
    ErrorCode code = ErrorCode::invalid;
    std::string message;               ///< What, where, and what to do; may be empty.
    std::optional<LeaderHint> leader;  ///< With not_leader, if known.
    bool operator==(const Error&) const = default;
};

inline Outcome outcome_of(const Error& error) { return outcome_of(error.code); }
/// "not_leader: <message>".
std::string to_string(const Error& error);

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::busy, "…")` from any function that returns a Result.
inline std::unexpected<Error> fail(ErrorCode code, std::string message = {}) {
    return std::unexpected(Error{code, std::move(message), std::nullopt});
}

}  // namespace rafted
