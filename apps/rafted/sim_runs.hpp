// Many simulated runs, side by side in processes of their own: a member that stops itself (CHECK)
// ends only its worker, and the seed it was at is known. What the runs said comes back as JSON, in
// the order of the seeds.
//   1. What is told does not depend on how many workers there are, nor on who is faster.
//   2. With `stop_at_first` the last run told is the first that failed.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>

namespace rafted::app {

using Json = nlohmann::ordered_json;

struct Seeds {
    std::uint64_t first = 1;
    std::uint64_t last = 1;
    unsigned jobs = 1;
    bool stop_at_first = false;
};

/// One run as an object with "seed" and "ok".
using RunSeed = std::function<Json(std::uint64_t seed)>;
/// What is told of a run whose worker was ended by this signal.
using RunEnded = std::function<Json(std::uint64_t seed, int signal)>;

struct Ran {
    bool is_child = false;          ///< This is a worker whose part is over: return from main.
    const char* trouble = nullptr;  ///< Why nothing could be run, if so.
};

/// Calls `told` for each run. requires: first <= last, jobs > 0, no other thread.
Ran run_seeds(const Seeds& seeds, const RunSeed& run, const RunEnded& ended,
              const std::function<void(const Json&)>& told);

}  // namespace rafted::app
