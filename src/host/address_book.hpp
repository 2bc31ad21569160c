// Where a group's members are to be found: as the member list says, and as they said themselves
// since. Only the leader can set the list right, once it may change it; until then it is kept here.
//   1. The newest word counts: of the list when it changes, of the node when it speaks.
//   2. Only members are remembered, and only while list and node do not agree.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/members.hpp"

namespace rafted::host {

class AddressBook {
public:
    /// The list now in force. Returns those whose address in it is news.
    std::vector<core::Peer> listed(const core::Members& members);
    /// A node says where it is.
    void heard(NodeId node, const std::string& address);
    /// A member as the list should have it.
    std::optional<core::Peer> moved() const;

private:
    std::map<NodeId, core::Peer> listed_;
    std::map<NodeId, std::string> heard_;
};

}  // namespace rafted::host
