// host/liveness.hpp: who beats, who is answered, and when a seat has nobody left to rely on.
#include <gtest/gtest.h>

#include <vector>

#include "host/liveness.hpp"

namespace rafted::test {
namespace {

using ports::Beat;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr NodeId b{2}, c{3};

struct Said {
    NodeId to;
    Beat beat;
    bool operator==(const Said&) const = default;
};

struct Speaker final : ports::Transport {
    void send(ports::Envelope) override {}
    void beat(NodeId node, const Beat& beat) override { said.push_back({node, beat}); }
    void set_address(NodeId, const std::string&) override {}
    void announce(NodeId) override {}
    void flush() override {}
    std::vector<Said> said;
};

class LivenessTest : public testing::Test {
protected:
    using Slots = std::vector<ports::Slot>;

    host::Reliance leads(std::vector<NodeId> nodes) const {
        return {std::move(nodes), seconds(1), milliseconds(200)};
    }
    host::Reliance follows(NodeId leader, milliseconds patience = seconds(1)) const {
        return {{leader}, patience, {}};
    }
    Slots pass(milliseconds time) {
        now += time;
        return liveness.step(now);
    }
    std::vector<Said> said() { return std::exchange(speaker.said, {}); }

    core::Time now{std::chrono::hours(1)};
    std::uint64_t epochs = 100;
    Speaker speaker;
    host::Liveness liveness{speaker, [this] { return epochs += 2; }};
};

TEST_F(LivenessTest, WithoutSilentSeatsNothingIsSaidAndNobodyWakes) {
    EXPECT_EQ(liveness.wake_at(), core::never);
    EXPECT_EQ(pass(seconds(10)), Slots{});
    EXPECT_TRUE(said().empty());
}

TEST_F(LivenessTest, AllSilentGroupsShareOneBeatToANode) {
    for (ports::Slot slot = 1; slot <= 1'000; ++slot) liveness.watch(slot, leads({b, c}), now);
    EXPECT_EQ(liveness.wake_at(), core::Time::min());
    EXPECT_EQ(pass(milliseconds(0)), Slots{});
    EXPECT_EQ(said(), (std::vector<Said>{{b, {103, false}}, {c, {103, false}}}));
    EXPECT_EQ(liveness.wake_at(), now + milliseconds(200));
    EXPECT_EQ(pass(milliseconds(199)), Slots{});
    EXPECT_TRUE(said().empty());
    EXPECT_EQ(pass(milliseconds(1)), Slots{});
    EXPECT_EQ(said().size(), 2U);
}

TEST_F(LivenessTest, ABeatIsAnsweredAndAnAnswerIsNot) {
    liveness.heard(b, {7, false}, now);
    EXPECT_EQ(said(), (std::vector<Said>{{b, {103, true}}}));
    liveness.heard(b, {7, true}, now);
    EXPECT_TRUE(said().empty());
}

TEST_F(LivenessTest, WhoFollowsSendsNoBeatsByItself) {
    liveness.watch(1, follows(b), now);
    EXPECT_EQ(pass(milliseconds(900)), Slots{});
    EXPECT_TRUE(said().empty());
}

TEST_F(LivenessTest, ANodeThatIsNotHeardIsLostToEachSeatByItsOwnPatience) {
    liveness.watch(1, follows(b, seconds(2)), now);
    liveness.watch(2, follows(b), now);
    liveness.watch(3, follows(c), now);
    EXPECT_EQ(liveness.wake_at(), now + seconds(1));
    EXPECT_EQ(pass(milliseconds(600)), Slots{});
    liveness.heard(c, {7, false}, now);
    EXPECT_EQ(pass(milliseconds(400)), Slots{2});
    EXPECT_EQ(pass(milliseconds(0)), Slots{}) << "it is told once";
    EXPECT_EQ(pass(milliseconds(600)), Slots{3});
    EXPECT_EQ(pass(milliseconds(400)), Slots{1});
    EXPECT_EQ(liveness.wake_at(), core::never);
}

TEST_F(LivenessTest, ANodeOfAnotherEpochVouchesForNobodyWhoTrustedTheOld) {
    liveness.watch(1, follows(b), now);
    liveness.watch(2, follows(c, seconds(2)), now);
    liveness.heard(b, {7, false}, now);
    liveness.heard(c, {7, false}, now);
    EXPECT_EQ(pass(milliseconds(100)), Slots{});
    liveness.heard(b, {9, false}, now);
    EXPECT_EQ(liveness.wake_at(), core::Time::min());
    EXPECT_EQ(pass(milliseconds(0)), Slots{1});
    liveness.watch(1, follows(b), now);
    liveness.heard(b, {9, false}, now);
    EXPECT_EQ(pass(milliseconds(900)), Slots{}) << "trusted anew";
}

TEST_F(LivenessTest, ASeatThatSpeaksAgainIsWatchedNoMore) {
    liveness.watch(1, leads({b, c}), now);
    EXPECT_EQ(pass(milliseconds(0)), Slots{});
    liveness.unwatch(1);
    said();
    EXPECT_EQ(pass(seconds(10)), Slots{});
    EXPECT_TRUE(said().empty());
}

TEST_F(LivenessTest, ARenewedEpochEndsAllSilenceHereAndThere) {
    liveness.watch(1, leads({b}), now);
    EXPECT_EQ(pass(milliseconds(0)), Slots{});
    liveness.watch(2, follows(c), now);
    said();
    liveness.renew();
    EXPECT_EQ(pass(milliseconds(0)), (Slots{1, 2}));
    liveness.heard(b, {7, false}, now);
    EXPECT_EQ(said(), (std::vector<Said>{{b, {105, true}}}));
}

}  // namespace
}  // namespace rafted::test
