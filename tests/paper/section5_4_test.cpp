// Section 5.4, safety: who may be elected, what may be committed by counting, and that together
// they keep every committed entry for ever.
#include <gtest/gtest.h>

#include "support/core_cluster.hpp"
#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::VoteReply;
using core::VoteRequest;
using std::chrono::milliseconds;

// §5.4.1: of two logs the one whose last entry has the later term is more up to date; with equal
// terms the longer one. A vote is refused to a log that is less up to date than the voter's own.
TEST(Section54, ElectionRestriction_TableOfLogs) {
    struct Case {
        Index last;
        Term last_term;
        bool granted;
    };
    const Case cases[] = {
        {Index(4), Term(3), true},   // equal
        {Index(5), Term(3), true},   // longer
        {Index(2), Term(4), true},   // shorter, but of a later term
        {Index(3), Term(3), false},  // shorter
        {Index(9), Term(2), false},  // longer, but of an earlier term
        {Index(0), Term(0), false},  // empty
    };
    for (const Case& at : cases) {
        MemberStand stand({.terms = {Term(1), Term(3), Term(3)}});
        ASSERT_EQ(stand.log().last(), Index(4));
        stand.receive(b, Term(8), VoteRequest{at.last, at.last_term, false, false});
        EXPECT_EQ(stand.newest<VoteReply>(b)->granted, at.granted) << to_string(at.last);
    }
}

// §5.4.1: a candidate's request says how its own log ends.
TEST(Section54, ElectionRestriction_ACandidateTellsHowItsLogEnds) {
    MemberStand stand({.terms = {Term(2), Term(5)}});
    stand.time_out();
    EXPECT_EQ(stand.newest<VoteRequest>(b)->last_index, Index(3));
    EXPECT_EQ(stand.newest<VoteRequest>(b)->last_term, Term(5));
}

// §5.4.2: an entry of an earlier term is not committed because a majority holds it...
TEST(Section54, EarlierTerms_AreNotCommittedByCounting) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    stand.win();
    const core::Stamp stamp{stand.leader().round, stand.now()};
    stand.receive(b, stand.member().term(),
                  core::AppendReply{true, Index(3), Term(), Index(), stamp});
    EXPECT_EQ(stand.leader().followers.at(b).match, Index(3));
    EXPECT_EQ(stand.log().committed(), Index(0));
}

// ...but with the first entry of the leader's own term, all before it is committed, too.
TEST(Section54, EarlierTerms_AreCommittedWithTheFirstOfTheOwn) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    stand.win();
    stand.acknowledge(b);
    EXPECT_EQ(stand.log().committed(), Index(4));
    EXPECT_EQ(stand.applied().size(), 4U);
}

/// Only these may be heard and spoken to.
void only(CoreCluster& world, const std::vector<NodeId>& together) {
    world.heal();
    for (const auto& [one, node] : world.nodes()) {
        for (const auto& [other, at] : world.nodes()) {
            const bool both =
                std::ranges::count(together, one) > 0 && std::ranges::count(together, other) > 0;
            if (one != other && !both) world.cut(one, other);
        }
    }
}

/// An election in which the old leader is silent.
void elect(CoreCluster& world, NodeId id) {
    world.run_for(milliseconds(1000));
    world.flying().clear();
    world.campaign(id);
}

/// An election in which only votes and their answers arrive; all else is lost.
void hold_election(CoreCluster& world, NodeId id) {
    elect(world, id);
    const auto is_vote = [](const Flying& flight) {
        return std::holds_alternative<VoteRequest>(flight.message.body) ||
               std::holds_alternative<VoteReply>(flight.message.body);
    };
    auto& flying = world.flying();
    for (auto at = std::ranges::find_if(flying, is_vote); at != flying.end();
         at = std::ranges::find_if(flying, is_vote)) {
        const core::Message message = at->message;
        flying.erase(at);
        world.deliver(message);
    }
    flying.clear();
}

