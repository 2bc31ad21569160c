// Three members of the real binary under load; some or all of them lose their power, in the middle
// of a call or at any other moment, and what was un-synced with it.
//   1. Every answer that clients got can be explained by one order of their calls.
//   2. The group goes on after each loss, and its members end up with the same value.
// RAFTED_SEED draws other victims, moments and losses.
#include <gtest/gtest.h>
#include <signal.h>

#include <iostream>
#include <random>
#include <thread>

#include "live/faults/faulty.hpp"
#include "live/faults/queue_history.hpp"

namespace rafted::test {
namespace {

using Chance = std::mt19937_64;

constexpr std::size_t members = 3;
constexpr int power_clients = 3;

/// Commands and queries of several clients until the end of its life.
class PowerLoad {
public:
    PowerLoad(const LiveCluster& cluster, QueueHistory& history, std::uint64_t seed) {
        for (int i = 0; i < power_clients; ++i) {
            const std::string name(1, static_cast<char>('a' + i));
            threads_.emplace_back(
                [&history, name, seed, group = cluster.group()](const std::stop_token& stop) {
                    Chance chance(seed + static_cast<std::uint64_t>(name.front()));
                    const CallOptions options{std::chrono::seconds(30), {}};
                    for (int n = 0; !stop.stop_requested(); ++n) {
                        if (chance() % 4 != 0)
                            (void)history.enqueue(group, name + std::to_string(n), options);
                        else
                            (void)history.length(group, options);
                    }
                });
        }
    }

private:
    std::vector<std::jthread> threads_;
};

class Storm {
public:
    explicit Storm(std::uint64_t seed)
        : chance_(seed),
          cluster_({members, true, [this](std::size_t number, const std::string& dir) {
                        return orders_of(number, dir);
                    }}) {}

    void run(int rounds, std::uint64_t seed) {
        if (testing::Test::HasFailure()) return;
        {
            PowerLoad load(cluster_, history_, seed);
            for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
                SCOPED_TRACE("round " + std::to_string(round));
                strike();
            }
        }
        EXPECT_TRUE(cluster_.await_equal());
        const auto items = history_.items(cluster_.group(), {std::chrono::seconds(20), {}});
        ASSERT_TRUE(items) << to_string(items.error());
        for (std::size_t i = 0; i < members; ++i) {
            EXPECT_EQ(cluster_.group_at(i).query_stale(Items{}), items) << "node " << i;
        }
        EXPECT_EQ(history_.judge(), "");
    }
    std::string figures() const {
        return history_.figures() + "; " + std::to_string(losses_) + " losses of power, " +
               std::to_string(all_) + " times of all; " + std::to_string(in_a_call()) +
               " after a call that was counted out";
    }

private:
    std::size_t in_a_call() const {
        std::size_t found = 0;
        const std::string mark = "the power goes after call";
        for (std::size_t i = 0; i < members; ++i) {
            const std::string log = text_of(cluster_.log(i));
            for (auto at = log.find(mark); at != std::string::npos; at = log.find(mark, at + 1)) {
                ++found;
            }
        }
        return found;
    }
    std::vector<std::string> orders_of(std::size_t number, const std::string& dir) {
        constexpr std::array losses{"all", "sectors", "torn"};
        arms_[number] = dir + ".arm" + std::to_string(lives_++);
        return under_faults(dir, "on-signal crash-after=" + std::to_string(1 + chance_() % 60) +
                                     " arm=" + arms_[number] + " loss=" + losses[chance_() % 3] +
                                     " seed=" + std::to_string(chance_() % 1'000'000));
    }

    /// One loss of power, of one, two or all members, and their return.
    void strike() {
        const bool all = chance_() % 4 == 0;
        const std::size_t count = all ? members : 1 + chance_() % 5 / 4;
        const bool by_signal = chance_() % 2 == 0;
        const std::size_t first = chance_() % members;
        pause_for(milliseconds(chance_() % 150));
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t victim = (first + i) % members;
            if (by_signal)
                cluster_.send(victim, SIGUSR1);
            else
                write_text(arms_[victim], "now");
        }
        if (!by_signal) pause_for(milliseconds(100));
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t victim = (first + i) % members;
            // Where a majority is down nothing is written any more that could be counted.
            cluster_.send(victim, SIGUSR1);
            EXPECT_TRUE(eventually(std::chrono::seconds(10),
                                   [&] { return cluster_.ended(victim).has_value(); }));
            EXPECT_EQ(cluster_.ended(victim), -SIGKILL) << "node " << victim;
        }
        losses_ += count;
        if (all) ++all_;
        pause_for(milliseconds(chance_() % 300));
        for (std::size_t i = 0; i < count; ++i) cluster_.restart((first + i) % members);
        const std::size_t before = history_.answered();
        EXPECT_TRUE(eventually(std::chrono::seconds(30), [&] {
            return history_.answered() > before + 30;
        })) << "no command is answered any more";
    }

    Chance chance_;
    std::array<std::string, members> arms_;
    int lives_ = 0;
    std::size_t losses_ = 0;
    std::size_t all_ = 0;
    QueueHistory history_;
    LiveCluster cluster_;
};

}  // namespace

TEST(PowerStorm, ThreeMembersLoseNothingThatWasAcknowledged) {
    const std::string given = told("RAFTED_SEED");
    const std::uint64_t seed = given.empty() ? 1 : std::stoull(given);
    const auto start = LiveClock::now();
    Storm storm(seed);
    storm.run(is_full() ? 200 : 12, seed);
    std::cout << storm.figures() << "; " << ms_since(start) / 1000 << " s\n";
    EXPECT_FALSE(HasFailure()) << "replay: RAFTED_SEED=" << seed
                               << " build/release/bin/test_live --gtest_filter=PowerStorm.*";
}

}  // namespace rafted::test
