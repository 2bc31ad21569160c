// A node's directory: who it belongs to, and that nobody else uses it.
//
//   lock            held by the process that uses the directory
//   identity        node and cluster (format.hpp)
//   journal/        segments (journal.hpp)
//   snapshots/      one folder per slot (snapshots.hpp)
//
//   1. The identity is written last when a directory is made: once it is there, so is the journal.
//   2. A directory that holds anything else is left as it is found.
#pragma once

#include <memory>
#include <string>

#include "disk/journal.hpp"

namespace rafted::disk {

inline constexpr const char* lock_name = "lock";
inline constexpr const char* identity_name = "identity";
inline constexpr const char* journal_name = "journal";
inline constexpr const char* snapshots_name = "snapshots";

struct Directory {
    std::unique_ptr<ports::DirectoryLock> lock;
    Identity identity;
};

/// Locks the directory; makes it, if it is missing or empty, with the node id given or a random
/// one. Fails with in_use, invalid (what was found instead), wrong_version or corrupt.
Result<Directory> open_directory(ports::Files& files, const std::string& dir,
                                 const JournalOptions& options, std::optional<NodeId> new_node);
Result<Identity> read_identity(ports::Files& files, const std::string& dir);
/// Replaces it as a whole.
Result<void> write_identity(ports::Files& files, const std::string& dir, const Identity& identity);
/// A number nobody else has: 64 bits from the system's random source, never zero.
std::uint64_t random_id();

}  // namespace rafted::disk
