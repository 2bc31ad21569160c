// Reads back all that a directory holds, a piece at a time, while it is in use, so that what has
// rotted is found while there are other copies of it. It says what is damaged; what becomes of that
// is the storage's (disk_storage.cpp).
//   1. Reads what the device holds, not what the system remembers of it (OpenMode::verify).
//   2. Of the segment that is being written only what was there when its turn came.
//   3. What goes while it is read has had its time: no damage.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <variant>

#include "disk/journal.hpp"
#include "disk/segment.hpp"
#include "disk/snapshots.hpp"

namespace rafted::disk {

class Scrub {
public:
    struct Home {
        ports::Files* files = nullptr;
        std::string dir;
        NodeId node;
        const Snapshots* snapshots = nullptr;
        std::function<std::vector<Journal::Written>()> segments;
    };
    /// A snapshot that does not verify, or that somebody has taken away.
    struct BadSnapshot {
        ports::Slot slot = 0;
        Snapshots::Name name;
        std::string why;
    };
    struct Found {
        std::uint64_t bytes = 0;
        bool is_over = false;
        std::optional<std::string> identity;  ///< Damaged: why.
        std::uint64_t bad_segments = 0;       ///< The last one that is damaged; 0: none is.
        std::vector<ports::Scrubbed::Damage> in_segments;
        std::vector<BadSnapshot> snapshots;
    };

    explicit Scrub(Home home) : home_(std::move(home)) {}

    /// Reads about so many bytes more; a frame or block that is larger is read whole.
    Found step(std::size_t bytes);
    /// Of the reading that is under way, or of the last one: bytes in all.
    std::uint64_t total() const { return total_; }

private:
    struct IdentityFile {};
    struct Segment {
        Journal::Written place;
        std::unique_ptr<ports::File> file{};
        std::optional<SegmentReader> reader{};
    };
    struct Snapshot {
        ports::Slot slot = 0;
        Snapshots::Name name;
        std::optional<SnapshotReader> reader{};
        std::size_t block = 0;
    };
    using Target = std::variant<IdentityFile, Segment, Snapshot>;

    void begin();
    void list_snapshots();
    std::uint64_t size_of(const std::string& path) const;
    // Each reads some more of it and returns whether that was the end.
    bool read(IdentityFile& target, std::size_t bytes, Found& found) const;
    bool read(Segment& target, std::size_t bytes, Found& found) const;
    bool read(Snapshot& target, std::size_t bytes, Found& found) const;
    Result<void> open(Segment& target, const std::string& path) const;
    Result<bool> read_frame(Segment& target, const std::string& path, Found& found) const;
    bool is_live(std::uint64_t segment) const;

    Home home_;
    std::deque<Target> targets_;  // the one in hand first
    std::uint64_t total_ = 0;
};

}  // namespace rafted::disk
