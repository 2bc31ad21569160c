// The sentences of ports/loop.hpp and net/loop.hpp on the real loop.
#include "net/loop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

namespace rafted::test {
namespace {

using std::chrono::milliseconds;

TEST(Loop, JobsRunInOrderOnTheLoopFromAnyThread) {
    net::Loop loop;
    loop.start();
    std::vector<int> order;
    std::promise<bool> last;
    for (int i = 0; i < 1000; ++i) {
        loop.post([&, i] { order.push_back(i); });
    }
    loop.post([&] { last.set_value(loop.in_loop()); });
    EXPECT_TRUE(last.get_future().get());
    EXPECT_FALSE(loop.in_loop());
    EXPECT_TRUE(std::ranges::is_sorted(order));
    EXPECT_EQ(order.size(), 1000u);
}

TEST(Loop, TheTurnRunsOnceForEverythingThatWaits) {
    net::Loop loop;
    int turns = 0;
    int jobs = 0;
    int turns_before_jobs = -1;
    loop.set_turn([&] {
        ++turns;
        if (jobs == 100) loop.stop();
        return core::never;
    });
    for (int i = 0; i < 100; ++i) {
        loop.post([&] {
            ++jobs;
            turns_before_jobs = std::max(turns_before_jobs, turns);
        });
    }
    loop.run();
    EXPECT_EQ(jobs, 100);
    EXPECT_EQ(turns_before_jobs, 0);
    EXPECT_EQ(turns, 1);
}

TEST(Loop, TheTurnIsCalledAgainAtTheTimeItAskedFor) {
    net::Loop loop;
    std::vector<core::Time> called;
    loop.set_turn([&] {
        called.push_back(loop.now());
        if (called.size() == 3) loop.stop();
        return called.back() + milliseconds(5);
    });
    loop.run();
    ASSERT_EQ(called.size(), 3u);
    EXPECT_GE(called[2] - called[0], milliseconds(10));
}

TEST(Loop, TimersRunInOrderAndNotWhenCancelled) {
    net::Loop loop;
    std::string order;
    const auto now = loop.now();
    loop.call_at(now + milliseconds(4), [&] { order += "b"; });
    const auto dropped = loop.call_at(now + milliseconds(3), [&] { order += "x"; });
    loop.call_at(now - milliseconds(1), [&] {
        order += "a";
        loop.cancel(dropped);
    });
    loop.call_at(now + milliseconds(5), [&] {
        order += "c";
        loop.stop();
    });
    loop.run();
    EXPECT_EQ(order, "abc");
}

TEST(Loop, ATimerThatSetsItselfAgainDoesNotKeepTheTurnFromRunning) {
    net::Loop loop;
    int turns = 0;
    std::function<void()> again = [&] { loop.call_at(loop.now(), again); };
    loop.call_at(loop.now(), again);
    loop.set_turn([&] {
        if (++turns == 10) loop.stop();
        return core::never;
    });
    loop.run();
    EXPECT_EQ(turns, 10);
}

TEST(Loop, AFloodOfJobsDoesNotKeepTheTurnFromRunning) {
    net::Loop loop;
    constexpr int jobs = 100'000;
    int ran = 0;
    int most = 0;
    int before = 0;
    for (int i = 0; i < jobs; ++i) {
        loop.post([&] {
            if (++ran == jobs) loop.stop();
        });
    }
    loop.set_turn([&] {
        most = std::max(most, ran - before);
        before = ran;
        return core::never;
    });
    loop.run();
    EXPECT_EQ(ran, jobs);
    EXPECT_LT(most, jobs / 10);
}

TEST(Loop, StopRunsWhatWasPostedAndTakesNothingMore) {
    net::Loop loop;
    bool ran = false;
    loop.post([&] { ran = true; });
    loop.stop();
    EXPECT_TRUE(ran);
    EXPECT_FALSE(loop.post([] { FAIL(); }));
}

TEST(Loop, SpinningFindsWorkToo) {
    net::Loop loop{std::chrono::microseconds(200)};
    loop.start();
    for (int i = 0; i < 100; ++i) {
        std::promise<void> done;
        loop.post([&] { done.set_value(); });
        done.get_future().get();
    }
}

}  // namespace
}  // namespace rafted::test
