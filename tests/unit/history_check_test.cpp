// History files of all formats, with known verdicts, and the messages for those that are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/report.hpp"

namespace rafted::test {
namespace {

using history::Answer;
using history::Model;
using history::Report;
using testing::HasSubstr;

Result<Report> check(std::string_view text, std::string_view model, std::string_view initial = "") {
    history::ModelChoice choice{*history::model_named(model), {}};
    if (!initial.empty()) choice.initial = *history::initial_of(initial);
    return history::check_text(text, choice);
}

Answer answer_for(std::string_view text, std::string_view model, std::string_view initial = "") {
    const auto report = check(text, model, initial);
    EXPECT_TRUE(report.has_value()) << to_string(report.error());
    return report ? report->verdict.answer : Answer::undecided;
}

std::string problem_of(std::string_view text, std::string_view model = "register") {
    const auto report = check(text, model);
    EXPECT_FALSE(report.has_value());
    return report ? "" : report.error().message;
}

constexpr auto good = Answer::linearizable;
constexpr auto bad = Answer::not_linearizable;

TEST(HistoryFormats, JsonLinesOfStartsAndEnds) {
    const std::string start =
        R"({"process":0,"type":"invoke","f":"write","value":1}
{"process":0,"type":"ok","f":"write","value":1}

{"process":1,"type":"invoke","f":"read","value":null}
)";
    EXPECT_EQ(answer_for(start + R"({"process":1,"type":"ok","f":"read","value":1})", "register"),
              good);
    EXPECT_EQ(answer_for(start + R"({"process":1,"type":"ok","f":"read","value":2})", "register"),
              bad);
    const auto report = check(start, "register");
    EXPECT_EQ(report->history.format, "JSON Lines");
}

TEST(HistoryFormats, JsonLinesOfWholeOperations) {
    const std::string start =
        R"({"client":1,"op":"put","key":"k","value":"a","start":1,"end":4,"outcome":"ok"}
{"client":2,"op":"append","key":"k","value":"b","start":5,"outcome":"unknown"}
{"client":3,"op":"put","key":"k","value":"c","start":5,"end":6,"outcome":"fail"}
)";
    const auto got = [&](std::string_view value, int at) {
        return answer_for(start + R"({"client":3,"op":"get","key":"k","result":")" +
                              std::string(value) + R"(","start":)" + std::to_string(at) +
                              R"(,"end":9})",
                          "kv");
    };
    EXPECT_EQ(got("a", 7), good);
    EXPECT_EQ(got("ab", 7), good);
    EXPECT_EQ(got("c", 7), bad);
    EXPECT_EQ(got("", 5), bad);
    // It starts at the moment the put ends: they touch, so either may be first.
    EXPECT_EQ(got("", 4), good);
}

TEST(HistoryFormats, JsonArrayReadsAsItsElements) {
    EXPECT_EQ(answer_for(R"([ {"process":0,"type":"invoke","f":"read","value":null},
 {"process":0,"type":"ok","f":"read","value":3} ])",
                         "register", "3"),
              good);
}

TEST(HistoryFormats, EdnOneMapPerLineInAVectorOrAsTuples) {
    EXPECT_EQ(answer_for("{:process 0, :type :invoke, :f :read, :value nil}\n"
                         "{:process 0, :type :ok, :f :read, :value 3}",
                         "register", "3"),
              good);
    EXPECT_EQ(answer_for("; a comment\n[{:process 0 :type :invoke :f :write :value [1 \"x\"]}\n"
                         "#_{:process 0} #jepsen.history.Op{:process 0 :type :ok :f :write "
                         ":value [1 \"x\"] :error nil, :more #{1 2}} #_ ignored]",
                         "register"),
              good);
    EXPECT_EQ(answer_for("({:process 0 :type :invoke :f :write :value 1})", "register"), good);
    EXPECT_EQ(answer_for("[0 :invoke :read nil]\n[0 :ok :read 7]", "register"), bad);
    EXPECT_EQ(answer_for("[]", "register"), good);
}

TEST(HistoryFormats, LogLines) {
    constexpr std::string_view text =
        "INFO  jepsen.core - Running test\n"
        "INFO  jepsen.util - 0\t:invoke\t:write\t3\n"
        "INFO  jepsen.util - :nemesis\t:info\t:start\t\"Cut off [:n1]\"\n"
        "INFO  jepsen.util - 0   :ok   :write  3\n"
        "1\t:invoke\t:cas\t[3 4]\n"
        "1\t:info\t:cas\t:timed-out\n"
        "2\t:invoke\t:read\tnil\n";
    EXPECT_EQ(answer_for(std::string(text) + "2\t:ok\t:read\t4\n", "cas-register"), good);
    EXPECT_EQ(answer_for(std::string(text) + "2\t:ok\t:read\t3\n", "cas-register"), good);
    EXPECT_EQ(answer_for(std::string(text) + "2\t:ok\t:read\tnil\n", "cas-register"), bad);
}

