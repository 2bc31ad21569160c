// explore/search.hpp: small searches to their end, and searches that must find what is broken on
// purpose: between member and world, as a careless host would break it.
#include "explore/search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/rules.hpp"

namespace rafted::explore {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

Bounds two_elections() {
    Bounds bounds;
    bounds[Budget::timeouts] = 2;
    return bounds;
}

Bounds one_term(std::initializer_list<Budget> budgets) {
    Bounds bounds;
    bounds.terms = 1;
    bounds.log = 4;
    bounds[Budget::timeouts] = 1;
    for (const Budget budget : budgets) bounds[budget] = 1;
    return bounds;
}

/// A host that does this to what the member asks for.
Hands hands_that(std::function<void(const core::Member&, core::Effects&)> spoil) {
    Hands hands = Hands::faithful();
    hands.step = [spoil](core::Member& member, core::Time now, const core::Input& input) {
        core::Effects effects = member.step(now, input);
        spoil(member, effects);
        return effects;
    };
    return hands;
}

Report search_spoilt(const Bounds& bounds, const Hands& hands) {
    Limits limits;
    limits.states = 500'000;
    return search(bounds, limits, hands);
}

TEST(ExploreSearch, OneElectionIsSeenToItsEnd) {
    const Report report = search(one_term({}), {});
    EXPECT_EQ(report.ending, Ending::exhausted);
    EXPECT_EQ(report.frontier, 0U);
    EXPECT_EQ(report.expanded, report.distinct);
    EXPECT_GT(report.distinct, 100U);
    EXPECT_THAT(report.story, IsEmpty());
}

TEST(ExploreSearch, TwoElectionsHoldAllInvariants) {
    const Report report = search(two_elections(), {});
    EXPECT_EQ(report.ending, Ending::exhausted) << report.violation;
    EXPECT_GT(report.distinct, 10'000U);
    EXPECT_GT(report.depth, 20U);
}

TEST(ExploreSearch, SnapshotsChangesAndTransfersHoldAllInvariants) {
    for (const Bounds& bounds :
         {one_term({Budget::snapshots, Budget::heartbeats}), one_term({Budget::changes}),
          one_term({Budget::crashes, Budget::slow_writes}), one_term({Budget::transfers})}) {
        Limits limits;
        limits.states = 150'000;
        const Report report = search(bounds, limits);
        EXPECT_THAT(report.ending, AnyOf(Ending::exhausted, Ending::states)) << report.violation;
        EXPECT_GT(report.distinct, 400U);
    }
}

TEST(ExploreSearch, EqualBoundsGiveEqualSearches) {
    const Report one = search(two_elections(), {});
    const Report other = search(two_elections(), {});
    EXPECT_EQ(one.levels, other.levels);
    EXPECT_EQ(one.transitions, other.transitions);
    EXPECT_EQ(one.steps, other.steps);
}

TEST(ExploreSearch, ItEndsAtItsLimits) {
    Limits few;
    few.states = 1000;
    EXPECT_EQ(search(two_elections(), few).ending, Ending::states);
    Limits small;
    small.memory_bytes = 1 << 20;
    EXPECT_EQ(search(two_elections(), small).ending, Ending::memory);
    Limits impatient;
    impatient.may_go_on = [] { return false; };
    EXPECT_EQ(search(two_elections(), impatient).ending, Ending::told);
}

TEST(ExploreSearch, AStepThatMustNotBeMadeIsToldInstead) {
    Limits limits;
    std::uint64_t last = 0;
    limits.before_step = [&last](std::uint64_t step) { last = step; };
    const Report whole = search(one_term({}), limits);
    EXPECT_EQ(last, whole.steps);
    limits.halt_at_step = last;
    const Report report = search(one_term({}), limits);
    EXPECT_EQ(report.ending, Ending::halted);
    ASSERT_GT(report.story.size(), 2U);
    EXPECT_THAT(report.story.front(), HasSubstr("n1's timer fires"));
}

TEST(ExploreSearch, FindsVotesForgottenAtARestart) {
    Hands hands = Hands::faithful();
    hands.restart = [](core::Start& start) { start.hard_state.vote = NodeId(); };
    Bounds bounds = two_elections();
    bounds[Budget::crashes] = 1;
    const Report report = search_spoilt(bounds, hands);
    EXPECT_EQ(report.ending, Ending::violation);
    EXPECT_THAT(report.violation, HasSubstr("two votes were durable in one term"));
    // A shortest path: asked, voted, crashed, asked by the other, voted again; and what leads
    // there.
    EXPECT_THAT(report.story.size(), testing::Le(9U));
    EXPECT_THAT(report.story, testing::Contains(HasSubstr("crashes and comes back")));
}

TEST(ExploreSearch, FindsVotesThatAreNotWritten) {
    const auto hands =
        hands_that([](const core::Member&, core::Effects& effects) { effects.hard_state.reset(); });
    const Report report = search_spoilt(two_elections(), hands);
    EXPECT_EQ(report.ending, Ending::violation);
    EXPECT_THAT(report.violation, HasSubstr("promises"));
}

TEST(ExploreSearch, FindsPromisesThatDoNotWaitForTheDisk) {
    const auto hands = hands_that([](const core::Member&, core::Effects& effects) {
        for (auto& message : effects.send_after_write) effects.send_now.push_back(message);
        effects.send_after_write.clear();
    });
    const Report report = search_spoilt(two_elections(), hands);
    EXPECT_THAT(report.violation, HasSubstr("promises"));
}

TEST(ExploreSearch, FindsAcknowledgementsOfWhatIsNotThere) {
    const auto hands = hands_that([](const core::Member&, core::Effects& effects) {
        if (effects.append.empty()) return;
        effects.append.clear();
        effects.hard_state.reset();
    });
    const Report report = search_spoilt(one_term({Budget::commands}), hands);
    EXPECT_EQ(report.ending, Ending::violation);
}

TEST(ExploreSearch, FindsAnAnswerThatCountsForMoreThanItProved) {
    Hands hands = Hands::faithful();
    hands.step = [](core::Member& member, core::Time now, const core::Input& input) {
        core::Input heard = input;
        if (auto* received = std::get_if<core::Received>(&heard)) {
            auto* reply = std::get_if<core::AppendReply>(&received->message.body);
            if (reply != nullptr && reply->accepted) reply->index = member.state().log.last();
        }
        return member.step(now, heard);
    };
    const Report report = search_spoilt(one_term({Budget::commands}), hands);
    EXPECT_EQ(report.ending, Ending::violation);
    EXPECT_THAT(report.violation, HasSubstr("commits entry 3, which is not durable on a majority"));
}

TEST(ExploreSearch, FindsAVoteOfAnOlderTermThatCounts) {
    Hands hands = Hands::faithful();
    hands.step = [](core::Member& member, core::Time now, const core::Input& input) {
        core::Input heard = input;
        if (auto* received = std::get_if<core::Received>(&heard)) {
            const auto* vote = std::get_if<core::VoteReply>(&received->message.body);
            const bool counts = vote != nullptr && vote->granted && !vote->pre;
            if (counts) received->message.term = member.term();
        }
        return member.step(now, heard);
    };
    Bounds bounds = two_elections();
    bounds.keep_stale = true;
    const Report report = search_spoilt(bounds, hands);
    EXPECT_THAT(report.violation, HasSubstr("without the votes of a majority"));
}

TEST(ExploreSearch, FindsAValueThatMissesAnEntry) {
    const auto hands = hands_that([](const core::Member& member, core::Effects& effects) {
        if (!member.leads() && !effects.committed.empty()) effects.committed.pop_back();
    });
    const Report report = search_spoilt(one_term({Budget::heartbeats}), hands);
    EXPECT_EQ(report.ending, Ending::violation);
    EXPECT_THAT(report.violation, HasSubstr("state machine safety"));
    EXPECT_THAT(report.story.back(), HasSubstr("hears: n"));
}

TEST(ExploreBounds, WhatMakesNoSenseIsNamed) {
    Bounds bounds;
    EXPECT_TRUE(bounds.validate());
    bounds.members = 6;
    ASSERT_FALSE(bounds.validate());
    EXPECT_EQ(bounds.validate().error().message, "members is 6; it must be from 1 to 5");
    bounds.members = 3;
    bounds.terms = 0;
    EXPECT_FALSE(bounds.validate());
    for (const Scene& scene : scenes()) EXPECT_TRUE(scene.bounds.validate()) << scene.name;
}

}  // namespace
}  // namespace rafted::explore
