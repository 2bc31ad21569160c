// The sentences of ports/beside.hpp on the real loop, and of ports/workers.hpp on real threads with
// one.
#include "ports/beside.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "net/loop.hpp"
#include "node/thread_workers.hpp"

namespace rafted::test {
namespace {

using namespace std::chrono_literals;

/// Runs on the loop and waits for it.
template <class Job>
void on_loop(net::Loop& loop, Job job) {
    std::promise<void> done;
    ASSERT_TRUE(loop.post([&] {
        job();
        done.set_value();
    }));
    done.get_future().get();
}

/// Keeps its thread busy.
void take(std::chrono::microseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

void must_not_be() { FAIL() << "there is time for it here"; }

TEST(Beside, WorkIsDoneByTheLoopsThreadBetweenItsRounds) {
    net::Loop loop;
    std::atomic<int> turns = 0;
    loop.set_turn([&] {
        ++turns;
        return core::never;
    });
    loop.start_with_relief();
    std::thread::id in_loop;
    std::promise<std::thread::id> here;
    int turns_before = 0;
    on_loop(loop, [&] {
        in_loop = std::this_thread::get_id();
        turns_before = turns;
        EXPECT_FALSE(loop.is_beside());
        EXPECT_TRUE(loop.offer({[&] {
                                    EXPECT_EQ(turns, turns_before + 1) << "after this round";
                                    EXPECT_TRUE(loop.is_beside());
                                    EXPECT_FALSE(loop.in_loop());
                                    here.set_value(std::this_thread::get_id());
                                },
                                must_not_be}));
    });
    EXPECT_EQ(here.get_future().get(), in_loop);
    // The next round follows at once, without any input.
    while (turns < turns_before + 2) std::this_thread::yield();
}

TEST(Beside, NobodyElseMayOffer) {
    net::Loop alone;
    alone.start();
    on_loop(alone, [&] { EXPECT_FALSE(alone.offer({must_not_be, must_not_be})); });
    net::Loop loop;
    loop.start_with_relief();
    EXPECT_FALSE(loop.offer({must_not_be, must_not_be}));
}

/// Something that is done beside the loop until it is told to end.
struct Hanging {
    void begin(net::Loop& loop) {
        loop.post([&] {
            thread = std::this_thread::get_id();
            loop.offer({[&] {
                            has_begun.set_value();
                            may_end.get_future().get();
                        },
                        must_not_be});
        });
        has_begun.get_future().get();
    }

    std::thread::id thread;
    std::promise<void> has_begun;
    std::promise<void> may_end;
};

TEST(Beside, WhatTakesLongHoldsUpNobody) {
    net::Loop loop;
    loop.start_with_relief();
    Hanging first;
    Hanging second;
    first.begin(loop);
    on_loop(loop, [&] { EXPECT_NE(std::this_thread::get_id(), first.thread); });
    first.may_end.set_value();
    // And back again.
    second.begin(loop);
    EXPECT_NE(second.thread, first.thread) << "it stands by now";
    on_loop(loop, [&] { EXPECT_EQ(std::this_thread::get_id(), first.thread); });
    second.may_end.set_value();
}

TEST(Beside, WhatIsBehindSomethingLongGoesElsewhere) {
    net::Loop loop;
    loop.start_with_relief();
    std::promise<void> went_elsewhere;
    on_loop(loop, [&] {
        loop.offer({[&] {
                        while (loop.is_beside()) std::this_thread::yield();
                    },
                    must_not_be});
        loop.offer({must_not_be, [&] { went_elsewhere.set_value(); }});
    });
    went_elsewhere.get_future().get();
}

TEST(Beside, WhoHangsIsLetGoAtTheDeadline) {
    auto kept = std::make_shared<int>(1);
    const std::weak_ptr<int> alive = kept;
    auto loop = std::make_shared<net::Loop>();
    loop->start_with_relief();
    Hanging hanging;
    hanging.begin(*loop);
    struct Keep {
        std::shared_ptr<net::Loop> loop;
        std::shared_ptr<int> kept;
    };
    net::Loop& stopped = *loop;
    EXPECT_FALSE(stopped.stop(50ms, std::make_shared<Keep>(std::move(loop), std::move(kept))));
    EXPECT_FALSE(alive.expired());
    EXPECT_FALSE(stopped.post([] { FAIL(); }));
    hanging.may_end.set_value();
    while (!alive.expired()) std::this_thread::yield();
}

// One thread at a time, whoever it is: a plain counter shows it, to the thread sanitizer above all.
TEST(Beside, TheRoundsAreOneAfterTheOtherHoweverTheyPass) {
    net::Loop loop;
    long counter = 0;
    loop.start_with_relief();
    std::promise<void> done;
    std::function<void(int)> next = [&](int left) {
        ++counter;
        if (left == 0) return done.set_value();
        const auto pause = std::chrono::microseconds(left % 5 == 0 ? 1500 : left % 7);
        loop.offer({[&, left, pause] {
                        take(pause);
                        loop.post([&, left] { next(left - 1); });
                    },
                    must_not_be});
    };
    loop.post([&] { next(300); });
    done.get_future().get();
    on_loop(loop, [&] { EXPECT_EQ(counter, 301); });
}

/// Workers of a loop, and where their jobs were run.
struct Laned {
    Laned() { loop.start_with_relief(); }
    ~Laned() { loop.stop(); }

    /// Posts a job from the loop and returns whether it was run beside it.
    bool is_beside(ports::Lane lane, std::chrono::microseconds takes = {}) {
        std::promise<bool> where;
        loop.post([&] {
            workers.post(lane, [&] {
                const bool beside = loop.is_beside();
                take(takes);
                where.set_value(beside);
            });
        });
        return where.get_future().get();
    }
    /// How many jobs it takes until one is run beside the loop; 0: too many.
    int jobs_until_beside(ports::Lane lane) {
        for (int i = 1; i < 10'000; ++i) {
            if (is_beside(lane)) return i;
        }
        return 0;
    }

    net::Loop loop;
    node::ThreadWorkers workers{2,
                                [this](ports::Beside work) { return loop.offer(std::move(work)); }};
};

TEST(Beside, ALaneOfQuickJobsIsRunThere) {
    Laned laned;
    const auto lane = laned.workers.open_lane(ports::Urgency::prompt);
    EXPECT_GT(laned.jobs_until_beside(lane), 16) << "it must have shown that it is quick";
    laned.is_beside(lane, 2ms);
    EXPECT_FALSE(laned.is_beside(lane)) << "after a slow one";
    EXPECT_GT(laned.jobs_until_beside(lane), 0);
    const auto other = laned.workers.open_lane(ports::Urgency::prompt);
    EXPECT_FALSE(laned.is_beside(other)) << "each lane for itself";
}

TEST(Beside, WhatIsDoneInTheBackgroundHoldsUpNothingElse) {
    node::ThreadWorkers workers{1};
    const auto large = workers.open_lane(ports::Urgency::background);
    const auto small = workers.open_lane(ports::Urgency::background);
    const auto value = workers.open_lane(ports::Urgency::prompt);
    std::promise<void> let_go;
    std::promise<void> saved;
    std::promise<void> applied;
    workers.post(large, [&] { let_go.get_future().wait(); });
    workers.post(small, [&] { saved.set_value(); });
    workers.post(value, [&] { applied.set_value(); });
    EXPECT_EQ(saved.get_future().wait_for(20s), std::future_status::ready);
    EXPECT_EQ(applied.get_future().wait_for(20s), std::future_status::ready);
    let_go.set_value();
}

TEST(Beside, TheJobsOfALaneStayInOrderWhereverTheyRun) {
    Laned laned;
    const auto lane = laned.workers.open_lane(ports::Urgency::prompt);
    std::vector<int> order;
    std::promise<void> done;
    constexpr int jobs = 2'000;
    for (int i = 0; i < jobs; ++i) {
        const auto job = [&, i] {
            if (i % 100 == 99) take(200us);
            order.push_back(i);
            if (i == jobs - 1) done.set_value();
        };
        laned.loop.post([&, job] { laned.workers.post(lane, job); });
        if (i % 3 == 0) take(20us);
    }
    done.get_future().get();
    EXPECT_EQ(order.size(), static_cast<std::size_t>(jobs));
    EXPECT_TRUE(std::ranges::is_sorted(order));
}

}  // namespace
}  // namespace rafted::test
