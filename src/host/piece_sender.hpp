// Puts the bytes into the snapshot pieces a leader sends: the core names an offset, this reads it
// off the loop and hands the piece to the transport, no faster than the group's config allows. Each
// follower keeps its own source open, so that a newer snapshot cannot pull the one in transfer
// away.
//   1. A piece that cannot be read is dropped, and `broken` is told; the core asks again.
//   2. One piece waits per follower at most; asked for again, it takes the place of what waits.
//   3. Between two pieces is as long a pause as the first one took, 2 ms at most: commands share
//      the processor and the disk with whoever sends and stores them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "core/roles.hpp"
#include "host/services.hpp"

namespace rafted::host {

class PieceSender {
public:
    /// Called on the loop with the snapshot that cannot be read.
    using Broken = std::function<void(const core::SnapshotMeta&)>;
    struct Of {
        ports::Slot slot = 0;
        GroupId group;
    };
    PieceSender(Services& services, Of of, Broken broken);

    /// requires: the message is a SnapshotPiece without data.
    void send(core::Message message, const GroupConfig& config);
    /// Sends what had to wait. To be called again at due_at().
    void release(core::Time now);
    core::Time due_at() const;
    /// Lets the sources of followers go that take no snapshot any more.
    void follow(const core::Leader& leader);
    /// No follower needs its source any more.
    void forget_all();

private:
    struct Source {
        std::unique_ptr<ports::SnapshotSource> open;
    };
    struct Follower {
        std::shared_ptr<Source> source = std::make_shared<Source>();
        std::optional<core::Time> sent_at;  ///< The last piece.
    };
    struct Held {
        core::Message message;
        std::uint64_t piece_bytes = 0;
        core::Duration takes{};  ///< Of the group's time for snapshots.
        core::Time due{};
    };
    struct Job;
    Held hold(core::Message message, const GroupConfig& config);
    void post(Held held, const Follower& to);

    Services& services_;
    Of of_;
    Broken broken_;
    ports::Lane lane_;
    std::map<NodeId, Follower> followers_;
    std::deque<Held> held_;  ///< Oldest first.
    core::Time free_at_ = core::Time::min();
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::host
