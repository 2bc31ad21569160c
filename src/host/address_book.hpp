// Where a group's members are to be found: as the member list says, and as they said themselves
// since. Only the leader can set the list right, once it may change it; until then it is kept here.
//   1. The newest word counts: of the list when it changes, of the node when it speaks. The word of
//      others, which may be old, only where the node itself has not been heard.
//   2. Only members are remembered, and only while list and node do not agree.
//   3. What was heard is kept on disk with the address it overrides: two that have moved, one after
//      the other, find each other although no list was ever set right and both have restarted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/members.hpp"
#include "ports/storage.hpp"

namespace rafted::host {

class AddressBook {
public:
    /// The list now in force. Returns those whose address in it is news.
    std::vector<core::Peer> listed(const core::Members& members);
    /// A node says where it is.
    void heard(NodeId node, const std::string& address);
    /// Another says where it is. Counts only as long as it has said nothing itself; whether it
    /// does.
    bool told(NodeId node, const std::string& address);
    /// A member as the list should have it.
    std::optional<core::Peer> moved() const;
    /// This member as the list should have it; nothing if the list is right.
    std::optional<core::Peer> moved(NodeId node) const;
    std::vector<core::Peer> all_moved() const;

    /// What the disk holds of this book. Returns what of it still counts. requires: listed before.
    std::vector<ports::Moved> restore(std::vector<ports::Moved> saved);
    /// What the disk should hold, if that is news; it is taken to be written from now on.
    std::optional<std::vector<ports::Moved>> take_unsaved();
    /// Whether take_unsaved() would return something.
    bool is_unsaved() const { return saved_ != to_save(); }
    /// A write was refused: what was taken may not be on disk.
    void not_saved() { saved_.reset(); }

private:
    struct Heard {
        std::string address;
        bool first_hand = true;
    };
    std::vector<ports::Moved> to_save() const;

    std::map<NodeId, core::Peer> listed_;
    std::map<NodeId, Heard> heard_;
    std::optional<std::vector<ports::Moved>> saved_{std::in_place};
};

}  // namespace rafted::host
