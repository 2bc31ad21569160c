// Many seeds at once, and what a test program makes of them: the least failing seed, a command that
// shows it again, files of the run.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "rafted/sim_gtest.hpp"
#include "support/wrong_values.hpp"

namespace rafted::test::wrong {

namespace {

using sim::Options;
using sim::SeedOptions;
using sim::TestWishes;

SeedOptions quiet(unsigned seeds) {
    SeedOptions options;
    options.seeds = seeds;
    options.run.nodes = 3;
    options.run.faults = sim::none();
    options.run.operations = 60;
    options.run.time = std::chrono::seconds(5);
    return options;
}

/// Fails in some runs, always in the same: where the first client's operations sum up to much.
struct FailsInSome : AddAndSum {
    std::string wrong(const Adder& adder) const {
        return adder.total % 101 == 0 ? "the total is " + std::to_string(adder.total) : "";
    }
};

sim::SubjectMaker wrong_in_some() {
    return [] { return sim::subject_of<Adder>(FailsInSome{}); };
}

TEST(Seeds, AllThatGoWellAreSummedUp) {
    const auto report = sim::run_seeds<Adder>(quiet(6), AddAndSum{});
    EXPECT_FALSE(report.failed);
    EXPECT_EQ(report.runs, 6U);
    EXPECT_GT(report.commands_ok, 6U * 20);
    EXPECT_GT(report.simulated, std::chrono::seconds(30));
}

TEST(Seeds, TheLeastFailingSeedIsFoundByAnyNumberOfThreads) {
    SeedOptions options = quiet(30);
    options.most_shrink_runs = 0;
    std::uint64_t least = 0;
    for (std::uint64_t seed = 1; seed <= 30 && least == 0; ++seed) {
        Options run = options.run;
        run.seed = seed;
        if (!sim::run<Adder>(run, FailsInSome{}).ok) least = seed;
    }
    ASSERT_GT(least, 1U) << "the first seed must go well, another must not";
    for (const unsigned threads : {1U, 2U, 5U}) {
        options.threads = threads;
        const auto report = sim::run_seeds<Adder>(options, FailsInSome{});
        ASSERT_TRUE(report.failed);
        EXPECT_EQ(report.failed->seed, least);
        EXPECT_EQ(report.runs, least);
        EXPECT_EQ(report.options.seed, least);
    }
}

TEST(Seeds, FailingRunIsMadeSmaller) {
    SeedOptions options = quiet(30);
    options.most_shrink_runs = 60;
    const auto report = sim::run_seeds<Adder>(options, FailsInSome{});
    ASSERT_TRUE(report.failed);
    EXPECT_EQ(report.smallest.check, report.failed->check);
    EXPECT_FALSE(report.smallest.ok);
    EXPECT_LT(report.smallest.steps, report.failed->steps);
    const auto again = sim::run<Adder>(report.options, FailsInSome{});
    EXPECT_EQ(again.trace_hash, report.smallest.trace_hash);
}

TEST(Seeds, WorkloadThatThrowsIsAVerdict) {
    const auto report = sim::run_seeds<Adder>(
        quiet(3), [](sim::Chance&) -> Add { throw std::runtime_error("no more ideas"); });
    ASSERT_TRUE(report.failed);
    EXPECT_EQ(report.failed->check, "workload");
    EXPECT_NE(report.failed->text.find("no more ideas"), std::string::npos);
}

TEST(Seeds, OneRunOfAWorkloadThatThrowsIsAVerdictToo) {
    const auto report = sim::run<Adder>(
        quiet(1).run, [](sim::Chance&) -> Add { throw std::runtime_error("no more ideas"); });
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.check, "workload");
    EXPECT_NE(report.text.find("no more ideas"), std::string::npos);
}

TEST(Seeds, WordsOfAReplayGiveItsOptions) {
    Options told;
    told.seed = 99;
    told.nodes = 3;
    told.faults = {sim::Fault::drop, sim::Fault::cut};
    told.swarm = false;
    told.operations = 20;
    told.clients = 2;
    told.time = std::chrono::seconds(7);
    told.durable = true;
    told.only_strikes = {{1, 2, 3}};
    told.only_operations = {{5, 9}};
    const auto report = sim::run<Adder>(told, AddAndSum{});
    const auto read = sim::options_of(report.replay);
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(read->seed, 99U);
    EXPECT_EQ(read->nodes, 3U);
    EXPECT_EQ(read->faults, told.faults);
    EXPECT_FALSE(read->swarm);
    EXPECT_EQ(read->operations, 20U);
    EXPECT_EQ(read->clients, 2U);
    EXPECT_EQ(read->time, told.time);
    EXPECT_EQ(read->durable, true);
    EXPECT_EQ(read->only_strikes, told.only_strikes);
    EXPECT_EQ(read->only_operations, told.only_operations);
    EXPECT_EQ(sim::run<Adder>(*read, AddAndSum{}).trace_hash, report.trace_hash);
}

TEST(Seeds, WordsThatMakeNoSenseAreNamed) {
    const auto text = [](std::string_view words) {
        const auto read = sim::options_of(words);
        return read ? "" : read.error().message;
    };
    EXPECT_NE(text("--sed 7").find("'--sed'"), std::string::npos);
    EXPECT_NE(text("--nodes three").find("'three'"), std::string::npos);
    EXPECT_NE(text("--nodes").find("--nodes"), std::string::npos);
    EXPECT_NE(text("--faults rain").find("'rain'"), std::string::npos);
    EXPECT_NE(text("--only-strikes 9-2").find("9-2"), std::string::npos);
    EXPECT_EQ(text("  --memory  --seed 4 "), "");
}

TEST(Seeds, VerdictNamesTheCommandThatShowsItAgain) {
    const TestWishes wishes{.command = "bin/tests --gtest_filter=A.B"};
    SeedOptions options = quiet(30);
    options.most_shrink_runs = 20;
    const auto verdict = sim::test_seeds(options, wishes, wrong_in_some());
    ASSERT_FALSE(verdict.ok);
    EXPECT_NE(verdict.text.find("\"invariant\""), std::string::npos) << verdict.text;
    const auto at = verdict.text.find("  RAFTED_SEED=");
    ASSERT_NE(at, std::string::npos) << verdict.text;
    const std::string line = verdict.text.substr(at, verdict.text.find('\n', at) - at);
    EXPECT_TRUE(line.ends_with("bin/tests --gtest_filter=A.B")) << line;

    // What the line says is run, and breaks the same.
    TestWishes again;
    again.seed = line.substr(14, line.find(' ', 14) - 14);
    const auto quote = line.find('\'');
    again.words = line.substr(quote + 1, line.rfind('\'') - quote - 1);
    const auto repeated = sim::test_seeds(options, again, wrong_in_some());
    ASSERT_FALSE(repeated.ok);
    EXPECT_NE(repeated.text.find("seed " + again.seed + " "), std::string::npos) << repeated.text;
    EXPECT_NE(repeated.text.find("\"invariant\""), std::string::npos) << repeated.text;
}

TEST(Seeds, OneSeedMayBeWishedFor) {
    SeedOptions options = quiet(30);
    const TestWishes good{.seed = "1"};
    EXPECT_TRUE(sim::test_seeds(options, good, wrong_in_some()).ok);
    const TestWishes bad{.seed = "x1"};
    const auto verdict = sim::test_seeds(options, bad, wrong_in_some());
    EXPECT_NE(verdict.text.find("'x1'"), std::string::npos);
    const TestWishes words{.words = "--nodez 3"};
    EXPECT_NE(sim::test_seeds(options, words, wrong_in_some()).text.find("RAFTED_SIM"),
              std::string::npos);
}

std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(Seeds, FilesOfTheRunAreWritten) {
    std::string name = std::filesystem::temp_directory_path() / "rafted_seeds_XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    const std::filesystem::path folder = name;
    TestWishes wishes;
    wishes.seed = "1";
    wishes.trace_file = (folder / "run.jsonl").string();
    wishes.page_file = (folder / "run.html").string();
    EXPECT_TRUE(sim::test_seeds(quiet(1), wishes, wrong_in_some()).ok);
    EXPECT_NE(contents(wishes.trace_file).find("\"kind\":\"run\""), std::string::npos);
    EXPECT_NE(contents(wishes.page_file).find("<html"), std::string::npos);
    wishes.trace_file = (folder / "no" / "such" / "folder").string();
    const auto verdict = sim::test_seeds(quiet(1), wishes, wrong_in_some());
    EXPECT_FALSE(verdict.ok);
    EXPECT_NE(verdict.text.find("cannot write"), std::string::npos);
    std::filesystem::remove_all(folder);
}

/// Wishes of whoever runs this very program are not for the tests below.
class Adapter : public testing::Test {
protected:
    void SetUp() override {
        for (const char* name : {"RAFTED_SEED", "RAFTED_SIM"}) ::unsetenv(name);
    }
};

TEST_F(Adapter, SilentWhenAllGoesWell) {
    sim::expect_no_violation<Adder>(quiet(4), AddAndSum{});
    EXPECT_TRUE(sim::has_no_violation<Adder>(quiet(2), AddAndSum{}));
}

TEST_F(Adapter, FailsAtTheCallersLineWithTheFilterOfTheTest) {
    testing::TestPartResultArray results;
    const int line = __LINE__ + 4;
    {
        const testing::ScopedFakeTestPartResultReporter reporter(
            testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &results);
        sim::expect_no_violation<ReadsClock>(quiet(3), AddAndSum{});
    }
    ASSERT_EQ(results.size(), 1);
    const auto& result = results.GetTestPartResult(0);
    EXPECT_EQ(result.line_number(), line);
    const std::string text = result.message();
    EXPECT_NE(text.find("--gtest_filter=Adapter.FailsAtTheCallersLineWithTheFilterOfTheTest"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("determinism"), std::string::npos) << text;
}

TEST_F(Adapter, ReadsTheEnvironment) {
    ::setenv("RAFTED_SEED", "no number", 1);
    const auto verdict = sim::has_no_violation<Adder>(quiet(2), AddAndSum{});
    ::unsetenv("RAFTED_SEED");
    EXPECT_FALSE(verdict);
    EXPECT_NE(std::string(verdict.message()).find("'no number'"), std::string::npos);
}

}  // namespace
}  // namespace rafted::test::wrong
