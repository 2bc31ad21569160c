// What a leader knows of one other member, and what it may send it next.
//
//     probe ──accepted──► replicate ──refused / lost──► probe
//       │                     │
//       └──log too short──► snapshot ──installed──► replicate
//
//   probe      one append at a time, until the logs are known to agree
//   replicate  appends follow each other, bounded by the window in bytes
//   snapshot   the log no longer reaches back far enough: pieces of a snapshot, one at a time
//   1. match < next.   2. match only grows, or its log is gone.   3. (match, next) is under way.
#pragma once

#include <cstdint>
#include <optional>

#include "core/message.hpp"

namespace rafted::core {

struct Progress {
    enum class Mode : std::uint8_t { probe, replicate, snapshot };

    Mode mode = Mode::probe;
    Index match;         ///< Known to be stored there and equal to ours.
    Index next;          ///< The next append starts here.
    bool waits = false;  ///< probe, snapshot: an answer is outstanding; do not send again yet.
    Time sent_at{};      ///< When an append was sent last.
    Stamp acked;         ///< Of the newest request it has answered in this term.
    /// From sending entries until it said that it has them; at most.
    Duration quickest = std::chrono::seconds(1);
    std::uint64_t since_round = 0;  ///< Answers to older rounds are from an earlier membership.
    bool answered = false;          ///< It has answered at all since it was (re-)added.

    // While in snapshot mode:
    std::optional<SnapshotMeta> snapshot;
    std::uint64_t offset = 0;
    Stamp piece;  ///< Of the piece sent last; answers to older ones are doubled or late.

    // Catching up in rounds (thesis §4.2.1), for a member that joins:
    Index catch_up_target;
    Time catch_up_started{};
    bool caught_up = false;

    void become_probe() {
        mode = Mode::probe;
        next = match + 1;
        waits = false;
        snapshot.reset();
    }
    void become_replicate() {
        mode = Mode::replicate;
        next = match + 1;
        waits = false;
        snapshot.reset();
    }
    void become_snapshot(const SnapshotMeta& meta) {
        mode = Mode::snapshot;
        snapshot = meta;
        offset = 0;
        waits = false;
    }

    bool operator==(const Progress&) const = default;
};

}  // namespace rafted::core
