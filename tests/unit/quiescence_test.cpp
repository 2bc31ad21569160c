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

TEST(Quiescence, ASilenceThatEndsAsItBeginsMakesNobodyHeard) {
    Asked asked;
    const core::Time asked_at = asked.stand.now();
    for (const NodeId id : {b, c, d}) asked.agree(id);
    asked.stand.pass(milliseconds(150));
    // The last word and a command come in one step.
    core::Member member = asked.stand.member();
    const core::QuiesceReply last{{asked.stand.leader().round, asked_at}};
    const std::vector<core::Input> both{core::Received{core::Message{e, a, Term(1), last}},
                                        core::Propose{9, core::EntryKind::command, {}, {}}};
    static_cast<void>(member.step(asked.stand.now(), both));
    EXPECT_TRUE(member.leads());
    static_cast<void>(member.step(asked_at + milliseconds(1'999), core::TimePassed{}));
    EXPECT_TRUE(member.leads());
    static_cast<void>(member.step(asked_at + milliseconds(2'000), core::TimePassed{}));
    EXPECT_FALSE(member.leads()) << "what counts is when it asked";
}

TEST(Quiescence, WhoHasNothingToDoMayStaySilent) {
    Asked asked;
    for (const NodeId id : {b, c, d, e}) asked.agree(id);
    asked.stand.forget();
    asked.stand.give(core::Quiesce{});
    EXPECT_TRUE(asked.stand.state().is_quiescent());
    EXPECT_TRUE(asked.stand.said().empty());
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
