// How much a disk holds: a bound that a test sets, raises and takes away while the process runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rafted::faults {

/// The number in the file; none if there is no such file.
std::optional<std::uint64_t> capacity_in(const std::string& file);
/// The sizes of all files below it together.
std::uint64_t bytes_below(const std::string& dir);

}  // namespace rafted::faults
