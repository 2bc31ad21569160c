// A backup in words and as JSON, for the verbs that make, verify and restore one.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "rafted/backup.hpp"

namespace rafted::app {

void print_backup(const BackupInfo& backup, std::ostream& out);
nlohmann::ordered_json json_of_backup(const BackupInfo& backup);

}  // namespace rafted::app
