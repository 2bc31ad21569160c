// Puts the bytes into the snapshot pieces a leader sends: the core names an offset, this reads it
// off the loop and hands the piece to the transport. Each follower keeps its own source open, so
// that a newer snapshot cannot pull the one in transfer away.
//   1. A piece that cannot be read is dropped; the core asks again.
#pragma once

#include <map>
#include <memory>

#include "host/services.hpp"

namespace rafted::host {

class PieceSender {
public:
    PieceSender(Services& services, ports::Slot slot, GroupId group);

    /// requires: the message is a SnapshotPiece without data.
    void send(core::Message message, std::uint64_t piece_bytes);
    /// No follower needs its source any more.
    void forget_all() { sources_.clear(); }

private:
    struct Source {
        std::unique_ptr<ports::SnapshotSource> open;
    };
    struct Job;

    Services& services_;
    ports::Slot slot_;
    GroupId group_;
    ports::Lane lane_;
    std::map<NodeId, std::shared_ptr<Source>> sources_;
};

}  // namespace rafted::host
