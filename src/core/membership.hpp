// The member lists of a group as one member knows them. A list is in force from the moment its
// entry is appended (§6), so the ones not yet committed are kept in order and can be taken back.
//   1. The first version is the newest committed one; the others are uncommitted, in log order.
//   2. Nodes forced out on this member are left out of the list in force until a committed list
//      leaves them out, too, and no later list holds them.
#pragma once

#include <optional>
#include <vector>

#include "core/members.hpp"

namespace rafted::core {

class Membership {
public:
    Membership() = default;
    Membership(Index index, Members members, std::vector<NodeId> forced_out);

    /// The list in force.
    const Members& current() const { return current_; }
    Index current_index() const { return versions_.empty() ? Index() : versions_.back().index; }
    Members committed() const;
    Index committed_index() const { return versions_.empty() ? Index() : versions_.front().index; }
    /// A list is not committed yet: no other change may start (§6, one at a time).
    bool is_changing() const { return versions_.size() > 1; }
    /// The entry of the uncommitted list by which this node has left, if it is in none since.
    std::optional<Index> left_at(NodeId id) const;
    const std::vector<NodeId>& forced_out() const { return forced_out_; }
    /// A list that may be in force again holds it: the committed one, or one not committed yet.
    bool is_in_any(NodeId id) const;

    void append(Index index, Members members);
    /// Takes back the lists of truncated entries. Returns whether the list in force changed.
    bool truncate_from(Index index);
    /// Lists up to here are committed.
    void commit(Index index);
    /// Starts again from a snapshot's list; later lists whose entries stay are kept.
    void restore(Index index, Members members, bool keep_later);
    void force_out(NodeId id);

    bool operator==(const Membership&) const = default;

private:
    struct Version {
        Index index;
        Members members;
        bool operator==(const Version&) const = default;
    };
    void refresh();

    std::vector<Version> versions_;
    std::vector<NodeId> forced_out_;
    Members current_;
};

}  // namespace rafted::core
