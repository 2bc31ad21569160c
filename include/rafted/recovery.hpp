// When a group's majority is lost for good: what the directories that are left hold, and one of
// them made a group of one. No process may have them open (D8, D14).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rafted/status.hpp"

namespace rafted {

/// What one directory holds of a group.
struct GroupCopy {
    std::string dir;
    NodeId node;
    ClusterId cluster;
    bool removed = false;             ///< The node was removed from the group: nothing is here.
    Term term;                        ///< The highest it has heard of.
    Term last_term;                   ///< Of its last entry...
    Index last_index;                 ///< ...which is this one; 0: it holds none.
    Index snapshot;                   ///< Known to be committed up to here; 0: nothing is.
    std::vector<MemberInfo> members;  ///< By the newest list it holds...
    Index members_at;                 ///< ...which is this entry's, or its snapshot's.
    /// By which something of the group may be lost; what a start mends or does without is none.
    std::vector<std::string> damage;

    /// It may be gone on with.
    bool is_usable() const { return !removed && damage.empty() && last_index > Index(); }
    /// Of two logs the one whose last entry has the later term reaches further, then the longer
    /// (Raft paper §5.4.1): every committed entry that either has is in it.
    bool reaches_further_than(const GroupCopy& other) const {
        if (last_term != other.last_term) return last_term > other.last_term;
        return last_index > other.last_index;
    }
};

/// One incarnation of a group, over all directories.
struct RecoveryPlan {
    std::string group;
    GroupId group_id;
    std::vector<GroupCopy> copies;    ///< In the order the directories were given.
    std::optional<std::size_t> best;  ///< The usable copy that reaches furthest; the first of many.
    /// Entries up to here are committed for certain: a snapshot covers them.
    Index known_committed;
    /// The voters of the best copy's list that no usable directory is here of.
    std::vector<MemberInfo> missing_voters;
    /// Enough voters are here to go on the ordinary way: start them instead.
    bool has_majority = false;
};

/// Looks through the directories, verifies every byte, changes nothing. Fails with in_use if a
/// process has one open, invalid (no directory of Rafted), wrong_version, corrupt (so damaged that
/// no group in it can be told), or as the disk does.
Result<std::vector<RecoveryPlan>> plan_recovery(const std::vector<std::string>& dirs);

struct RecoverOptions {
    std::string dir;
    std::string group;
    /// The other directories that are left: none of them may reach further.
    std::vector<std::string> others{};
    /// Go on though one does: what only it has is lost.
    bool even_if_behind = false;
    /// Where the node will be found, host:port. Empty: as the list of members had it.
    std::string address{};
};
struct RecoveredAlone {
    NodeId node;
    std::string address;
    GroupId group_id;        ///< The new incarnation.
    Index kept_upto;         ///< All up to here is committed now.
    Index committed_before;  ///< As RecoveryPlan::known_committed, of this directory.
};

/// What Node::recover_group does, without a program: a new incarnation of the group with this node
/// as its sole member. The program then opens it by create_group. Fails as plan_recovery, with
/// no_such_group, with corrupt if something of the group is damaged there that nothing stands in
/// for (the text says where), and with invalid if another directory reaches further or the address
/// is not known.
Result<RecoveredAlone> recover_directory(const RecoverOptions& options);

}  // namespace rafted
