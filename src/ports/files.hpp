// The port to a file system, below Storage: the journal and the snapshots speak to a disk only
// through it, so that the same code runs on a real and on a simulated one.
//   1. What was written is durable once sync() has returned; a name once sync_directory() of its
//      directory has. Until then a crash may lose any of it, in any order, sector by sector.
//   2. A write never changes bytes outside its own range, whatever happens.
//   3. Errors: disk_full (no space), in_use (locked), disk_failed (the device), invalid (all that
//      the caller's paths or rights are to blame for). Each names the path and the reason.
//   4. May be used from several threads; one File by one thread at a time, reads excepted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rafted/bytes.hpp"
#include "rafted/result.hpp"

namespace rafted::ports {

class File {
public:
    virtual ~File() = default;
    virtual Result<std::uint64_t> size() const = 0;
    /// Reads from `offset` into all of `into`; returns how much there was, less only at the end.
    virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const = 0;
    /// Writes the pieces back to back at `offset`; the file grows if need be. After an error any
    /// part of it may have been written.
    virtual Result<void> write(std::uint64_t offset, std::span<const BytesView> pieces) = 0;
    /// A hint: these bytes will be synced soon, the device may begin. Promises nothing.
    virtual void expect_sync(std::uint64_t /*offset*/, std::uint64_t /*bytes*/) {}
    /// Waits until the device has been given these bytes, so that a later sync finds little to do.
    /// Makes nothing durable. An error is as one of sync().
    virtual Result<void> write_back(std::uint64_t /*offset*/, std::uint64_t /*bytes*/) {
        return {};
    }
    /// Makes all bytes written so far durable, and the size with them. After an error nothing is
    /// known of them, and no later success says otherwise.
    virtual Result<void> sync() = 0;
};

/// A lock that is held while this object lives.
class DirectoryLock {
public:
    virtual ~DirectoryLock() = default;
};

enum class OpenMode : std::uint8_t {
    read,    ///< Must exist.
    verify,  ///< As read, and past what the system remembers of the file: what the device holds.
    write,   ///< Must exist; read and write.
    create,  ///< Made if missing, emptied if not; read and write.
    create_beside,  ///< As create; each sync or write_back then leaves the device to others for as
                    ///< long again, 2 ms at most.
};

class Files {
public:
    virtual ~Files() = default;
    virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
    /// With its parents, made durable; fine if it is there already.
    virtual Result<void> make_directory(const std::string& path) = 0;
    /// The names in a directory, sorted; nothing if it does not exist.
    virtual Result<std::optional<std::vector<std::string>>> list(const std::string& path) = 0;
    /// Atomic; replaces `to`.
    virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    /// A file; fine if it is gone already. Whoever has it open goes on reading it.
    virtual Result<void> remove(const std::string& path) = 0;
    virtual Result<void> sync_directory(const std::string& path) = 0;
    /// Locks through the file at `path`, made if missing. Fails with in_use, at once, if anybody
    /// (this process too) holds it.
    virtual Result<std::unique_ptr<DirectoryLock>> lock(const std::string& path) = 0;
};

}  // namespace rafted::ports
