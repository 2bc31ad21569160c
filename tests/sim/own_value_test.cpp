// A user's own value in the simulated world: a right one goes through, and each kind of wrong one
// is found, with a message that names the command.
#include <gtest/gtest.h>

#include <map>

#include "support/wrong_values.hpp"

namespace rafted::test::wrong {

namespace {

using sim::Chance;
using sim::Options;
using sim::Report;

/// No faults: what is found is found by the value's own doing.
Options quiet() {
    Options options;
    options.nodes = 3;
    options.faults = sim::none();
    options.operations = 200;
    options.time = std::chrono::seconds(10);
    return options;
}

template <class D>
Report run_quietly() {
    return sim::run<D>(quiet(), AddAndSum{});
}

template <class D>
void expect_found(const std::string& who, const std::string& how) {
    const Report report = run_quietly<D>();
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.check, "determinism") << report.text;
    EXPECT_NE(report.text.find(who), std::string::npos) << report.text;
    EXPECT_NE(report.text.find(how), std::string::npos) << report.text;
    EXPECT_NE(report.replay.find("--seed"), std::string::npos) << report.replay;
}

TEST(OwnValue, RightOneGoesThrough) {
    const Report report = run_quietly<Adder>();
    EXPECT_TRUE(report.ok) << report.check << ": " << report.text;
    EXPECT_GT(report.commands_ok, 100U);
    EXPECT_GT(report.queries_ok, 30U);
    EXPECT_EQ(report.unknown, 0U);
}

TEST(OwnValue, EqualSeedsGiveEqualRuns) {
    EXPECT_EQ(run_quietly<Adder>().trace_hash, run_quietly<Adder>().trace_hash);
    Options other = quiet();
    other.seed = 2;
    EXPECT_NE(sim::run<Adder>(other, AddAndSum{}).trace_hash, run_quietly<Adder>().trace_hash);
}

TEST(OwnValue, ClockInCommandIsFound) {
    expect_found<ReadsClock>("the command at index ", "gave two results on two copies");
    EXPECT_NE(run_quietly<ReadsClock>().text.find("(Add{"), std::string::npos);
}

TEST(OwnValue, StaticInCommandIsFound) {
    expect_found<CountsInStatic>("(Add{", "gave two results on two copies");
}

TEST(OwnValue, WritingQueryIsFound) {
    expect_found<CountsQueries>("the query at index ", "changed the value");
    EXPECT_NE(run_quietly<CountsQueries>().text.find("(Sum)"), std::string::npos);
}

TEST(OwnValue, OrderOfAddressesIsFound) {
    // Addresses may agree on the copies by luck; then it is another member that differs.
    const Report report = run_quietly<OrderOfAddresses>();
    EXPECT_TRUE(report.check == "determinism" || report.check == "state machine safety" ||
                report.check == "exactly once")
        << report.check << ": " << report.text;
    EXPECT_NE(report.text.find("result"), std::string::npos) << report.text;
    EXPECT_NE(report.text.find("Add{"), std::string::npos) << report.text;
}

TEST(OwnValue, MemberNeverSetIsFound) { expect_found<NeverSet>("(Add{", "result"); }

TEST(OwnValue, ForgottenFieldIsFound) {
    expect_found<ForgetsField>("(Add{", "another result on a twin restored from a snapshot");
}

TEST(OwnValue, ForgottenFieldOfQueryIsFound) {
    expect_found<ForgetsWhatIsAsked>("(Sum)", "another answer on a copy restored from a snapshot");
}

TEST(OwnValue, LoadThatGivesBackSomethingElseIsFound) {
    expect_found<LoadsOtherwise>("at index ", "");
}

TEST(OwnValue, LoadThatLeavesBytesIsFound) {
    expect_found<LoadsLess>("(Add{", "cannot be loaded from what it saved: corrupt: ");
}

TEST(OwnValue, SaveThatThrowsIsFound) {
    expect_found<ThrowsInSave>("(Add{", "cannot be saved: value_threw: too large for me");
}

TEST(OwnValue, WrongOnesAreFoundUnderFaultsToo) {
    Options options;
    options.seed = 3;
    EXPECT_FALSE(sim::run<ReadsClock>(options, AddAndSum{}).ok);
    EXPECT_FALSE(sim::run<ForgetsField>(options, AddAndSum{}).ok);
}

TEST(OwnValue, WithoutTheGuardMembersAreStillCompared) {
    Options options = quiet();
    options.guard = false;
    const Report report = sim::run<ReadsClock>(options, AddAndSum{});
    EXPECT_FALSE(report.ok);
    EXPECT_TRUE(report.check == "state machine safety" || report.check == "exactly once")
        << report.check << ": " << report.text;
    EXPECT_NE(report.text.find("(the command is Add{"), std::string::npos) << report.text;
}

/// An invariant of the user's own.
struct Guarded : AddAndSum {
    std::string wrong(const Adder& adder) const {
        return adder.total > 100 ? "the total is " + std::to_string(adder.total) : "";
    }
};

TEST(OwnValue, InvariantIsAskedAfterEveryCommand) {
    const Report report = sim::run<Adder>(quiet(), Guarded{});
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.check, "invariant");
    EXPECT_NE(report.text.find("(Add{"), std::string::npos) << report.text;
    EXPECT_NE(report.text.find("the total is 10"), std::string::npos) << report.text;
}

