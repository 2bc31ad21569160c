// The one retry policy: what to do about an attempt that failed. Pure; time and addresses are the
// caller's. A membership or config request is tried again only if it certainly did not happen, and
// one to a certain node (force_remove) never goes to another.
//
//   not_leader, hint               the hinted address at once; a pause if it has just been silent
//   not_leader, no hint; lost_lead a pause, then the next address
//   unreachable, stopped, timeout  the next address at once; after all of them a pause
//   no_such_group, removed         the same; the answer if all say so and nobody had it before
//   busy                           a pause, then the same address
//   disk_full                      after a try that may have happened as lost_lead, else the answer
//   any other                      this is the answer
#pragma once

#include <cstddef>
#include <string>

#include "rafted/caller.hpp"
#include "rafted/result.hpp"

namespace rafted::client {

/// What the policy remembers of one call.
struct Attempts {
    RequestKind kind = RequestKind::status;
    std::string target;              ///< Address of the newest attempt.
    bool may_have_happened = false;  ///< An attempt ended without anybody knowing.
    bool group_is_there = false;     ///< Somebody said that he is a member of it.
    unsigned timeouts = 0;
    unsigned pauses = 0;
    /// An address that did not answer; hints that name it are not followed for some pauses: the
    /// members may not know yet that their leader is gone.
    std::string distrusted;
    unsigned distrust = 0;
    // Since the last pause:
    unsigned hints = 0;
    std::size_t useless = 0;        ///< Addresses that were no help.
    std::size_t without_group = 0;  ///< Of these, the ones that host no such group.
};

enum class Move : std::uint8_t { give_up, follow_hint, next, pause_then_next, pause_then_same };

/// Notes the error in `call` and says what follows. `known`: how many addresses there are.
Move after_error(Attempts& call, const Error& error, std::size_t known);

/// May change the group in a way that a second try would repeat.
bool is_admin(RequestKind kind);
/// Only the leader can answer it.
bool needs_leader(RequestKind kind);

}  // namespace rafted::client
