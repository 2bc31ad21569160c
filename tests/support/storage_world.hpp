// What the storage tests need: the three kinds of storage behind one face, entries and snapshots to
// put into them, and calls that wait for the answer.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "disk/disk_storage.hpp"
#include "sim/sim_files.hpp"

namespace rafted::test {

/// A folder of its own that is removed at the end.
class TempDir {
public:
    TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// A place where a storage may be opened again and again.
class StorageWorld {
public:
    virtual ~StorageWorld() = default;
    virtual std::unique_ptr<ports::Storage> open() = 0;
    /// Whether what was written is there again after open().
    virtual bool is_durable() const = 0;
};
std::unique_ptr<StorageWorld> world_on_disk();
std::unique_ptr<StorageWorld> world_on_memory_files();
std::unique_ptr<StorageWorld> world_in_memory();

/// Small segments, so that little work fills several.
disk::DiskOptions small_options(bool own_thread = false);

core::Entry entry(std::uint64_t term, std::uint64_t index, std::size_t payload = 10);
std::vector<core::Entry> entries(std::uint64_t term, std::uint64_t from, std::uint64_t to,
                                 std::size_t payload = 10);
core::SnapshotMeta snapshot_meta(std::uint64_t term, std::uint64_t index);
/// Bytes that do not compress away, the same for the same seed.
Bytes some_bytes(std::size_t size, std::uint64_t seed);

ports::GroupRecord record(ports::Slot slot, const std::string& name);
/// The write that makes a group.
ports::GroupWrite founding(ports::Slot slot, const std::string& name);

Result<void> write_and_wait(ports::Storage& storage, ports::Batch batch);
Result<void> write_and_wait(ports::Storage& storage, ports::GroupWrite write);
void save(ports::Storage& storage, ports::Slot slot, const core::SnapshotMeta& meta,
          BytesView bytes);
Bytes read_all(ports::SnapshotSource& source, std::size_t piece = 1000);
/// A snapshot cut into pieces as a leader sends them.
std::vector<core::SnapshotPiece> pieces_of(ports::SnapshotSource& source, std::size_t piece);

}  // namespace rafted::test