struct ThrowsItself : AddAndSum {
    std::string wrong(const Adder&) const { throw std::runtime_error("no idea"); }
};

TEST(OwnValue, InvariantThatThrowsIsOneThatIsBroken) {
    const Report report = sim::run<Adder>(quiet(), ThrowsItself{});
    EXPECT_EQ(report.check, "invariant");
    EXPECT_NE(report.text.find("no idea"), std::string::npos) << report.text;
}

/// Commands and queries of the same type.
struct Echo {
    using Command = int;
    using Query = int;
    int last = 0;
    int command(int value) { return std::exchange(last, value); }
    int query(int plus) const { return last + plus; }
};

TEST(OwnValue, RequestsSayWhatTheTypeDoesNot) {
    const Report report = sim::run<Echo>(quiet(), [](Chance& chance, unsigned client) {
        const int value = static_cast<int>(chance.below(100));
        if (chance.percent(20)) return sim::stale_query<Echo>(value);
        if (chance.percent(40)) return sim::query<Echo>(value);
        return sim::command<Echo>(value + static_cast<int>(client));
    });
    EXPECT_TRUE(report.ok) << report.check << ": " << report.text;
    EXPECT_GT(report.commands_ok, 50U);
    EXPECT_GT(report.queries_ok, 50U);
}

struct Put {
    std::string key;
    int value = 0;
};
struct Erase {
    std::string key;
};
struct Get {
    std::string key;
};
struct Size {};

struct Table {
    using Command = std::variant<Put, Erase>;
    using Query = std::variant<Get, Size>;
    std::map<std::string, int> all;
    void command(const Put& put) { all[put.key] = put.value; }
    bool command(const Erase& erase) { return all.erase(erase.key) > 0; }
    std::optional<int> query(const Get& get) const {
        const auto found = all.find(get.key);
        return found == all.end() ? std::nullopt : std::optional(found->second);
    }
    std::size_t query(const Size&) const { return all.size(); }
};

TEST(OwnValue, AlternativesAndWholeVariantsMayBeMixed) {
    using Mixed = std::variant<Table::Command, Get, sim::Request>;
    std::vector<std::string> lines;
    Options options = quiet();
    options.trace = [&lines](std::string_view line) { lines.emplace_back(line); };
    const Report report = sim::run<Table>(options, [](Chance& chance) -> Mixed {
        const std::string key(1, static_cast<char>('a' + chance.below(3)));
        switch (chance.below(4)) {
            case 0: return Table::Command(Put{key, 7});
            case 1: return Table::Command(Erase{key});
            case 2: return Get{key};
            default: return sim::query<Table>(Size{});
        }
    });
    EXPECT_TRUE(report.ok) << report.check << ": " << report.text;
    std::string all;
    for (const auto& line : lines) all += line;
    for (const char* words : {R"(Put{\"a\", 7})", R"(Erase{\"b\"})", R"(Get{\"c\"})", "Size"}) {
        EXPECT_NE(all.find(words), std::string::npos) << words;
    }
}

/// Hooks of the user's own run in the world too.
struct Audit : LeaderHooks<Adder> {
    void on_command_committed(const Add& add, int result) {
        if (result < add.by) throw std::logic_error("cannot be");
    }
};

TEST(OwnValue, HooksRun) {
    const Report report = sim::run<Adder, Audit>(quiet(), AddAndSum{});
    EXPECT_TRUE(report.ok) << report.check << ": " << report.text;
}

TEST(OwnValue, OptionsOutOfRangeAreNamed) {
    Options options = quiet();
    options.nodes = 10;
    const Report report = sim::run<Adder>(options, AddAndSum{});
    EXPECT_EQ(report.check, "options");
    EXPECT_NE(report.text.find("nodes is 10"), std::string::npos) << report.text;
}

}  // namespace
}  // namespace rafted::test::wrong
