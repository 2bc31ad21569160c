// A run's options as words of the command line, so that one line shows a run again from any build.
#pragma once

#include <string>

#include "rafted/sim.hpp"

namespace rafted::sim {

/// "--seed 7 --nodes 3 --only-strikes 2,5": what differs from the defaults, and the seed.
std::string replay_of(const Options& options);
/// "2,5-9": numbers and ranges, ascending. Fails with invalid.
std::string text_of(const std::vector<unsigned>& numbers);
Result<std::vector<unsigned>> numbers_of(std::string_view text);
/// "drop,cut", "all", "all,-lose_disk", "none". Fails with invalid, naming what is no fault.
std::string text_of(const Faults& faults);
Result<Faults> faults_of(std::string_view text);

}  // namespace rafted::sim
