// Section 9.3, elections: how long a group is without a leader after the death of one.
#include <gtest/gtest.h>

#include "support/core_cluster.hpp"
#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::Duration;
using std::chrono::milliseconds;

constexpr milliseconds election_timeout{250};

/// From the death of the leader, at any moment between two of its heartbeats, to the next one.
/// Messages take up to a fiftieth of the election timeout, and so do writes.
Duration time_without_leader(std::uint64_t seed, std::size_t size) {
    ClusterOptions options{.seed = seed};
    options.config.election_timeout = election_timeout;
    options.config.heartbeat_interval = election_timeout / 5;
    CoreCluster world(options);
    const std::vector<NodeId> all{a, b, c, d, e};
    const std::vector<NodeId> voters(all.begin(), all.begin() + static_cast<long>(size));
    world.set_network({true, milliseconds(1), milliseconds(5)});
    world.found(voters);
    for (const NodeId id : voters) world.node(id).disk_time = milliseconds(5);
    world.campaign(a);
    world.run_for(milliseconds(2000));
    const auto moment = world.random().one_to(100'000);
    world.run_for(std::chrono::microseconds(moment));
    const NodeId dead = world.leader();
    world.crash(dead);
    const core::Time died = world.now();
    while (!world.leader() && world.now() < died + 10 * election_timeout) {
        world.run_for(milliseconds(1));
    }
    return world.now() - died;
}

}  // namespace

// §9.3: with timeouts drawn at random elections end soon, whoever asks for votes at the same time:
// within three election timeouts each time.
TEST(Section93, LeadersDeath_TheNextLeadsWithinThreeElectionTimeouts) {
    for (const std::size_t size : {3UL, 5UL}) {
        for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
            EXPECT_LE(time_without_leader(seed, size), 3 * election_timeout)
                << "of " << size << " members, seed " << seed;
        }
    }
}

}  // namespace rafted::test
