// Failing runs become small: a value that is wrong upon some commands, or under some faults, is
// brought down to a few operations and strikes, and the words of the small run show it again.
#include <gtest/gtest.h>

#include "rafted/sim.hpp"
#include "sim/plan.hpp"
#include "sim/replay.hpp"
#include "sim/shelf.hpp"

namespace rafted::test {
namespace {

using sim::Fault;
using sim::Options;
using sim::Report;
using sim::Subject;

Options brisk(std::uint64_t seed) {
    Options options;
    options.seed = seed;
    options.operations = 200;
    options.time = std::chrono::seconds(20);
    return options;
}

/// A counter that forgets what it had upon its third and each later Forget.
struct Forgetful {
    struct Add {};
    struct Forget {};
    using Command = std::variant<Add, Forget>;
    using Query = Unit;
    int total = 0;
    int forgotten = 0;
    int command(const Add&) { return ++total; }
    int command(const Forget&) {
        if (++forgotten >= 3) total = 0;
        return forgotten;
    }
    int query(const Unit&) const { return total; }
};

std::string judge_sum(const std::vector<history::Call>& calls) {
    for (const history::Call& call : calls) {
        if (call.read_only || !call.output) continue;
        const auto command = decode<Forgetful::Command>(call.input);
        const auto answer = decode<int>(*call.output);
        if (!command || !answer || command->index() != 1) continue;
        if (*answer >= 3) return "it has forgotten " + std::to_string(*answer) + " times";
    }
    return {};
}

Subject forgetful() {
    Subject subject = sim::subject_of<Forgetful>(
        [](sim::Chance& chance) -> std::variant<Forgetful::Command, Unit> {
            if (chance.percent(30)) return Unit{};
            if (chance.percent(10)) return Forgetful::Command(Forgetful::Forget{});
            return Forgetful::Command(Forgetful::Add{});
        });
    subject.judge = judge_sum;
    return subject;
}

std::size_t size_of(const Options& options) {
    const auto plan = sim::plan_of(options);
    return plan->strikes.size() + plan->calls.size();
}

TEST(Shrink, KeepsOnlyTheCommandsThatMatter) {
    const Subject subject = forgetful();
    const Report before = sim::run(brisk(3), subject);
    ASSERT_EQ(before.check, "history") << before.text;
    const auto [options, report] = sim::shrink(brisk(3), subject);
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.check, "history");
    // What it takes is three commands; the calm adds one of its own, which may be one of them.
    EXPECT_LE(size_of(options), 3U) << report.replay;
    EXPECT_EQ(options.nodes, 1U);
    EXPECT_EQ(options.faults, sim::none());
}

TEST(Shrink, ReplayWordsShowTheSmallRunAgain) {
    const Subject subject = forgetful();
    const auto [options, report] = sim::shrink(brisk(4), subject);
    ASSERT_FALSE(report.ok);
    const auto again = sim::options_of(report.replay);
    ASSERT_TRUE(again) << to_string(again.error());
    const Report shown = sim::run(*again, subject);
    EXPECT_EQ(shown.check, report.check);
    EXPECT_EQ(shown.text, report.text);
    EXPECT_EQ(shown.trace_hash, report.trace_hash);
    EXPECT_EQ(sim::replay_of(options), report.replay);
}

/// Nobody may wait longer than a second: only what the world does to the group can break that.
Subject impatient() {
    Subject subject = sim::shelf();
    subject.judge = [](const std::vector<history::Call>& calls) -> std::string {
        constexpr std::uint64_t second = 1'000'000'000;
        for (const history::Call& call : calls) {
            if (!call.end || *call.end - call.start > second) return "somebody had to wait";
        }
        return {};
    };
    return subject;
}

TEST(Shrink, KeepsOnlyTheFaultsThatMatter) {
    Options options = brisk(1);
    options.faults = {Fault::drop,  Fault::delay, Fault::split,     Fault::isolate,
                      Fault::crash, Fault::kill,  Fault::jump_wall, Fault::move_lead};
    options.swarm = false;
    const Report before = sim::run(options, impatient());
    ASSERT_EQ(before.check, "history") << before.text;
    const auto [small, report] = sim::shrink(options, impatient());
    EXPECT_EQ(report.check, "history");
    const auto plan = sim::plan_of(small);
    EXPECT_GE(plan->strikes.size(), 1U);
    EXPECT_LE(plan->strikes.size(), 3U) << report.replay;
    EXPECT_LE(plan->calls.size(), 6U) << report.replay;
    for (const sim::Strike& strike : plan->strikes) EXPECT_TRUE(small.faults.has(strike.fault));
    EXPECT_FALSE(small.faults.has(Fault::jump_wall));
    const std::string story = sim::story_of(report);
    EXPECT_NE(story.find("somebody had to wait"), std::string::npos) << story;
    for (const std::string& strike : report.strikes) {
        EXPECT_NE(story.find(strike), std::string::npos) << story;
    }
}

TEST(Shrink, TakesNoMoreRunsThanItMay) {
    unsigned runs = 0;
    Subject subject = forgetful();
    subject.judge = [&runs](const auto&) -> std::string {
        ++runs;
        return "always";
    };
    const auto [options, report] = sim::shrink(brisk(6), subject, 7);
    EXPECT_FALSE(report.ok);
    EXPECT_LE(runs, 8U);  // the first one shows what fails
    EXPECT_GE(runs, 2U);
}

TEST(Shrink, LeavesARunThatIsRightAsItIs) {
    Options options = brisk(5);
    options.faults = sim::none();
    const auto [same, report] = sim::shrink(options, sim::shelf());
    EXPECT_TRUE(report.ok) << report.check << ": " << report.text;
    EXPECT_EQ(sim::replay_of(same), sim::replay_of(options));
}

}  // namespace
}  // namespace rafted::test
