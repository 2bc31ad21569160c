// The checker of histories against one that tries every order, over small random histories of all
// models: verdict and shortest beginning. And its two ways for registers against each other.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "history/cells.hpp"
#include "history/plan.hpp"
#include "history/search.hpp"
#include "support/small_history.hpp"

namespace rafted::test {
namespace {

using history::Answer;
using history::Model;
using history::Operation;

history::Verdict verdict_of(Model model, const std::vector<Operation>& operations) {
    const auto planned = history::plan(operations, {model, {}});
    RC_ASSERT(planned.has_value());
    return history::check_partitions(planned->partitions);
}

/// How many ends there are up to the one of operations[last].
std::size_t ends_until(const std::vector<Operation>& operations, std::size_t last) {
    std::size_t ends = 0;
    for (const Operation& one : operations) {
        if (one.end && *one.end <= *operations[last].end) ++ends;
    }
    return ends;
}

void compare(Model model, const std::vector<std::uint8_t>& bytes) {
    Choices choices(bytes);
    const auto operations = small_history(model, choices, 8);
    const bool expected = is_linearizable_slowly(model, operations);
    const auto verdict = verdict_of(model, operations);
    RC_ASSERT(verdict.answer == (expected ? Answer::linearizable : Answer::not_linearizable));
    RC_ASSERT(verdict.violation.has_value() == !expected);
    if (expected) return;
    RC_ASSERT(verdict.violation->is_shortest);
    const std::size_t ends = ends_until(operations, verdict.violation->last);
    RC_ASSERT(!is_linearizable_slowly(model, beginning_slowly(operations, ends)));
    RC_ASSERT(ends == 1 || is_linearizable_slowly(model, beginning_slowly(operations, ends - 1)));
}

class HistoryAgainstEveryOrder : public testing::TestWithParam<Model> {};

TEST_P(HistoryAgainstEveryOrder, VerdictAndShortestBeginning) {
    const auto bytes = rc::gen::resize(
        150, rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>()));
    rc::check([&] {
        for (int i = 0; i < 10; ++i) compare(GetParam(), *bytes);
    });
}

INSTANTIATE_TEST_SUITE_P(AllModels, HistoryAgainstEveryOrder,
                         testing::Values(Model::cas_register, Model::plain_register, Model::kv,
                                         Model::queue, Model::counter, Model::append, Model::set,
                                         Model::mutex, Model::multi_register),
                         [](const auto& tested) {
                             std::string name(history::name_of(tested.param));
                             std::erase(name, '-');
                             return name;
                         });

/// Registers whose values are written once: by zones, and by the search alone.
RC_GTEST_PROP(HistoryZones, AgreeWithTheSearch, ()) {
    Choices choices(*rc::gen::resize(
        300, rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>())));
    auto operations = small_history(Model::plain_register, choices, 40);
    std::int64_t next = 10;
    // Reads keep their number as "so many writes before", which keeps many of them true.
    std::vector<history::Datum> written{history::Datum::nil()};
    for (Operation& one : operations) {
        if (one.name != "write") continue;
        one.input = history::Datum::of(history::Datum::Kind::number, std::to_string(next++));
        written.push_back(one.input);
    }
    std::size_t seen = 0;
    Choices ages(
        *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>()));
    for (Operation& one : operations) {
        if (one.name == "write") ++seen;
        const std::size_t back = std::min<std::size_t>(ages.below(3), seen);
        if (one.name == "read" && one.end) one.output = written[seen - back];
    }
    const auto planned = history::plan(operations, {Model::plain_register, {}});
    RC_ASSERT(planned.has_value());
    for (const history::Partition& partition : planned->partitions) {
        partition.steps->prepare(partition.intervals);
        const auto quick = partition.steps->shortcut(partition.intervals);
        RC_ASSERT(quick.has_value());
        const history::Timeline timeline(partition.intervals);
        const auto slow = history::Search(*partition.steps, timeline, {}).run();
        RC_CLASSIFY(*quick == Answer::linearizable, "linearizable");
        RC_ASSERT(*quick == slow.answer);
    }
}

}  // namespace
}  // namespace rafted::test
