// A plan to go on after a lost majority, and what came of it, in words and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "rafted/recovery.hpp"

namespace rafted::app {

void print_plans(const std::vector<RecoveryPlan>& plans, std::ostream& out);
nlohmann::ordered_json json_of_plans(const std::vector<RecoveryPlan>& plans);

void print_recovered(const RecoverOptions& options, const RecoveredAlone& done, std::ostream& out);
nlohmann::ordered_json json_of_recovered(const RecoveredAlone& done);

}  // namespace rafted::app
