// host/liveness.hpp: who beats, who is answered, and when a seat has nobody left to rely on.
#include <gtest/gtest.h>

#include <vector>

#include "host/liveness.hpp"

namespace rafted::test {
namespace {

using ports::Beat;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr NodeId near{2}, far{3};

struct Said {
    NodeId to;
    Beat beat;
    bool operator==(const Said&) const = default;
};

struct Speaker final : ports::Transport {
    void send(ports::Envelope) override {}
    void beat(NodeId node, const Beat& beat) override { said.push_back({node, beat}); }
    void set_address(NodeId, const std::string&) override {}
    bool can_be_at(const std::string&) const override { return true; }
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
    for (ports::Slot slot = 1; slot <= 1'000; ++slot) liveness.watch(slot, leads({near, far}), now);
    EXPECT_EQ(liveness.wake_at(), core::Time::min());
    EXPECT_EQ(pass(milliseconds(0)), Slots{});
    EXPECT_EQ(said(), (std::vector<Said>{{near, {103, false}}, {far, {103, false}}}));
    EXPECT_EQ(liveness.wake_at(), now + milliseconds(200));
    EXPECT_EQ(pass(milliseconds(199)), Slots{});
    EXPECT_TRUE(said().empty());
    EXPECT_EQ(pass(milliseconds(1)), Slots{});
    EXPECT_EQ(said().size(), 2U);
}

TEST_F(LivenessTest, ABeatIsAnsweredAndAnAnswerIsNot) {
    liveness.heard(near, {7, false}, now);
    EXPECT_EQ(said(), (std::vector<Said>{{near, {103, true}}}));
    liveness.heard(near, {7, true}, now);
    EXPECT_TRUE(said().empty());
}

TEST_F(LivenessTest, WhoFollowsSendsNoBeatsByItself) {
    liveness.watch(1, follows(near), now);
    EXPECT_EQ(pass(milliseconds(900)), Slots{});
    EXPECT_TRUE(said().empty());
}

TEST_F(LivenessTest, ANodeThatIsNotHeardIsLostToEachSeatByItsOwnPatience) {
    liveness.watch(1, follows(near, seconds(2)), now);
    liveness.watch(2, follows(near), now);
    liveness.watch(3, follows(far), now);
    EXPECT_EQ(liveness.wake_at(), now + seconds(1));
    EXPECT_EQ(pass(milliseconds(600)), Slots{});
    liveness.heard(far, {7, false}, now);
    EXPECT_EQ(pass(milliseconds(400)), Slots{2});
    EXPECT_EQ(pass(milliseconds(0)), Slots{}) << "it is told once";
    EXPECT_EQ(pass(milliseconds(600)), Slots{3});
    EXPECT_EQ(pass(milliseconds(400)), Slots{1});
    EXPECT_EQ(liveness.wake_at(), core::never);
}

TEST_F(LivenessTest, ANodeOfAnotherEpochVouchesForNobodyWhoTrustedTheOld) {
    liveness.watch(1, follows(near), now);
    liveness.watch(2, follows(far, seconds(2)), now);
    liveness.heard(near, {7, false}, now);
    liveness.heard(far, {7, false}, now);
    EXPECT_EQ(pass(milliseconds(100)), Slots{});
    liveness.heard(near, {9, false}, now);
    EXPECT_EQ(liveness.wake_at(), core::Time::min());
    EXPECT_EQ(pass(milliseconds(0)), Slots{1});
    liveness.watch(1, follows(near), now);
    liveness.heard(near, {9, false}, now);
    EXPECT_EQ(pass(milliseconds(900)), Slots{}) << "trusted anew";
}

TEST_F(LivenessTest, ASeatThatSpeaksAgainIsWatchedNoMore) {
    liveness.watch(1, leads({near, far}), now);
    EXPECT_EQ(pass(milliseconds(0)), Slots{});
    liveness.unwatch(1);
    said();
    EXPECT_EQ(pass(seconds(10)), Slots{});
    EXPECT_TRUE(said().empty());
}

TEST_F(LivenessTest, ARenewedEpochEndsAllSilenceHereAndThere) {
    liveness.watch(1, leads({near}), now);
    EXPECT_EQ(pass(milliseconds(0)), Slots{});
    liveness.watch(2, follows(far), now);
    said();
    liveness.renew();
    EXPECT_EQ(pass(milliseconds(0)), (Slots{1, 2}));
    liveness.heard(near, {7, false}, now);
    EXPECT_EQ(said(), (std::vector<Said>{{near, {105, true}}}));
}

}  // namespace
}  // namespace rafted::test
