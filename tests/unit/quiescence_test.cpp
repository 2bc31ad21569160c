// core/quiescence.cpp: when a leader may fall silent, and what ends it. What it means for a group
// is in tests/script/quiescence*.txt and tests/sim/host_silence_test.cpp.
#include <gtest/gtest.h>

#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::QuiesceReply;
using core::QuiesceRequest;
using std::chrono::milliseconds;

/// A leader of five whose members have everything, and who has asked them to expect no heartbeats.
struct Asked {
    Asked() {
        stand.win({b, c});
        for (const NodeId id : {b, c, d, e}) stand.acknowledge(id);
        stand.pass(milliseconds(200));
        for (const NodeId id : {b, c, d, e}) stand.acknowledge(id);
        stand.forget();
        stand.give(core::Quiesce{});
    }
    bool asks(NodeId id) const { return stand.newest<QuiesceRequest>(id) != nullptr; }
    void agree(NodeId id) {
        stand.receive(id, Term(1), QuiesceReply{{stand.leader().round, stand.now()}});
    }
    MemberStand stand{{.voters = {a, b, c, d, e}}};
};

TEST(Quiescence, ALeaderIsSilentOnceAllHaveAgreed) {
    Asked asked;
    for (const NodeId id : {b, c, d, e}) {
        ASSERT_TRUE(asked.asks(id));
        EXPECT_FALSE(asked.stand.state().is_quiescent());
        asked.agree(id);
    }
    EXPECT_TRUE(asked.stand.state().is_quiescent());
    asked.stand.forget();
    asked.stand.pass(std::chrono::minutes(10));
    EXPECT_TRUE(asked.stand.said().empty());
    asked.stand.propose("x");
    EXPECT_FALSE(asked.stand.state().is_quiescent());
}

TEST(Quiescence, WhoWasForcedOutHasNotAgreedForAnother) {
    Asked asked;
    for (const NodeId id : {b, c, d}) asked.agree(id);
    asked.stand.hold_disk();
    asked.stand.give(core::ForceRemove{7, d});
    EXPECT_FALSE(asked.stand.state().is_quiescent()) << "e has not agreed";
    EXPECT_NE(asked.stand.newest<core::AppendRequest>(e), nullptr);
}

TEST(Quiescence, NobodyIsAskedWhileThereIsSomethingToDo) {
    MemberStand stand({.voters = {a, b, c}});
    stand.win();
    stand.acknowledge(b);
    stand.acknowledge(c);
    stand.propose("x");
    stand.acknowledge(b);
    stand.give(core::Quiesce{});
    EXPECT_EQ(stand.newest<QuiesceRequest>(b), nullptr) << "c lacks an entry";
    stand.acknowledge(c);
    stand.give(core::Quiesce{});
    EXPECT_NE(stand.newest<QuiesceRequest>(b), nullptr);
}

TEST(Quiescence, AnAnswerToAnOlderRequestAgreesToNothing) {
    Asked asked;
    const core::Stamp older{asked.stand.leader().round, asked.stand.now()};
    asked.stand.give(core::Quiesce{});
    for (const NodeId id : {b, c, d, e}) {
        asked.stand.receive(id, Term(1), QuiesceReply{older});
    }
    EXPECT_FALSE(asked.stand.state().is_quiescent());
}

TEST(Quiescence, ALeaderThatSpeaksAgainHasTwoElectionTimeoutsToBeHeard) {
    Asked asked;
    for (const NodeId id : {b, c, d, e}) asked.agree(id);
    asked.stand.pass(std::chrono::minutes(10));
    asked.stand.give(core::Unquiesce{});
    EXPECT_TRUE(asked.stand.member().leads());
    EXPECT_FALSE(asked.stand.member().has_lease(asked.stand.now()));
    asked.stand.pass(milliseconds(1'999));
    EXPECT_TRUE(asked.stand.member().leads());
    asked.stand.pass(milliseconds(1));
    EXPECT_FALSE(asked.stand.member().leads());
}

}  // namespace
}  // namespace rafted::test
