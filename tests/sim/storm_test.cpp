// Behaviours 29 and 30: random operations and random minority netsplits over a group of cores,
// with messages dropped, doubled, delayed and reordered; memory-only and durable. RAFTED_SEED=n
// plays one seed again; RAFTED_FULL=1 runs ten times as many. A run that dies prints its seed.
#include <gtest/gtest.h>

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sim/storm.hpp"

namespace rafted::test {
namespace {

/// For the handler of a broken invariant in the core, which ends the process.
volatile std::uint64_t running_seed = 0;

void tell_seed(int) {
    char text[96];
    const int size =
        std::snprintf(text, sizeof text, "storm: died in seed %llu; RAFTED_SEED=%llu\n",
                      static_cast<unsigned long long>(running_seed),
                      static_cast<unsigned long long>(running_seed));
    if (write(STDERR_FILENO, text, static_cast<std::size_t>(size)) < 0) return;
}

struct Seeds {
    std::uint64_t first = 1;
    std::uint64_t count = 0;
};

Seeds seeds(std::uint64_t usual) {
    if (const char* one = std::getenv("RAFTED_SEED")) {
        return {std::strtoull(one, nullptr, 10), 1};
    }
    const char* full = std::getenv("RAFTED_FULL");
    return {1, full != nullptr && std::string(full) == "1" ? usual * 10 : usual};
}

void run_storms(StormPlan plan, std::uint64_t usual) {
    std::signal(SIGABRT, tell_seed);
    const Seeds range = seeds(usual);
    for (std::uint64_t i = 0; i < range.count; ++i) {
        plan.seed = range.first + i;
        running_seed = plan.seed;
        Storm storm(plan);
        const auto wrongs = storm.run();
        std::string text;
        for (const auto& wrong : wrongs) text += "\n  " + wrong;
        ASSERT_TRUE(wrongs.empty()) << "RAFTED_SEED=" << plan.seed << text;
    }
    std::signal(SIGABRT, SIG_DFL);
}

constexpr std::uint64_t usual_seeds = 50;

TEST(Storm, B29_RandomOperationsDurable) { run_storms({1, true, false, 50}, usual_seeds); }
TEST(Storm, B29_RandomOperationsMemoryOnly) { run_storms({1, false, false, 50}, usual_seeds); }
TEST(Storm, B30_RandomNetsplitsDurable) { run_storms({1, true, true, 10}, usual_seeds); }
TEST(Storm, B30_RandomNetsplitsMemoryOnly) { run_storms({1, false, true, 10}, usual_seeds); }

TEST(Storm, EqualSeedsGiveEqualRuns) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Storm one({seed, true, true, 5});
        Storm other({seed, true, true, 5});
        EXPECT_EQ(one.run(), other.run());
        EXPECT_EQ(one.digest(), other.digest());
        Storm different({seed + 100, true, true, 5});
        (void)different.run();
        EXPECT_NE(one.digest(), different.digest());
    }
}

}  // namespace
}  // namespace rafted::test
