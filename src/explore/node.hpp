// One node of the explored world: the shipped member, its disk, its writes on the way there, its
// value and its clock; and everything that can happen to it alone. Not the network: what a node
// says comes back to the caller.
//   1. Effects are performed in field order; what waits for the disk goes out when that write and
//      all earlier ones are durable.
//   2. A crash keeps exactly what was durable; the node is back at once. A node that stays away is
//      one to which nothing happens.
//   3. After every step Member::check and check_step run, and every promise is held against the
//      disk as it is when the promise is made.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/member.hpp"
#include "explore/bounds.hpp"

namespace rafted::explore {

/// What is left after a crash. The value is one number over all that was ever applied to it.
struct Disk {
    core::HardState hard;
    std::vector<core::Entry> entries;
    std::optional<core::SnapshotMeta> snapshot;
    std::uint64_t snapshot_value = 0;

    /// The last index it holds, the snapshot's included.
    Index last() const;
    bool holds(Index index, Term term) const;
};

/// Effects that wait for the disk: only their written part, when_durable and send_after_write.
struct Write {
    core::Effects effects;
    bool held = false;  ///< Durable only when asked for.
};

struct Node {
    NodeId id;
    std::shared_ptr<const core::Member> member;  ///< Absent: a newcomer nobody has added yet.
    Disk disk;
    std::vector<Write> writes;
    core::Time clock{};
    std::uint64_t value = 0;
};

/// What can happen to one node.
struct Event {
    enum class Kind : std::uint8_t {
        deliver,
        disk_done,
        crash,
        timeout,
        heartbeat,
        propose,
        add,
        remove,
        snapshot,
        transfer,
        start,
    };
    Kind kind = Kind::deliver;
    bool late = false;     ///< deliver: the wait since a leader was heard is over first.
    bool hold = false;     ///< The write that it causes takes time.
    NodeId target;         ///< add, remove, transfer.
    core::LogPlace since;  ///< start: the entry that added the node.
    const core::Message* message = nullptr;
};

/// The hands between member and world. Tests put in ones that do wrong.
struct Hands {
    std::function<core::Effects(core::Member&, core::Time, const core::Input&)> step;
    std::function<void(core::Start&)> restart;
    static Hands faithful();
};

/// What came of an event.
struct Consequence {
    Node node;
    std::vector<core::Message> sent;
    bool wrote = false;                   ///< A write was made that could have taken time.
    std::optional<core::LogPlace> added;  ///< The change was accepted, there.
    std::string violation;                ///< Empty, or what was broken.
};

/// The config of every explored group: one entry per append, leases off, no timer by chance.
GroupConfig explored_config();
/// A node of a group that begins with these voters.
Node found(NodeId id, std::uint8_t voters);

/// The value after one more entry: what it was, and what every member takes from the entry.
std::uint64_t value_after(std::uint64_t value, const core::Entry& entry);

/// Whether the event is possible there at all.
bool is_possible(const Node& node, Event::Kind kind);
Consequence happen(const Node& before, const Event& event, const Hands& hands);

}  // namespace rafted::explore