TEST(HistoryFormats, ProcessMayGoOnAfterInfo) {
    EXPECT_EQ(answer_for("[0 :invoke :write 1]\n[0 :info :write :timed-out]\n"
                         "[0 :invoke :read nil]\n[0 :ok :read 1]\n"
                         "[1 :invoke :read nil]\n[1 :fail :read nil]",
                         "register"),
              good);
}

TEST(HistoryFormats, MistakesNameTheLineAndWhatToDo) {
    EXPECT_THAT(problem_of(""), HasSubstr("the file is empty"));
    EXPECT_THAT(problem_of("hello"), HasSubstr("line 1: neither JSON, EDN nor a log line"));
    EXPECT_THAT(problem_of("{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n{\"process\""),
                HasSubstr("line 2: this is not JSON"));
    EXPECT_THAT(problem_of("[{:process 0\n :type :invoke"), HasSubstr("is it cut off?"));
    EXPECT_THAT(problem_of("{:process 0 :type :ok :f :read :value 1}"),
                HasSubstr("line 1: process 0 ends a read that it has not started"));
    EXPECT_THAT(problem_of("[0 :invoke :read nil]\n\n[0 :invoke :read nil]"),
                HasSubstr("line 3: process 0 starts a read while its operation of line 1"));
    EXPECT_THAT(problem_of("[0 :invoke :read nil]\n[0 :ok :write nil]"),
                HasSubstr("line 2: process 0 ends a write but had started a read"));
    EXPECT_THAT(problem_of("{:process 0 :type :done}"), HasSubstr("type is done; it is one of"));
    EXPECT_THAT(problem_of("[0 :invoke :cas [1 2]]"), HasSubstr("it has read and write"));
    EXPECT_THAT(problem_of("{\"op\":\"read\",\"start\":5,\"end\":4}"),
                HasSubstr("its end is before its start"));
    EXPECT_THAT(problem_of(std::string(300, '[')), HasSubstr("nested deeper than 200"));
    EXPECT_THAT(problem_of(std::string(5000, '{') + "\"a\""), HasSubstr("line 1"));
    EXPECT_FALSE(history::model_named("bag").has_value());
}

TEST(HistoryFormats, AStringThatEndsInABackslashIsNotClosed) {
    EXPECT_EQ(problem_of("[0 :invoke :write \"abc\\"),
              "line 1: a string opened in line 1 is not closed");
}

TEST(HistoryFormats, AnyNumberOfDiscardedFormsIsSkipped) {
    std::string text;
    for (int i = 0; i < 300'000; ++i) text += "#_ 1 ";
    const auto report = check(text + "[0 :invoke :write 1]\n[0 :ok :write 1]", "register");
    ASSERT_TRUE(report) << to_string(report.error());
    EXPECT_EQ(report->history.operations.size(), 1U);
    std::string nested;
    for (int i = 0; i < 300'000; ++i) nested += "#_ ";
    EXPECT_THAT(problem_of("[" + nested), HasSubstr("nested deeper than 200"));
}

TEST(HistoryFormats, TimesThatAreNoNumberAreRefused) {
    for (const std::string time : {"##NaN", "##Inf"}) {
        const std::string text = "{:client 1 :op :write :value 3 :start ";
        EXPECT_EQ(problem_of(text + time + " :end 5}"), "line 1: start is not a number");
    }
}

TEST(HistoryModels, NilReadsAreUnsetUnlessThereIsAnInitialValue) {
    constexpr std::string_view text =
        "[0 :invoke :write 1]\n[0 :ok :write 1]\n[0 :invoke :read nil]\n[0 :ok :read nil]";
    EXPECT_EQ(answer_for(text, "cas-register"), bad);
    EXPECT_EQ(answer_for(text, "cas-register", "unset"), bad);
    EXPECT_EQ(answer_for(text, "cas-register", "0"), good);
}

TEST(HistoryModels, RefusedCompareAndSetOfWholeOperations) {
    const auto with = [](std::string_view result) {
        return R"({"op":"write","value":1,"start":1,"end":2}
{"op":"cas","value":[1,2],"result":)" +
               std::string(result) + R"(,"start":3,"end":4}
{"op":"read","result":2,"start":5,"end":6})";
    };
    EXPECT_EQ(answer_for(with("true"), "cas-register"), good);
    EXPECT_EQ(answer_for(with("false"), "cas-register"), bad);
}

TEST(HistoryModels, IndependentKeysAreObjectsOfTheirOwn) {
    constexpr std::string_view text =
        "[0 :invoke :cas [:x [nil 2]]]\n[0 :ok :cas [:x [nil 2]]]\n"
        "[0 :invoke :read [:y nil]]\n[0 :ok :read [:y nil]]\n"
        "[0 :invoke :read [:x nil]]\n";
    const auto report = check(std::string(text) + "[0 :ok :read [:x 2]]", "cas-register");
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->verdict.answer, good);
    EXPECT_EQ(report->verdict.partitions, 2U);
    EXPECT_EQ(answer_for(std::string(text) + "[0 :ok :read [:x 3]]", "cas-register"), bad);
}

