// Many seeds of a simulated run, on all cores; and what a test program makes of them. For tests
// with GoogleTest there is sim_gtest.hpp; another test framework can do the same with test_seeds().
//   1. What is found does not depend on the number of threads: it is the failing run of the least
//      seed, and all seeds below it have been run.
//   2. Each run has its own value and its own copy of the workload. What these reach by reference
//      is used by several threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "rafted/sim.hpp"

namespace rafted::sim {

struct SeedOptions {
    unsigned seeds = 100;
    std::uint64_t first_seed = 1;
    /// Zero: as many as there are cores.
    unsigned threads = 0;
    /// Runs spent on making a failing run smaller; zero: it stays as it is.
    unsigned most_shrink_runs = 400;
    /// Of every run, but for its seed. A trace is taken by test_seeds() alone.
    Options run{};
};

struct SeedsReport {
    /// The seeds from the first one on that went well or, the last, not.
    std::uint64_t runs = 0;
    // Of these:
    std::chrono::microseconds simulated{};
    std::uint64_t commands_ok = 0;
    std::uint64_t queries_ok = 0;
    std::uint64_t crashes = 0;
    /// The failing run of the least seed, if any fails.
    std::optional<Report> failed{};
    /// The same made smaller, and the options that give it; meaningless if none fails.
    Report smallest{};
    Options options{};
};

/// A new subject for each run.
using SubjectMaker = std::function<Subject()>;

/// Runs the seeds. A workload that throws fails its run, as check "workload".
SeedsReport run_seeds(const SeedOptions& options, const SubjectMaker& make);

/// The same for D, its hooks H and a workload (sim_typed.hpp).
template <class D, class H = LeaderHooks<D>, class W>
SeedsReport run_seeds(const SeedOptions& options, const W& workload) {
    return run_seeds(options, [&workload] { return subject_of<D, H>(workload); });
}

/// What the caller of a test program wants of it; all may be empty.
struct TestWishes {
    std::string seed{};        ///< This one alone.
    std::string words{};       ///< Words of a Report::replay: this run alone, as they say.
    std::string trace_file{};  ///< Takes the run as JSON Lines.
    std::string page_file{};   ///< Takes the run as a page.
    /// What to call to run the test again: "bin/tests --gtest_filter=Counter.Survives".
    std::string command{};
};
/// Out of the environment: RAFTED_SEED, RAFTED_SIM, RAFTED_SIM_TRACE and RAFTED_SIM_HTML.
TestWishes wishes_of_environment(std::string command);

struct TestVerdict {
    bool ok = true;
    std::string text;  ///< If not: what broke, as a story, and the command to see it again.
};
/// Runs all seeds, or the one that is wished for. Files are made of the failing run, or else of the
/// first. A wish that makes no sense, or a file that cannot be written, is a verdict, too.
TestVerdict test_seeds(const SeedOptions& options, const TestWishes& wishes,
                       const SubjectMaker& make);

}  // namespace rafted::sim
