// A backup of one group in a directory of its own: `value`, the bytes its value was saved as, and
// `manifest`, which says what they are (docs/format.md). Not how they came here.
//   1. The manifest is written last, in one go, after the value is synced: without one that
//      verifies a directory is no backup, however much of it is there.
//   2. Nothing is overwritten, and what was not finished is removed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/message.hpp"
#include "disk/snapshot_file.hpp"
#include "ports/files.hpp"

namespace rafted::disk {

/// Of both files; also changed when what they hold (meta, the value's own head) is encoded anew.
inline constexpr std::uint32_t backup_version = 1;

struct BackupManifest {
    ClusterId cluster;
    NodeId node;  ///< The member it was taken from.
    GroupId group;
    std::string name;
    core::SnapshotMeta meta;
    core::LogTime made_at{};  ///< By the clock of whoever wrote it.
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;  ///< As StreamChecksum adds it up.
    bool operator==(const BackupManifest&) const = default;
};
Bytes encode(const BackupManifest& manifest);
/// Fails with corrupt or wrong_version.
Result<BackupManifest> decode_manifest(BytesView bytes, const std::string& path);

/// Fails with invalid unless nothing is at this path, or an empty directory.
Result<void> check_unused(ports::Files& files, const std::string& dir);

class BackupWriter {
public:
    /// Fails with invalid if anything is at `dir`, or as the disk does.
    static Result<BackupWriter> create(ports::Files& files, const std::string& dir);
    BackupWriter(BackupWriter&& other) noexcept;
    BackupWriter& operator=(BackupWriter&&) = delete;
    /// Without finish() the value is removed again.
    ~BackupWriter();

    Result<void> write(BytesView piece);
    /// Forgets what was written.
    Result<void> start_over();
    std::uint64_t size() const { return size_; }
    /// Fails with corrupt if what was written is not what the manifest says.
    Result<void> finish(const BackupManifest& manifest);

private:
    BackupWriter(ports::Files& files, std::string dir) : files_(&files), dir_(std::move(dir)) {}
    Result<void> put_manifest(const BackupManifest& manifest);

    ports::Files* files_;
    std::string dir_;
    std::unique_ptr<ports::File> value_;
    std::uint64_t size_ = 0;
    StreamChecksum sum_;
    bool is_over_ = false;
};

class BackupReader {
public:
    /// Reads and verifies the manifest. Fails with invalid if `dir` is no backup, corrupt or
    /// wrong_version.
    static Result<BackupReader> open(ports::Files& files, const std::string& dir);
    const BackupManifest& manifest() const { return manifest_; }
    /// Hands out every byte of the value, in pieces. Fails with corrupt, at the end, if they are
    /// not those that were backed up; or as `take` does.
    Result<void> read(const std::function<Result<void>(BytesView)>& take) const;

private:
    BackupManifest manifest_;
    std::string path_;
    std::unique_ptr<ports::File> value_;
};

}  // namespace rafted::disk
