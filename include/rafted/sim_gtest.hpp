// Simulated runs as a GoogleTest test. The only public header that needs GoogleTest.
//
//   TEST(Counter, SurvivesEverything) {
//       rafted::sim::expect_no_violation<Counter>({.seeds = 200}, workload);
//   }
//
//   1. Seeds run on all cores. The failing run of the least seed is made smaller, told as a story,
//      and printed with the command that shows it again.
//   2. The environment of the test program may ask for one run: RAFTED_SEED, RAFTED_SIM,
//      RAFTED_SIM_TRACE and RAFTED_SIM_HTML (docs/testing.md).
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <source_location>
#include <string>
#include <system_error>

#include "rafted/sim_seeds.hpp"

namespace rafted::sim {

namespace inside {

/// What to call to run the current test, and only it, again.
inline std::string command_of_this_test() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    std::string command = error ? "TEST_PROGRAM" : program.string();
    if (const auto* test = testing::UnitTest::GetInstance()->current_test_info()) {
        command += std::string(" --gtest_filter=") + test->test_suite_name() + "." + test->name();
    }
    return command;
}

}  // namespace inside

/// Whether all seeds of D under the workload go well; if not, its message is the story.
template <class D, class H = LeaderHooks<D>, class W>
testing::AssertionResult has_no_violation(const SeedOptions& options, const W& workload) {
    const TestVerdict verdict =
        test_seeds(options, wishes_of_environment(inside::command_of_this_test()),
                   [&workload] { return subject_of<D, H>(workload); });
    return verdict.ok ? testing::AssertionSuccess() : testing::AssertionFailure() << verdict.text;
}

/// A failure of the current test, at the caller's line, unless all seeds go well.
template <class D, class H = LeaderHooks<D>, class W>
void expect_no_violation(const SeedOptions& options, const W& workload,
                         std::source_location where = std::source_location::current()) {
    const auto verdict = has_no_violation<D, H>(options, workload);
    if (verdict) return;
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << verdict.message();
}

}  // namespace rafted::sim
