// Files in memory, with a disk's bad days: what was not synced is lost at a crash, whole or sector
// by sector; writes tear; syncs and reads fail; space ends. Not a device model: it has no latency.
//   1. A crash keeps all that was synced, and of the rest what Loss and the seed say. A sector is
//      written whole or not at all. A file is as long as what is left of it needs.
//   2. Names are durable only after sync_directory; lost names lose in reverse order of making.
//   3. After the power has gone (stop_after, crash) every File and lock of before is dead.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/files.hpp"

namespace rafted::sim {

class SimFiles final : public ports::Files {
public:
    static constexpr std::uint64_t sector_bytes = 512;

    /// What is left of un-synced bytes and names after a crash.
    enum class Loss { everything, nothing, any_sector, any_prefix, any_write };

    struct Faults {
        /// Changing calls (write, sync, rename...) that still work; the next one is cut short and
        /// after it the power is gone until crash().
        std::optional<std::uint64_t> stop_after{};
        /// Syncs that still work; the next one fails once and loses what it should have kept.
        std::optional<std::uint64_t> fail_sync_after{};
        /// Writes that still work; the next one fails once with disk_failed.
        std::optional<std::uint64_t> fail_write_after{};
        /// Writes that still work; the next one finds the disk full when half of it is written.
        std::optional<std::uint64_t> full_write_after{};
        /// Reads of a file whose path contains this fail with disk_failed.
        std::optional<std::string> fail_reads_of{};
        /// Bytes of all files together.
        std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max();
    };

    SimFiles();
    ~SimFiles() override;

    Result<std::unique_ptr<ports::File>> open(const std::string& path,
                                              ports::OpenMode mode) override;
    Result<void> make_directory(const std::string& path) override;
    Result<std::optional<std::vector<std::string>>> list(const std::string& path) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> remove(const std::string& path) override;
    Result<void> sync_directory(const std::string& path) override;
    Result<std::unique_ptr<ports::DirectoryLock>> lock(const std::string& path) override;

    void set_faults(Faults faults);
    Faults faults() const;
    /// Bytes of all files together.
    std::uint64_t used_bytes() const;
    /// From now on nothing is read, written or synced, until crash().
    void cut_power();
    bool has_power() const;
    /// Called once the power goes by itself (Faults::stop_after).
    void on_power_lost(std::function<void()> what);
    /// The machine stops and starts again. Faults are cleared.
    void crash(Loss loss, std::uint64_t seed);
    /// Only the process stops: what was written is there, synced or not. Faults are cleared.
    void kill_process();
    /// Changing calls so far.
    std::uint64_t changes() const;

    std::vector<std::string> paths() const;
    Bytes contents(const std::string& path) const;
    /// Replaces a file, durably.
    void put(const std::string& path, Bytes bytes);
    void flip(const std::string& path, std::uint64_t offset, std::byte mask);
    /// A second disk with the same durable and present contents.
    std::unique_ptr<SimFiles> copy() const;

private:
    struct Inode;
    class OpenFile;
    class HeldLock;
    struct NameChange {
        std::string directory;
        std::vector<std::pair<std::string, std::shared_ptr<Inode>>> names;  // null: removed
    };

    Result<void> begin_change();
    void change_names(NameChange change);
    std::uint64_t used() const;
    void drop_unsynced(Inode& inode, Loss loss, std::uint64_t& random);

    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Inode>> names_;
    std::map<std::string, std::shared_ptr<Inode>> durable_names_;
    std::vector<NameChange> unsynced_names_;
    std::set<std::string> directories_;
    std::set<std::string> locked_;
    Faults faults_;
    bool power_ = true;
    std::function<void()> on_power_lost_;
    std::uint64_t generation_ = 0;
    std::uint64_t changes_ = 0;
};

}  // namespace rafted::sim
