// The snapshots of a node's groups: snapshots/<slot>/<index>-<term>.snap. Not their bytes
// (snapshot_file.hpp).
//   1. A file gets its name only when it is whole and synced; any other name is work in progress.
//   2. The newest two of each group are kept, by number, not by name.
//   3. A received snapshot counts only once the journal says so: until then it waits under the name
//      .received, and a restart ends what was begun (D11).
//   4. Those of a log that is lost stay where they are until it is let go, but do not count: they
//      are in the way of none that the group makes or receives after it has begun anew.
//   5. save(), open() and list() may be called from any thread; the rest by the writer alone.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "disk/arrival.hpp"
#include "disk/draft.hpp"
#include "disk/snapshot_file.hpp"

namespace rafted::disk {

class Snapshots {
public:
    struct Home {
        ports::Files* files = nullptr;
        std::string dir;
        NodeId node;
    };
    static constexpr std::size_t kept = 2;

    explicit Snapshots(Home home) : home_(std::move(home)) {}

    Result<std::unique_ptr<ports::SnapshotSink>> save(ports::Slot slot,
                                                      const core::SnapshotMeta& meta);
    Result<std::unique_ptr<ports::SnapshotSource>> open(ports::Slot slot) const;

    /// Takes one piece. Returns the snapshot if it is whole now and waits for install(). Fails with
    /// corrupt if the whole does not verify, else as the disk does.
    Result<std::optional<ReceivedSnapshot>> receive(ports::Slot slot,
                                                    const core::SnapshotPiece& piece);
    /// Puts what was received in place; the journal says already that it counts.
    Result<void> install(const ReceivedSnapshot& received);
    /// Forgets all of a group that was removed.
    Result<void> remove_all(ports::Slot slot);

    /// A snapshot's name on disk.
    struct Name {
        Index index;
        Term term;
        auto operator<=>(const Name&) const = default;
    };
    struct AtStart {
        std::optional<core::SnapshotMeta> newest;           ///< That verifies, every byte of it.
        std::vector<std::pair<Name, std::string>> damaged;  ///< Newer ones, and what is wrong.
        core::Members members;  ///< Of the newest one whose head verifies, be it whole or not.
    };
    /// What a group has at a start. Ends an install that was cut short, removes other leftovers.
    Result<AtStart> recover(const GroupImage& group);
    /// Renames a damaged file, so that it is in nobody's way but can be looked at.
    Result<void> set_aside(ports::Slot slot, const Name& name) const;
    /// The log is lost. Those that there are do not count from now on.
    Result<void> leave_behind(ports::Slot slot);
    /// The lost log is let go: those that were left behind are set aside.
    Result<void> let_go(ports::Slot slot);

    static std::string text(const Name& name);
    static std::optional<Name> parse(std::string_view text);
    std::string dir_of(ports::Slot slot) const;
    std::string path_of(ports::Slot slot, const Name& name) const;
    /// Newest first; without those left behind.
    Result<std::vector<Name>> list(ports::Slot slot) const;
    /// Newest ones that were there and are not any more.
    std::vector<std::pair<ports::Slot, Name>> missing() const;
    Result<SnapshotReader> reader(ports::Slot slot, const Name& name,
                                  ports::OpenMode mode = ports::OpenMode::read) const;

    /// Gives the finished file its name and lets the third newest go.
    Result<void> put_in_place(ports::Slot slot, const Name& name, const std::string& path);

private:
    Result<SnapshotWriter> create(ports::Slot slot, const core::SnapshotMeta& meta,
                                  std::string_view ending, ports::OpenMode mode) const;
    Result<std::optional<ReceivedSnapshot>> out_of_place(ports::Slot slot,
                                                         const core::SnapshotPiece& piece) const;
    Result<void> finish_install(const GroupImage& group) const;
    Result<void> remove_ending(ports::Slot slot, std::string_view ending) const;

    struct Receiving {
        Arrival arrival;
        SnapshotWriter writer;
        Result<void> add(const core::SnapshotPiece& piece);
    };

    Home home_;
    std::map<ports::Slot, Receiving> receiving_;
    mutable std::mutex mutex_;
    std::map<ports::Slot, std::set<Name>> left_behind_;  ///< Under mutex_.
    std::map<ports::Slot, Name> newest_;                 ///< The same: what must be there.
};

}  // namespace rafted::disk
