// Looks through a node's directory without changing it: what is there, and what is wrong with it.
//   1. Damage is reported, by file and offset, and what lies behind it is still looked at.
//   2. A directory that a process has open is refused: half-written files would look damaged.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ports/files.hpp"
#include "ports/storage.hpp"

namespace rafted::disk {

struct InspectOptions {
    bool entries = false;   ///< List every entry.
    bool snapshots = true;  ///< Verify every byte of the snapshots, not only their ends.
    /// Called with a file's path before it is read.
    std::function<void(const std::string&)> progress{};
};

struct EntryReport {
    Term term;
    Index index;
    core::EntryKind kind = core::EntryKind::command;
    core::LogTime time{};
    core::Entry entry;  ///< The whole block; null if it is missing.
    std::size_t bytes = 0;
};

struct SnapshotReport {
    std::string file;
    Index index;  ///< By its name.
    Term term;
    std::uint64_t file_bytes = 0;
    std::uint64_t value_bytes = 0;
    core::SnapshotMeta meta{};  ///< If it could be read.
    std::string damage;         ///< Empty: it verifies.
};

struct SegmentReport {
    std::string file;
    std::uint64_t number = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t frames = 0;
    std::string verdict;  ///< "whole", "unfinished write at the end" or "damaged".
};

struct DamageReport {
    std::string file;
    std::uint64_t offset = 0;
    std::string what;
    std::optional<ports::Slot> slot{};  ///< Of the only group it is about.
    /// What it was stands elsewhere too, or is not needed any more: a start goes on without it.
    bool loses_nothing = false;
};

struct GroupReport {
    ports::GroupRecord record;
    core::HardState hard_state;
    Index first;  ///< Of the log; first > last: it is empty.
    Index last;
    std::uint64_t entries = 0;
    std::uint64_t missing = 0;  ///< Entries within the log that cannot be read.
    std::uint64_t log_bytes = 0;
    std::vector<SnapshotReport> snapshots;  ///< Newest first.
    /// If asked for; of entries that are missing within the log only the first 10,000.
    std::vector<EntryReport> entry_list;
    /// The last index the group has here, in its log or covered by a snapshot; 0: none.
    Index last_index() const;
};

struct DirectoryReport {
    std::string dir;
    std::uint32_t format_version = 0;
    NodeId node;  ///< Zero if the identity file does not verify.
    ClusterId cluster;
    std::vector<GroupReport> groups;
    std::vector<SegmentReport> segments;
    std::vector<DamageReport> damages;
    bool is_whole() const { return damages.empty(); }
};

/// Fails with invalid (no such directory, or none of Rafted), in_use, wrong_version, or as the disk
/// does; damage is no failure.
Result<DirectoryReport> inspect(ports::Files& files, const std::string& dir,
                                const InspectOptions& options = {});

}  // namespace rafted::disk