// §5.4.2, Figure 8: (a) a leads and writes an entry that reaches b alone. (b) e leads by the votes
// of c and d and writes its own at the same place, on its disk alone. (c) a leads again and its old
// entry reaches c: a majority holds it, and it is not committed. (d) e leads again and overwrites
// it everywhere. Nobody has applied it, so nothing is lost.
TEST(Section54, Figure8_AnEntryOfAnEarlierTermOnAMajorityMayStillGo) {
    GroupConfig config;
    config.max_append_bytes = 1;  // One entry in each message, so that (c) can stop half-way.
    CoreCluster world({.seed = 8, .config = config});
    world.found({a, b, c, d, e});
    elect(world, a);
    world.deliver_all();
    const Index place = world.member(a).state().log.last() + 1;
    only(world, {a, b});
    world.propose(a, "old");
    world.deliver_all();
    ASSERT_TRUE(world.member(b).state().log.holds(place, Term(1)));

    only(world, {c, d, e});
    hold_election(world, e);
    ASSERT_TRUE(world.member(e).leads());
    const Term term_of_e = world.member(e).term();
    ASSERT_TRUE(world.member(e).state().log.holds(place, term_of_e));
    world.crash(e);

    only(world, {a, b, c});
    world.run_for(milliseconds(1000));
    hold_election(world, a);
    if (!world.member(a).leads()) hold_election(world, a);  // It first learns of e's term.
    ASSERT_TRUE(world.member(a).leads());
    only(world, {a, c});
    for (int i = 0; i < 50 && !world.member(c).state().log.holds(place, Term(1)); ++i) {
        world.run_for(milliseconds(20));
        auto flying = std::exchange(world.flying(), {});
        for (const Flying& flight : flying) world.deliver(flight.message);
    }
    // On the disks of a, b and c, three of five, and yet not committed.
    for (const NodeId id : {a, b, c}) ASSERT_TRUE(world.node(id).disk.holds(place, Term(1)));
    EXPECT_LT(world.member(a).state().log.committed(), place);

    world.crash(a);
    world.flying().clear();
    world.restart(e);
    only(world, {b, c, d, e});
    world.run_for(milliseconds(1000));
    hold_election(world, e);
    if (!world.member(e).leads()) hold_election(world, e);
    ASSERT_TRUE(world.member(e).leads());
    world.restart(a);
    world.heal();
    world.set_network({true, milliseconds(1), milliseconds(1), 0, 0});
    world.run_for(milliseconds(3000));
    for (const auto& [id, node] : world.nodes()) {
        EXPECT_TRUE(node.member->state().log.holds(place, term_of_e)) << to_string(id);
        EXPECT_TRUE(node.value.items().empty());
    }
    EXPECT_EQ(world.history().violations(), std::vector<std::string>());
}

// §5.4.3: a committed entry is in the log of each later leader. Every way to lose two of five
// members after a commit, and every survivor that can win, keeps it.
TEST(Section54, LeaderCompleteness_EverySurvivingMajorityKeepsWhatWasCommitted) {
    int elections = 0;
    for (std::uint64_t mask = 0; mask < 32; ++mask) {
        if (std::popcount(mask) != 2) continue;
        for (std::uint64_t who = 1; who <= 5; ++who) {
            if ((mask >> (who - 1) & 1) != 0) continue;
            CoreCluster world({.seed = mask * 8 + who});
            world.found({a, b, c, d, e});
            elect(world, a);
            world.deliver_all();
            only(world, {a, b, c});
            world.propose(a, "kept");
            world.deliver_all();
            ASSERT_EQ(world.node(a).value.items().size(), 1U);
            world.heal();
            for (std::uint64_t i = 1; i <= 5; ++i) {
                if ((mask >> (i - 1) & 1) != 0) world.crash(NodeId(i));
            }
            if (!world.is_up(a)) {
                elect(world, NodeId(who));
            } else {
                world.crash(a);
                world.restart(a);
                elect(world, NodeId(who));
            }
            world.deliver_all();
            const NodeId leader = world.leader();
            if (!leader) continue;
            ++elections;
            EXPECT_EQ(world.node(leader).value.items(), std::vector<std::string>{"kept"});
            EXPECT_EQ(world.history().violations(), std::vector<std::string>());
        }
    }
    EXPECT_GT(elections, 15);
}

}  // namespace
}  // namespace rafted::test
