// The untyped face of a group handle: one request out, one answer back, whoever leads. Group<D>
// puts types on it; a node and a client each have one implementation behind it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "rafted/bytes.hpp"
#include "rafted/ids.hpp"
#include "rafted/result.hpp"

namespace rafted {

/// What a request asks for; also its number on the wire (docs/protocol.md).
enum class RequestKind : std::uint8_t {
    command,        ///< body: envelope (value/envelope.hpp). Answer: encoded result.
    open_session,   ///< body: empty. Answer: session id (u64).
    query,          ///< body: encoded query. Linearizable. Answer: encoded result.
    query_stale,    ///< The same, from what this member has applied.
    status,         ///< Answer: Status, by the public codec. Any member, at once.
    list_groups,    ///< group: empty. Answer: vector<Status>.
    metrics,        ///< Answer: Metrics, by the public codec.
    add_member,     ///< body: NewMember (group.hpp).
    promote,        ///< body: NodeId.
    remove,         ///< body: NodeId.
    force_remove,   ///< body: NodeId. This member only.
    transfer_lead,  ///< body: NodeId, or zero to give up.
    set_config,     ///< body: GroupConfig.
    begin_backup,   ///< body: BackupWanted (ports/backup.hpp). Answer: HeldBackup. Any member.
    read_backup,    ///< body: BackupPiece. Answer: the value's bytes from there on.
    end_backup,     ///< body: the ticket (u64).
};
inline constexpr std::uint8_t request_kind_count = 16;
std::string_view name_of(RequestKind kind);

struct CallOptions {
    /// How long to go on trying, redirects and retries included; then Error timeout.
    std::chrono::milliseconds timeout{5000};
    /// For a command: a caller-chosen id, remembered among the group's last
    /// max_retained_command_results. None: the handle's own session makes it exactly-once.
    CommandId id{};
};

class Caller {
public:
    using Callback = std::move_only_function<void(Result<Bytes>)>;
    virtual ~Caller() = default;

    /// Never blocks. `done` is called exactly once, on a thread of the library that must not be
    /// held up. A command's body is the user's encoded command; everything else as RequestKind
    /// says. Finds the leader, follows hints, retries with the same id until the timeout.
    virtual void call(RequestKind kind, Bytes body, const CallOptions& options, Callback done) = 0;
    virtual const std::string& group_name() const = 0;
    /// Whether this thread is the one that would bring an answer: waiting here would never end.
    virtual bool answers_on_this_thread() const { return false; }
};

}  // namespace rafted
