// GroupConfig by the names of its fields: durations in milliseconds (_ms), sizes in bytes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rafted/config.hpp"

namespace rafted::app {

/// All keys with their values, in the order of config.hpp. "none" stands for no value.
std::vector<std::pair<std::string, std::string>> fields_of(const GroupConfig& config);
/// Fails with invalid: an unknown key (all keys are listed), or a value that is no such number.
Result<void> set_field(GroupConfig& config, const std::string& key, const std::string& value);
/// One line per key: name, default, meaning.
std::string describe_fields();

}  // namespace rafted::app
