// Whether a list of members keeps its majority, however those go that are still on their way in or
// out. A pure function; it does not know why a node is gone, or who asked for a change.
//   1. A list is judged as it is and as a leader may make it at any time of what it knows already.
//   2. Who comes only helps, unless it is gone; who leaves only harms, unless it is gone.
#pragma once

#include <functional>

#include "core/members.hpp"

namespace rafted::sim {

/// What is to become of a node.
struct Fate {
    bool is_gone = false;    ///< Its disk is lost, or may be found to be unreadable.
    bool may_join = false;   ///< A leader may give it its vote yet, if it has none.
    bool may_leave = false;  ///< Its removal is asked for.
};

/// Whether more than half of the voters have their disks in every list that this one may become.
bool keeps_majority(const core::Members& members, const std::function<Fate(NodeId)>& fate_of);

}  // namespace rafted::sim
