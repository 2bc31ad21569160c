// A disk whose every sync takes 1.5 seconds, six election timeouts, in one of three members.
//   1. A follower's holds nobody up.
//   2. A leader's costs it the lead, which goes to a member whose disk is quick.
//   3. All answers can be explained by one order.
#include <gtest/gtest.h>

#include <array>

#include "live/faults/faulty.hpp"
#include "live/faults/queue_history.hpp"

namespace rafted::test {
namespace {

constexpr int sync_ms = 1500;

class SlowDisk : public testing::Test {
protected:
    void slow_down(std::size_t number) const { write_text(cluster_.dir(number) + ".slow", "now"); }

    /// Commands one after the other take less time than if each waited for one slow sync.
    void expect_quick_commands(int commands) {
        const auto group = cluster_.group();
        const auto start = LiveClock::now();
        for (int i = 0; i < commands; ++i) {
            const auto answer =
                history_.enqueue(group, std::to_string(next_++), {std::chrono::seconds(30), {}});
            EXPECT_TRUE(answer) << to_string(answer.error());
        }
        EXPECT_LT(ms_since(start), commands * sync_ms / 2.0);
    }
    void judge() {
        ASSERT_TRUE(history_.items(cluster_.group(), {std::chrono::seconds(30), {}}));
        EXPECT_EQ(history_.judge(), "");
    }

    LiveCluster cluster_{{3, true, [](std::size_t, const std::string& dir) {
                              return under_faults(dir, "sync-ms=" + std::to_string(sync_ms) +
                                                           " arm=" + dir + ".slow");
                          }}};
    QueueHistory history_;
    int next_ = 0;
};

TEST_F(SlowDisk, OfAFollowerHoldsNobodyUp) {
    ASSERT_FALSE(HasFailure());
    const std::size_t leader = cluster_.leader().value();
    slow_down((leader + 1) % 3);
    expect_quick_commands(20);
    judge();
}

TEST_F(SlowDisk, OfALeaderCostsItTheLead) {
    ASSERT_FALSE(HasFailure());
    const std::size_t leader = cluster_.leader().value();
    expect_quick_commands(5);
    slow_down(leader);
    const auto group = cluster_.group();
    const auto answer = history_.enqueue(group, "slow", {std::chrono::seconds(30), {}});
    EXPECT_TRUE(answer) << to_string(answer.error());
    EXPECT_TRUE(eventually(std::chrono::seconds(10), [&] {
        const auto now = cluster_.leader();
        return now && *now != leader;
    }));
    expect_quick_commands(20);
    judge();
}

}  // namespace
}  // namespace rafted::test
