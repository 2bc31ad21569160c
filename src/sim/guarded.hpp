// A run of a user's own code, which may throw where it must not: the report says so.
#pragma once

#include <functional>

#include "rafted/sim.hpp"

namespace rafted::sim {

/// What `run` reports, or a report of check "workload" with what it threw.
Report guarded(const Options& options, const std::function<Report()>& run);

}  // namespace rafted::sim