TEST(HistoryModels, QueueOfEmptyAndDrain) {
    constexpr std::string_view two =
        "[0 :invoke :enqueue 1]\n[0 :ok :enqueue 1]\n[0 :invoke :enqueue 2]\n[0 :ok :enqueue 2]\n";
    const auto after = [&](std::string_view rest) {
        return answer_for(std::string(two) + std::string(rest), "queue");
    };
    EXPECT_EQ(after("[0 :invoke :drain nil]\n[0 :ok :drain [1 2]]"), good);
    EXPECT_EQ(after("[0 :invoke :dequeue nil]\n[0 :ok :dequeue 1]"), good);
    EXPECT_EQ(after("[0 :invoke :dequeue nil]\n[0 :ok :dequeue 2]"), bad);
    EXPECT_EQ(after("[0 :invoke :dequeue nil]\n[0 :ok :dequeue :empty]"), bad);
    EXPECT_EQ(after("[1 :invoke :dequeue nil]\n[0 :invoke :dequeue nil]\n[0 :ok :dequeue 2]"),
              good);
}

TEST(HistoryModels, TransactionsKeepTheirKeysTogether) {
    constexpr std::string_view text =
        "[0 :invoke :txn [[:write :x 1] [:write :y 1]]]\n[0 :ok :txn [[:write :x 1] [:write :y "
        "1]]]\n"
        "[0 :invoke :txn [[:read :x nil] [:read :y nil]]]\n";
    EXPECT_EQ(answer_for(std::string(text) + "[0 :ok :txn [[:read :x 1] [:read :y 1]]]",
                         "multi-register", "{:x 0 :y 0}"),
              good);
    // Each key alone could be explained if the write were cut in two.
    constexpr std::string_view torn =
        "[0 :invoke :txn [[:write :x 1] [:write :y 1]]]\n"
        "[1 :invoke :txn [[:read :x nil] [:read :y nil]]]\n"
        "[1 :ok :txn [[:read :x 1] [:read :y 0]]]\n";
    EXPECT_EQ(answer_for(torn, "multi-register", "0"), bad);
    EXPECT_EQ(answer_for("[0 :invoke :txn [[:append 3 1] [:r 3 nil]]]\n"
                         "[0 :ok :txn [[:append 3 1] [:r 3 [1]]]]",
                         "append"),
              good);
}

TEST(HistoryModels, CounterMutexAndSetSayWhatTheyHold) {
    EXPECT_EQ(answer_for("{\"op\":\"inc\",\"start\":1,\"end\":2}\n"
                         "{\"op\":\"add\",\"value\":4,\"result\":5,\"start\":3,\"end\":4}",
                         "counter"),
              good);
    EXPECT_EQ(answer_for("[0 :invoke :release nil]\n[0 :ok :release nil]", "mutex"), bad);
    EXPECT_EQ(answer_for("[0 :invoke :release nil]\n[0 :ok :release nil]", "mutex", "held"), good);
    EXPECT_EQ(answer_for("[0 :invoke :add 1]\n[0 :ok :add 1]\n[0 :invoke :contains 1]\n"
                         "[0 :ok :contains false]",
                         "set"),
              bad);
}

