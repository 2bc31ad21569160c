// The client protocol's requests for a backup: what is asked, and what a member answers. By the
// public codec; the bytes themselves are the saved value, as a snapshot has them.
#pragma once

#include <cstdint>
#include <string>

#include "rafted/bytes.hpp"
#include "rafted/ids.hpp"

namespace rafted::ports {

struct BackupWanted {
    Index at_least;  ///< The snapshot must cover this entry.
};

/// A snapshot that a member keeps readable until it is ended, or nobody has read it for a while.
struct HeldBackup {
    std::uint64_t ticket = 0;
    ClusterId cluster;
    NodeId node;
    GroupId group;
    std::string name;
    Bytes meta;  ///< core::encode(SnapshotMeta)
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;  ///< SnapshotSource::checksum()
    std::uint64_t piece_bytes = 0;
};

struct BackupPiece {
    std::uint64_t ticket = 0;
    std::uint64_t offset = 0;
    std::uint64_t max = 0;  ///< No more than piece_bytes are sent.
};

}  // namespace rafted::ports
