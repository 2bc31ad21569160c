// explore/: what is taken for the same state and what is not, and the compact stores of a search.
#include <gtest/gtest.h>

#include <algorithm>

#include "explore/frontier.hpp"
#include "explore/story.hpp"

namespace rafted::explore {
namespace {

Bounds bounds_of(std::uint8_t timeouts) {
    Bounds bounds;
    bounds.terms = 3;
    bounds[Budget::timeouts] = timeouts;
    return bounds;
}

Action timeout_of(std::uint8_t node) {
    Action action;
    action.kind = Event::Kind::timeout;
    action.node = node;
    return action;
}

/// The first action of this kind at this node that is possible.
Rules::Next next_of(Rules& rules, const World& world, Event::Kind kind, std::uint8_t node) {
    std::vector<Rules::Next> all;
    rules.all_next(world, all);
    const auto at = std::ranges::find_if(all, [&](const Rules::Next& next) {
        return next.action.kind == kind && next.action.node == node;
    });
    EXPECT_NE(at, all.end());
    return at == all.end() ? Rules::Next{} : *at;
}

TEST(ExploreWorld, TheNamesOfNodesMakeNoDifference) {
    Rules rules(bounds_of(2), Hands::faithful());
    const World start = rules.start();
    const World one = rules.take(start, timeout_of(0)).world;
    const World other = rules.take(start, timeout_of(2)).world;
    EXPECT_NE(one, other);
    EXPECT_EQ(rules.digest(one), rules.digest(other));
    EXPECT_NE(rules.digest(one), rules.digest(start));
    // The same node twice is something else than two nodes once each.
    const World same = rules.take(one, timeout_of(0)).world;
    const World both = rules.take(one, timeout_of(1)).world;
    EXPECT_NE(rules.digest(same), rules.digest(both));
}

TEST(ExploreWorld, TheOrderOfIndependentActionsMakesNoDifference) {
    Rules rules(bounds_of(2), Hands::faithful());
    const World start = rules.start();
    const World one = rules.take(rules.take(start, timeout_of(0)).world, timeout_of(1)).world;
    const World other = rules.take(rules.take(start, timeout_of(1)).world, timeout_of(0)).world;
    EXPECT_EQ(one, other);
}

TEST(ExploreWorld, WhenItHappenedMakesNoDifferenceButWaitingDoes) {
    const View view{all_names(3).front(), false};
    Node early = found(NodeId(1), 3);
    Node late = early;
    late.clock += std::chrono::hours(1);
    const Event timeout{Event::Kind::timeout, false, false, {}, {}, nullptr};
    EXPECT_EQ(digest_of(early, view), digest_of(late, view));
    EXPECT_EQ(digest_of(happen(early, timeout, Hands::faithful()).node, view),
              digest_of(happen(late, timeout, Hands::faithful()).node, view));
    // After a restart it refuses votes for a while; that is no matter of taste.
    const Event crash{Event::Kind::crash, false, false, {}, {}, nullptr};
    EXPECT_NE(digest_of(happen(early, crash, Hands::faithful()).node, view),
              digest_of(early, view));
}

TEST(ExploreWorld, ACrashKeepsWhatIsDurableAndNothingElse) {
    Bounds bounds = bounds_of(1);
    bounds[Budget::slow_writes] = 1;
    bounds[Budget::crashes] = 1;
    Rules rules(bounds, Hands::faithful());
    World world = rules.take(rules.start(), timeout_of(0)).world;
    world = next_of(rules, world, Event::Kind::deliver, 1).world;
    Action granted = next_of(rules, world, Event::Kind::deliver, 0).action;
    granted.hold = true;
    world = rules.take(world, granted).world;
    const auto sight = [&](const World& at) { return rules.memory().node(at.nodes[0]).sight; };
    EXPECT_EQ(sight(world).term, Term(1));
    EXPECT_EQ(sight(world).durable_term, Term(0));
    const World lost = next_of(rules, world, Event::Kind::crash, 0).world;
    EXPECT_EQ(sight(lost).term, Term(0));
    const World written = next_of(rules, world, Event::Kind::disk_done, 0).world;
    EXPECT_EQ(sight(written).durable_term, Term(1));
    EXPECT_GT(written.messages.size(), world.messages.size());
    const World kept = next_of(rules, written, Event::Kind::crash, 0).world;
    EXPECT_EQ(sight(kept).term, Term(1));
}

TEST(ExploreWorld, ACopyOfAMessageStaysWhereTheBudgetAllows) {
    Bounds bounds = bounds_of(1);
    bounds[Budget::duplicates] = 1;
    Rules rules(bounds, Hands::faithful());
    const World asked = rules.take(rules.start(), timeout_of(0)).world;
    Action action = next_of(rules, asked, Event::Kind::deliver, 1).action;
    const World once = rules.take(asked, action).world;
    action.keep = true;
    const World twice = rules.take(asked, action).world;
    EXPECT_EQ(once.nodes, twice.nodes);
    EXPECT_EQ(once.messages.size() + 1, twice.messages.size());
}

TEST(ExploreWorld, AnActionIsToldInWords) {
    Rules rules(bounds_of(1), Hands::faithful());
    const World start = rules.start();
    const Told told = tell(rules, start, timeout_of(1));
    EXPECT_EQ(told.line,
              "n2's timer fires; it is pre_candidate in term 0; it asks n1 whether it would vote "
              "for it (its log ends with entry 1 of term 0) [term 1]; it asks n3 whether it would "
              "vote for it (its log ends with entry 1 of term 0) [term 1]");
    EXPECT_EQ(told.world, rules.take(start, timeout_of(1)).world);
}

TEST(ExploreFrontier, WorldsComeOutAsTheyWentIn) {
    Rules rules(bounds_of(2), Hands::faithful());
    const World start = rules.start();
    std::vector<World> worlds{start, rules.take(start, timeout_of(0)).world};
    worlds.push_back(rules.take(worlds.back(), timeout_of(1)).world);
    worlds.back().leaders[3] = 2;
    worlds.back().history = 300'000;
    Frontier frontier(rules.nodes(), 3);
    for (const World& world : worlds) frontier.push(world);
    EXPECT_EQ(frontier.size(), worlds.size());
    World out;
    for (const World& world : worlds) {
        frontier.pop(out);
        EXPECT_EQ(out, world);
    }
    EXPECT_EQ(frontier.size(), 0U);
}

TEST(ExploreTable, KeepsEverythingWhileItGrows) {
    Table table;
    DigestSet set;
    constexpr std::uint32_t count = 20'000;
    for (std::uint32_t i = 0; i < count; ++i) {
        EXPECT_EQ(table.insert(digest_of(9, i, 0), i), Table::none);
        EXPECT_TRUE(set.insert(digest_of(9, i, 0)));
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        EXPECT_EQ(table.find(digest_of(9, i, 0)), i);
        EXPECT_EQ(table.insert(digest_of(9, i, 0), i + 1), i);
        EXPECT_FALSE(set.insert(digest_of(9, i, 0)));
    }
    EXPECT_EQ(table.find(digest_of(9, count, 0)), Table::none);
}

}  // namespace
}  // namespace rafted::explore
