// Backups of a group: taken from one that runs, verified, and made the directory of a new node.
//   1. A backup is a directory of two files, `value` and `manifest` (docs/format.md); without a
//      manifest that verifies it is none.
//   2. Nothing is ever overwritten.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rafted/client.hpp"

namespace rafted {

/// What a backup says of itself.
struct BackupInfo {
    std::uint32_t format_version = 0;
    ClusterId cluster;
    std::string group;
    GroupId group_id;
    NodeId from;                           ///< The member it was taken from.
    Index index;                           ///< It is the value as of this entry...
    Term term;                             ///< ...of this term...
    std::chrono::milliseconds log_time{};  ///< ...and this log time, since 1970.
    std::chrono::milliseconds made_at{};   ///< By the clock of whoever made it, since 1970.
    std::vector<MemberInfo> members;
    GroupConfig config;
    std::uint64_t bytes = 0;     ///< Of the saved value, sessions included.
    std::uint64_t checksum = 0;  ///< Of these bytes.
};

struct BackupOptions {
    std::string address;  ///< Of the member to take it from.
    std::string group;
    /// The entry that the backup must cover. None: all that the group's leader knows to be
    /// committed when the backup begins; if nobody leads, what the member has applied.
    std::optional<Index> at_least{};
    /// How long to wait for the snapshot to be made, and, while it travels, for each next piece.
    std::chrono::milliseconds patience{60'000};
    /// Called with what the person at the terminal should know.
    std::function<void(const std::string&)> tell{};
};

/// Backs a running group up into `dir`, which must not exist or be empty. The group goes on
/// meanwhile; no more than one piece of the value is in memory here. Fails as the member and the
/// disk do, with invalid if `dir` is in use, and with corrupt if what arrived does not verify;
/// `dir` then holds nothing that could be taken for a backup.
Result<BackupInfo> back_up(const Client& client, const BackupOptions& options,
                           const std::string& dir);

/// Reads every byte. Fails with invalid (it is no backup), corrupt or wrong_version.
Result<BackupInfo> verify_backup(const std::string& dir);

struct RestoreOptions {
    std::string backup;   ///< The backup's directory.
    std::string dir;      ///< The node's; must not exist or be empty.
    std::string address;  ///< Where the program that opens it will be found, host:port.
    std::string group{};  ///< The name to restore it under; empty: as it was.
};
struct Restored {
    NodeId node;
    ClusterId cluster;
    GroupId group_id;
    BackupInfo backup;
};

/// Makes a new node's directory of a verified backup: a new cluster, a new incarnation of the
/// group, and the node as its sole member. A program that calls create_group on the directory goes
/// on from there; others join with empty ones. Sessions are kept, and log time does not go back.
/// Fails as verify_backup, with invalid if `dir` or the address makes no sense, or as the disk.
Result<Restored> restore_backup(const RestoreOptions& options);

}  // namespace rafted
