// Storms over the model of RaftedValue: by seeds alone, a weakness is found when only that rule is
// as the reference has it, and by the check that it should be; with all rules mended, nothing is
// reported. How many seeds each needed is recorded as a property of its test.
#include <gtest/gtest.h>

#include <ostream>
#include <set>
#include <string>

#include "support/rafted_value_storm.hpp"

namespace rafted::test {
namespace {

struct Weakness {
    std::string name;
    bool ReferenceRules::* rule;
    std::uint64_t seeds;              ///< Within which it must be found.
    std::set<std::string> may_see{};  ///< One of these reports it first.
};

void PrintTo(const Weakness& weakness, std::ostream* out) { *out << weakness.name; }

class RaftedValueStorm : public testing::TestWithParam<Weakness> {};

TEST_P(RaftedValueStorm, FindsTheWeakness) {
    const Weakness& weakness = GetParam();
    for (std::uint64_t seed = 1; seed <= weakness.seeds; ++seed) {
        ReferenceStormPlan plan{.seed = seed, .rules = ReferenceRules::sound()};
        plan.rules.*weakness.rule = true;
        const auto end = ReferenceStorm(plan).run();
        if (end.violations.empty()) continue;
        const auto& first = end.violations.front();
        RecordProperty("seeds", std::to_string(seed));
        RecordProperty("seen", first.check + ": " + first.text);
        EXPECT_TRUE(weakness.may_see.contains(first.check)) << first.check << ": " << first.text;
        return;
    }
    FAIL() << weakness.seeds << " seeds have not found it";
}

INSTANTIATE_TEST_SUITE_P(
    EachAlone, RaftedValueStorm,
    testing::Values(
        Weakness{"W1", &ReferenceRules::w1_keeps_stale_suffix, 60, {"log matching"}},
        Weakness{"W2", &ReferenceRules::w2_snapshot_sets_term, 60, {"vote safety"}},
        Weakness{"W3",
                 &ReferenceRules::w3_takes_old_snapshots,
                 60,
                 {"monotonic numbers", "commit rule"}},
        Weakness{"W4", &ReferenceRules::w4_reads_before_own, 200, {"read floor"}},
        Weakness{"W6", &ReferenceRules::w6_changes_before_own, 60, {"configuration safety"}},
        Weakness{"ForgottenVote", &ReferenceRules::forgets_vote_of_lead, 20, {"vote safety"}}),
    [](const auto& test) { return test.param.name; });

TEST(RaftedValueStorms, NothingIsReportedWhenAllIsMended) {
    ReferenceStormEnd sum;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const auto end = ReferenceStorm({.seed = seed, .rules = ReferenceRules::sound()}).run();
        ASSERT_TRUE(end.violations.empty())
            << "seed " << seed << ": " << end.violations.front().check << ": "
            << end.violations.front().text;
        sum.answered += end.answered;
        sum.elections += end.elections;
        sum.snapshots += end.snapshots;
        sum.changes += end.changes;
        sum.reads_by_lease += end.reads_by_lease;
    }
    // A storm in which nothing happens would report nothing either.
    EXPECT_GT(sum.answered, 10'000U);
    EXPECT_GT(sum.elections, 100U);
    EXPECT_GT(sum.snapshots, 1'000U);
    EXPECT_GT(sum.changes, 200U);
    EXPECT_GT(sum.reads_by_lease, 1'000U);
}

TEST(RaftedValueStorms, EqualSeedsGiveEqualRuns) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const ReferenceStormPlan plan{.seed = seed, .rules = ReferenceRules::sound()};
        EXPECT_EQ(ReferenceStorm(plan).run(), ReferenceStorm(plan).run());
    }
}

}  // namespace
}  // namespace rafted::test
