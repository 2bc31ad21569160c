// Storage on a file system: one directory, one journal, one writer for all groups of a node.
//   1. The threads are thin shells: one hands what waits to the writer's core, one prepares the
//      journal's next segment. Without them (own_thread off) the owner does the same by
//      write_pending() and prepare_segment(), and every run is the same.
//   2. Whoever has set writing_ has the writer's core to itself. The lock guards that and the
//      queue; answers are given without it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "disk/directory.hpp"
#include "disk/disk_writer.hpp"
#include "disk/scrub.hpp"
#include "ports/beside.hpp"

namespace rafted::disk {

struct DiskOptions {
    JournalOptions journal;
    /// Off: nothing is written until write_pending() is called.
    bool own_thread = true;
    /// Who may do a small write of a quick disk in place of the own thread: nobody, if empty.
    ports::OfferBeside offer{};
    /// The id of a new directory's node; none: random.
    std::optional<NodeId> new_node;
    /// Batches that wait; more are refused with busy. At least 1.
    std::size_t max_waiting = 65'536;
};

class DiskStorage final : public ports::Storage {
public:
    /// Opens or makes the directory. `files` must outlive the storage. Fails with invalid, in_use,
    /// wrong_version, corrupt, disk_full or disk_failed, each with file and reason.
    static Result<std::unique_ptr<DiskStorage>> open(ports::Files& files, const std::string& dir,
                                                     const DiskOptions& options);
    ~DiskStorage() override;

    Result<ports::Recovered> recover() override;
    Result<void> set_cluster(ClusterId cluster) override;
    void write(ports::Batch batch, ports::Done done) override;
    Result<std::unique_ptr<ports::SnapshotSink>> save_snapshot(
        ports::Slot slot, const core::SnapshotMeta& meta) override;
    Result<std::unique_ptr<ports::SnapshotSource>> open_snapshot(ports::Slot slot) override;
    ports::Scrubbed scrub(std::size_t bytes) override;
    DiskState state() const override { return state_; }
    void close() override;

    /// Writes all that waits and answers it, and anew what a scrub found damaged; false if there
    /// was nothing to do. requires: no own thread.
    bool write_pending();
    /// Prepares some of the journal's next segment; false if there was nothing to do. requires: no
    /// own thread.
    bool prepare_segment();
    /// Bytes of the journal's files. requires: no own thread.
    std::uint64_t journal_bytes() const { return journal_->disk_bytes(); }

private:
    struct Home {
        ports::Files* files = nullptr;
        std::string dir;
        DiskOptions options;
    };
    DiskStorage(Home home, Directory directory);

    Result<ports::RecoveredGroup> without_snapshot(const GroupImage& group,
                                                   const Snapshots::AtStart& found,
                                                   std::vector<std::string>& notes);
    Result<ports::RecoveredGroup> recover_group(const GroupImage& group, Draft& repairs,
                                                std::vector<std::string>& notes);
    void run();
    bool is_due() const;
    bool offer_waiting();
    void write_waiting(std::unique_lock<std::mutex>& hold);
    std::deque<Waiting> take_waiting();
    void mend_identity(const std::string& why, ports::Scrubbed& said);
    void mend_snapshot(const Scrub::BadSnapshot& bad, ports::Scrubbed& said) const;
    void write_again_later(std::uint64_t upto);
    bool write_again();

    const Home home_;
    std::unique_ptr<ports::DirectoryLock> directory_lock_;
    std::mutex identity_mutex_;
    Identity identity_;
    Snapshots snapshots_;
    std::atomic<DiskState> state_{DiskState::healthy};
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<DiskWriter> writer_;
    std::unique_ptr<Scrub> scrub_;  // used by whoever calls scrub()

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Waiting> waiting_;
    std::uint64_t damaged_upto_ = 0;  ///< What lives in segments up to here is written again.
    bool offered_ = false;            ///< What waits is left to whom it was offered.
    bool writing_ = false;
    ports::QuickOfLate is_quick_;
    bool closed_ = false;
    std::thread thread_;
    std::thread preparing_;  ///< Of the journal's next segment.
};

/// DiskStorage with a thread of its own, as a node uses it.
Result<std::unique_ptr<ports::Storage>> open_disk_storage(ports::Files& files,
                                                          const std::string& dir,
                                                          const DiskOptions& options = {});

}  // namespace rafted::disk
