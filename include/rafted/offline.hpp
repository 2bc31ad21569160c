// Questions about a node's directory that no process has open (D14). Nothing is changed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rafted/ids.hpp"
#include "rafted/result.hpp"

namespace rafted {

/// The last log index the directory holds of a group, for choosing the copy that reaches furthest.
/// Returns nothing if the group, the directory or its files are missing, cut short, damaged or
/// belong elsewhere, so that no number comes from a log that cannot be trusted; an unfinished
/// write at the end is not counted. Fails with in_use if a process has the directory open, with
/// wrong_version if another version wrote it, or as the disk does.
Result<std::optional<Index>> read_last_log_index(const std::string& dir, std::string_view group);

}  // namespace rafted
