// What a member says of itself: the reference's seven keys under our names, and more (D13).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rafted/config.hpp"
#include "rafted/ids.hpp"

namespace rafted {

enum class Role : std::uint8_t { follower, pre_candidate, candidate, leader, removed };
/// Whether a member's word counts: a voter's does; a joining one is promoted as soon as it has
/// caught up; a learner stays one until it is promoted by hand (thesis §4.2.1).
enum class Standing : std::uint8_t { voter, joining, learner };
enum class DiskState : std::uint8_t { memory_only, healthy, full, failed };

std::string_view name_of(Role role);
std::string_view name_of(Standing standing);
std::string_view name_of(DiskState state);

/// One member of a group, as the answering node knows it.
struct MemberInfo {
    NodeId node;
    std::string address;
    Standing standing = Standing::voter;
    // Known to the leader only:
    std::optional<Index> match;                             ///< Known to be stored there.
    std::optional<std::uint64_t> lag;                       ///< Entries behind the leader's last.
    std::optional<std::chrono::milliseconds> last_contact;  ///< Since its last answer.
    bool operator==(const MemberInfo&) const = default;
};

/// One group as one node sees it; never waits for anybody.
struct Status {
    std::string group;
    GroupId group_id;
    ClusterId cluster;
    NodeId from;          ///< Who answers.
    std::string address;  ///< Its address.
    std::vector<MemberInfo> members;
    std::optional<LeaderHint> leader;
    std::vector<NodeId> unresponsive_followers;  ///< Empty unless leader.
    Term current_term;
    Role role = Role::follower;
    GroupConfig config;
    Index last;                   ///< Last entry in the log.
    Index commit;                 ///< Last entry known to be committed.
    Index applied;                ///< Last entry the value has taken.
    Index snapshot;               ///< Last entry the newest snapshot covers.
    std::uint64_t log_bytes = 0;  ///< Log in memory.
    std::uint64_t sessions = 0;
    bool lease_valid = false;
    /// There is nothing to do, and no heartbeats go (NodeConfig::quiesce_after): last_contact is
    /// that of the members' nodes.
    bool quiescent = false;
    DiskState disk = DiskState::memory_only;
    std::vector<std::string> alarms;  ///< What needs a human, one line each.
    bool operator==(const Status&) const = default;
};

/// Counters of one node since its start.
struct Metrics {
    std::uint64_t turns = 0;   ///< Rounds of the loop.
    std::uint64_t inputs = 0;  ///< Inputs given to members.
    std::uint64_t messages_sent = 0;
    std::uint64_t messages_received = 0;
    std::uint64_t writes = 0;  ///< Batches made durable.
    std::uint64_t entries_written = 0;
    std::uint64_t entries_applied = 0;
    std::uint64_t queries = 0;
    std::uint64_t elections_won = 0;
    std::uint64_t leads_lost = 0;
    std::uint64_t hooks_run = 0;
    std::uint64_t hooks_threw = 0;
    std::uint64_t refused_busy = 0;
    std::uint64_t scrubbed_bytes = 0;  ///< Read back in the background (NodeConfig::scrub_period).
    std::uint64_t scrubs = 0;          ///< Times that everything has been read back.
    std::uint64_t scrub_damages = 0;   ///< Found by it.
    bool operator==(const Metrics&) const = default;
};

}  // namespace rafted