TEST(HistoryReport, TellsTheViolationInWordsAndJson) {
    const auto report = check(
        "[0 :invoke :write 1]\n[0 :ok :write 1]\n[1 :invoke :write 2]\n"
        "[0 :invoke :read nil]\n[0 :ok :read 3]\n[0 :invoke :read nil]\n"
        "[0 :ok :read 1]",
        "register");
    ASSERT_TRUE(report.has_value());
    const std::string words = in_words(*report, 1.5);
    EXPECT_THAT(words, HasSubstr("not linearizable: 4 operations on 1 object (1 that may have"));
    EXPECT_THAT(words, HasSubstr("ends with line 5, after 3 operations:\n  lines 4-5: process 0, "
                                 "read -> 3\nPossible just before it took effect: 1  or  2\n"));
    EXPECT_THAT(words, HasSubstr("  lines 3-?: process 1, write 2 (may have happened)\n"));
    EXPECT_LE(std::ranges::count(words, '\n'), 15);
    const std::string json = in_json(*report, 1.5);
    EXPECT_THAT(json, HasSubstr("\"verdict\": \"not linearizable\""));
    EXPECT_THAT(json, HasSubstr("\"possible_before\": [\n      \"1\",\n      \"2\"\n    ]"));
}

TEST(HistorySpeed, DozensOfCrashedOperationsAreNoTrouble) {
    std::string text;
    for (int i = 0; i < 60; ++i) {
        const std::string crash = std::to_string(1000 + i);
        text += "[" + crash + (i % 2 == 0 ? " :invoke :write " : " :invoke :cas [");
        text += std::to_string(i % 5) + (i % 2 == 0 ? "]\n" : " " + std::to_string(i % 4) + "]]\n");
    }
    for (int i = 0; i < 400; ++i) {
        const std::string client = "[" + std::to_string(i % 8);
        text += client + " :invoke :write " + std::to_string(i % 5) + "]\n";
        text += client + " :ok :write " + std::to_string(i % 5) + "]\n";
        text += client + " :invoke :read nil]\n" + client + " :ok :read " +
                std::to_string((i + (i % 40 == 0 ? 1 : 0)) % 5) + "]\n";
    }
    const auto report = check(text, "cas-register");
    ASSERT_TRUE(report.has_value());
    EXPECT_NE(report->verdict.answer, Answer::undecided);
    EXPECT_LT(report->verdict.configurations, 50'000U);
    text += "[0 :invoke :read nil]\n[0 :ok :read 77]\n";
    EXPECT_EQ(answer_for(text, "cas-register"), bad);
}

TEST(HistoryLimits, ReachedLimitIsNoVerdict) {
    history::Limits limits;
    limits.configurations = 1;
    const auto report = history::check_text(
        "[0 :invoke :write 1]\n[1 :invoke :write 1]\n[2 :invoke :cas [1 2]]\n[2 :ok :cas [1 2]]\n"
        "[0 :ok :write 1]\n[1 :ok :write 1]\n[2 :invoke :read nil]\n[2 :ok :read 1]",
        {Model::cas_register, {}}, limits);
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->verdict.answer, Answer::undecided);
    EXPECT_THAT(in_words(*report, 0), HasSubstr("undecided"));
}

/// A user's value as model: a stack of bytes, with what it answers.
struct StackModel {
    using State = std::string;
    State initial() const { return {}; }
    std::optional<State> step(const State& state, const history::Call& call) const {
        const std::string_view input = text_of(call.input);
        if (input != "pop") return state + std::string(input);
        if (state.empty()) return std::nullopt;
        if (call.output && text_of(*call.output) != state.substr(state.size() - 1)) {
            return std::nullopt;
        }
        return state.substr(0, state.size() - 1);
    }
    std::string fingerprint(const State& state) const { return state; }
    std::string partition(const history::Call& call) const {
        return std::to_string(call.client % 2);
    }
};

history::Call call(std::string_view input, std::optional<std::string_view> output,
                   std::uint64_t start, std::optional<std::uint64_t> end) {
    history::Call one{0, copy_of(view_of(input)), {}, start, end, false};
    if (output) one.output = copy_of(view_of(*output));
    return one;
}

TEST(HistoryCheck, UsersOwnModel) {
    std::vector<history::Call> calls{call("a", "", 1, 2), call("b", {}, 3, {}),
                                     call("pop", "b", 4, 5), call("pop", "a", 6, 7)};
    EXPECT_EQ(history::check(StackModel{}, calls).answer, good);
    calls.push_back(call("pop", "b", 8, 9));
    const auto verdict = history::check(StackModel{}, calls);
    EXPECT_EQ(verdict.answer, bad);
    ASSERT_TRUE(verdict.violation.has_value());
    EXPECT_EQ(verdict.violation->last, 4U);
    EXPECT_EQ(verdict.violation->prefix.size(), 5U);
    calls.back().client = 1;
    calls[3].client = 1;
    EXPECT_EQ(history::check(StackModel{}, calls).partitions, 2U);
}

}  // namespace
}  // namespace rafted::test
