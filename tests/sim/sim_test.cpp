// The world of `rafted sim`: the same seed is the same run, words and options are the same thing,
// what is wrong with options is told, and the seeds that once found something stay found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "rafted/sim.hpp"
#include "sim/page.hpp"
#include "sim/replay.hpp"
#include "sim/shelf.hpp"

namespace rafted::test {
namespace {

using sim::Fault;
using sim::Options;
using sim::Report;
using testing::HasSubstr;
using testing::Not;

Options seed(std::uint64_t number) {
    Options options;
    options.seed = number;
    return options;
}

TEST(Sim, SameSeedIsTheSameRun) {
    for (std::uint64_t number = 1; number <= 6; ++number) {
        const Report one = sim::run(seed(number), sim::shelf());
        const Report other = sim::run(seed(number), sim::shelf());
        EXPECT_EQ(one.trace_hash, other.trace_hash) << "seed " << number;
        EXPECT_EQ(one.steps, other.steps);
        EXPECT_EQ(one.strikes, other.strikes);
        EXPECT_GT(one.steps, 100U);
    }
    EXPECT_NE(sim::run(seed(1), sim::shelf()).trace_hash,
              sim::run(seed(2), sim::shelf()).trace_hash);
}

TEST(Sim, TraceChangesNothingAndFillsAPage) {
    for (std::uint64_t number = 1; number <= 4; ++number) {
        const Report silent = sim::run(seed(number), sim::shelf());
        Options traced = seed(number);
        std::string lines;
        traced.trace = [&lines](std::string_view line) { (lines += line) += '\n'; };
        const Report told = sim::run(traced, sim::shelf());
        EXPECT_EQ(silent.trace_hash, told.trace_hash) << "seed " << number;
        const auto page = sim::trace_page(lines);
        EXPECT_TRUE(page) << "seed " << number << ": " << to_string(page.error());
        EXPECT_THAT(lines, HasSubstr(R"("kind":"end")"));
        EXPECT_THAT(lines, HasSubstr(R"("effects":"then sends n)"));
        EXPECT_THAT(lines, Not(HasSubstr(R"("input":"")"))) << "a step without a reason";
    }
}

TEST(Sim, WrongOptionsAreTold) {
    const auto told = [](const auto& change) {
        Options options;
        change(options);
        const Report report = sim::run(options, sim::shelf());
        EXPECT_FALSE(report.ok);
        EXPECT_EQ(report.check, "options");
        EXPECT_THAT(sim::story_of(report), HasSubstr(report.text));
        return report.text;
    };
    EXPECT_THAT(told([](Options& options) { options.nodes = 0; }), HasSubstr("nodes is 0"));
    EXPECT_THAT(told([](Options& options) { options.nodes = 10; }), HasSubstr("1 to 9"));
    EXPECT_THAT(told([](Options& options) { options.clients = 0; }), HasSubstr("clients is 0"));
    EXPECT_THAT(told([](Options& options) { options.operations = 2'000'000; }),
                HasSubstr("operations"));
    EXPECT_THAT(told([](Options& options) { options.time = std::chrono::seconds(0); }),
                HasSubstr("time is 0"));
}

TEST(Sim, WordsAndOptionsAreTheSameThing) {
    Options options;
    options.seed = 18'446'744'073'709'551'615U;
    options.nodes = 3;
    options.faults = {Fault::drop, Fault::crash_in_write};
    options.swarm = false;
    options.operations = 17;
    options.clients = 2;
    options.time = std::chrono::seconds(9);
    options.durable = true;
    options.only_strikes = {{2, 5, 6, 7}};
    options.only_operations = std::vector<unsigned>();
    const std::string words = sim::replay_of(options);
    EXPECT_EQ(words,
              "--seed 18446744073709551615 --nodes 3 --faults drop,crash_in_write --no-swarm "
              "--operations 17 --clients 2 --time 9 --disk --only-strikes 2,5-7 "
              "--only-operations none");
    const auto again = sim::options_of(words);
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(sim::replay_of(*again), words);
    EXPECT_EQ(again->only_strikes, options.only_strikes);
    EXPECT_EQ(again->faults, options.faults);
    EXPECT_EQ(sim::replay_of(*sim::options_of("--seed 7")), "--seed 7");
    const auto wrong = sim::options_of("--seed 7 --faults dorp");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, HasSubstr("dorp"));
}

/// A shelf that answers some gets with what is not there.
struct Liar {
    using Command = sim::Shelf::Command;
    using Query = sim::Shelf::Query;
    sim::Shelf shelf;
    template <class C>
    auto command(const C& command) {
        return shelf.command(command);
    }
    std::uint64_t query(const sim::Shelf::Get& get) const {
        const std::uint64_t value = shelf.query(get);
        return value % 5 == 1 ? value + 1 : value;
    }
    std::int64_t query(const sim::Shelf::Count& count) const { return shelf.query(count); }
};

TEST(Sim, WrongAnswersAreFoundInTheHistory) {
    sim::Subject subject = sim::shelf();
    subject.machine = [] { return std::make_unique<Typed<Liar>>(); };
    Options options = seed(1);
    options.faults = sim::none();
    const Report report = sim::run(options, subject);
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.check, "history");
    EXPECT_THAT(report.text, HasSubstr("no order of the calls on k"));
    EXPECT_THAT(report.text, HasSubstr(": get k"));
    EXPECT_THAT(report.replay, HasSubstr("--seed 1"));
}

TEST(Sim, HistoryHoldsWhatClientsSaw) {
    Options options = seed(1);
    options.faults = sim::none();
    const Report report = sim::run(options, sim::shelf());
    ASSERT_TRUE(report.ok) << report.text;
    EXPECT_EQ(report.refused + report.unknown, 0U);
    EXPECT_GT(report.history.size(), 400U);  // all but the stale queries
    for (const history::Call& call : report.history) {
        ASSERT_TRUE(call.end && call.output);
        EXPECT_LT(call.start, *call.end);
    }
    EXPECT_EQ(sim::judge_shelf(report.history), "");
    const std::string lines = sim::key_history_of(report.history);
    EXPECT_THAT(lines, HasSubstr(R"("op":"put","key":"k)"));
}

/// An answer that was given to somebody else, or an acknowledged command that got lost.
TEST(Sim, EveryKindOfCallIsJudged) {
    Options options = seed(1);
    options.faults = sim::none();
    const Report report = sim::run(options, sim::shelf());
    for (const std::size_t kind : {0U, 2U, 3U}) {
        auto calls = report.history;
        std::vector<std::size_t> of_kind;
        for (std::size_t i = 0; i < calls.size(); ++i) {
            const auto command = calls[i].read_only ? decode<sim::Shelf::Command>({})
                                                    : decode<sim::Shelf::Command>(calls[i].input);
            if (command && command->index() == kind) of_kind.push_back(i);
        }
        ASSERT_GT(of_kind.size(), 20U);
        std::swap(calls[of_kind[5]].output, calls[of_kind[15]].output);
        EXPECT_NE(sim::judge_shelf(calls), "") << "kind " << kind;
        calls = report.history;
        calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(of_kind[5]));
        EXPECT_NE(sim::judge_shelf(calls), "") << "kind " << kind;
    }
}

TEST(Sim, SeedsThatFoundSomethingStayFound) {
    std::ifstream file(std::string(RAFTED_SOURCE_DIR) + "/tests/sim/seeds");
    ASSERT_TRUE(file) << "tests/sim/seeds is not there";
    std::string line;
    unsigned runs = 0;
    while (std::getline(file, line)) {
        const std::string words = line.substr(0, line.find('#'));
        if (words.find_first_not_of(' ') == std::string::npos) continue;
        const auto options = sim::options_of(words);
        ASSERT_TRUE(options) << line << ": " << to_string(options.error());
        const Report report = sim::run(*options, sim::shelf());
        EXPECT_TRUE(report.ok) << line << "\n" << sim::story_of(report);
        ++runs;
    }
    EXPECT_GT(runs, 0U);
}

}  // namespace
}  // namespace rafted::test
