// SIGKILL under load: three durable processes, four clients, a member killed in every round.
//   1. No acknowledged command is lost or doubled, and nothing else is in the queue.
//   2. A read sees at least what had been acknowledged before it began.
//   3. After a leader's death the next one leads within three election timeouts, beyond what the
//      machine kept everybody waiting.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "live/live_cluster.hpp"
#include "live/machine_stalls.hpp"

namespace rafted::test {
namespace {

constexpr int rounds = 20;
constexpr int clients = 4;

/// What four clients did and were told.
class KillLoad {
public:
    explicit KillLoad(const LiveCluster& cluster) {
        for (int i = 0; i < clients; ++i) {
            threads_.emplace_back([this, i, queue = cluster.group()](const std::stop_token& stop) {
                write(i, queue, stop);
            });
        }
    }
    void stop() { threads_.clear(); }
    std::size_t acknowledged() const { return acknowledged_; }

    std::map<std::string, int> expected;  ///< 1: acknowledged; 0: it may be there.
    std::vector<std::string> stale;

private:
    void write(int client, const Group<Queue>& queue, const std::stop_token& stop) {
        const CallOptions options{std::chrono::seconds(30), {}};
        for (int n = 0; !stop.stop_requested(); ++n) {
            const std::string item = std::to_string(client) + "-" + std::to_string(n);
            const auto answer = queue.command(Enqueue{item}, options);
            note(item, answer.has_value());
            const std::size_t before = acknowledged_;
            const auto length = queue.query(Length{}, options);
            const std::lock_guard lock(mutex_);
            if (length && *length < before) {
                stale.push_back(item + ": " + std::to_string(*length) + " after " +
                                std::to_string(before));
            }
        }
    }
    void note(const std::string& item, bool answered) {
        const std::lock_guard lock(mutex_);
        expected[item] = answered ? 1 : 0;
        if (answered) ++acknowledged_;
    }

    std::mutex mutex_;
    std::atomic<std::size_t> acknowledged_ = 0;
    std::vector<std::jthread> threads_;  // the last member: they use the others
};

void expect_exactly(const KillLoad& load, const std::vector<std::string>& items) {
    std::map<std::string, int> found;
    for (const std::string& item : items) ++found[item];
    for (const auto& [item, count] : found) {
        EXPECT_TRUE(load.expected.contains(item)) << item << " was never written";
        EXPECT_EQ(count, 1) << item << " is doubled";
    }
    for (const auto& [item, sure] : load.expected) {
        EXPECT_TRUE(sure == 0 || found.contains(item)) << item << " was acknowledged and is lost";
    }
}

std::size_t victim_of(int round, std::size_t leader, std::minstd_rand& chance) {
    if (round % 2 == 0) return leader;
    return (leader + 1 + chance() % 2) % 3;
}

/// Kills the leader and waits for the next one; the time without one in ms, stalls left out.
double kill_leader(LiveCluster& cluster, std::size_t leader, const MachineStalls& stalls) {
    const Term term = cluster.term(leader);
    const double stalled = stalls.ms();
    const auto killed = LiveClock::now();
    cluster.kill(leader);
    EXPECT_TRUE(cluster.leader(term)) << "nobody was elected";
    return ms_since(killed) - (stalls.ms() - stalled);
}

}  // namespace

TEST(KillStorm, twenty_rounds_lose_nothing) {
    LiveCluster cluster({3, true});
    ASSERT_FALSE(HasFatalFailure());
    KillLoad load(cluster);
    std::minstd_rand chance(7);
    std::vector<double> elections;
    const LiveDir beside;
    const MachineStalls stalls(beside.path());
    for (int round = 0; round < rounds; ++round) {
        const auto leader = cluster.leader();
        ASSERT_TRUE(leader) << "round " << round;
        const std::size_t before = load.acknowledged();
        const std::size_t victim = victim_of(round, *leader, chance);
        if (victim == *leader) {
            elections.push_back(kill_leader(cluster, victim, stalls));
        } else {
            cluster.kill(victim);
        }
        EXPECT_TRUE(
            eventually(std::chrono::seconds(20), [&] { return load.acknowledged() > before + 50; }))
            << "no command was answered in round " << round;
        cluster.restart(victim);
        ASSERT_FALSE(HasFatalFailure()) << "round " << round;
        const auto now = cluster.leader();
        ASSERT_TRUE(now);
        const auto target = cluster.status(*now);
        ASSERT_TRUE(target);
        EXPECT_TRUE(eventually(std::chrono::seconds(20),
                               [&] {
                                   const auto own = cluster.status(victim);
                                   return own && own->applied >= target->commit;
                               }))
            << "the restarted member did not catch up in round " << round;
    }
    load.stop();
    EXPECT_TRUE(load.stale.empty())
        << load.stale.size() << " stale reads, first " << load.stale.front();
    ASSERT_TRUE(cluster.await_equal());
    for (std::size_t i = 0; i < 3; ++i) {
        const auto items = cluster.group_at(i).query_stale(Items{});
        ASSERT_TRUE(items);
        expect_exactly(load, *items);
    }
    std::ranges::sort(elections);
    std::cout << load.acknowledged() << " commands; " << elections.size()
              << " elections, ms: shortest " << elections.front() << ", median "
              << elections[elections.size() / 2] << ", longest " << elections.back()
              << "; the machine stalled for " << stalls.ms() << " ms\n";
    EXPECT_LE(elections.back(), 3.0 * LiveCluster::election_timeout.count());
}

}  // namespace rafted::test
