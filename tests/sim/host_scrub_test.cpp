// Nodes that read back what they have stored while they serve: what rots is made anew, by the
// member whose disk it is, before it is needed. Virtual time.
#include <gtest/gtest.h>

#include "support/plain_world.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr host::ScrubPace every_ten_seconds{seconds(10), 16 << 20};

GroupConfig config_with_snapshots() {
    auto config = quick_config();
    config.snapshot_floor_bytes = 200;
    config.log_file_expansion_factor = 0.5;
    config.log_bytes_kept = 0;
    return config;
}

std::string newest(sim::SimFiles& files, const std::string& ending) {
    std::string found;
    for (const std::string& path : files.paths()) {
        if (path.ends_with(ending)) found = std::max(found, path);
    }
    return found;
}

bool has_line(const HostCluster& world, const std::string& text) {
    return std::ranges::any_of(
        world.log(), [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

TEST(Scrubber, ReadsEverythingOnceInAPeriod) {
    PlainWorld world({.seed = 91, .scrub = every_ten_seconds}, 1, config_with_snapshots());
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(world.add(1));
    const NodeId id = world.leader();
    world.run_for(seconds(20));
    const Metrics before = world.metrics(id);
    world.run_for(seconds(100));
    const Metrics after = world.metrics(id);
    EXPECT_NEAR(static_cast<double>(after.scrubs - before.scrubs), 10, 2);
    EXPECT_GT(after.scrubbed_bytes, before.scrubbed_bytes + 10'000);
    EXPECT_EQ(after.scrub_damages, 0U);
}

TEST(Scrubber, ADamagedSnapshotIsMadeAnewThoughNothingHasHappenedSince) {
    PlainWorld world({.seed = 92, .scrub = every_ten_seconds}, 3, config_with_snapshots());
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(world.add(1));
    world.run_for(seconds(2));
    for (const NodeId id : {world.leader(), world.followers().front()}) {
        const std::string path = newest(world.files(id), ".snap");
        ASSERT_FALSE(path.empty());
        const Index covered = world.status(id).snapshot;
        world.files(id).flip(path, 30, std::byte{1});
        world.run_for(seconds(25));
        EXPECT_TRUE(
            has_line(world, path + " is damaged at offset 12: its header; the group makes"));
        EXPECT_GE(world.status(id).snapshot, covered);
        world.crash(id);
        world.restart(id);
        world.run_for(seconds(2));
        EXPECT_TRUE(world.node(id).notes().empty()) << world.node(id).notes().front();
        EXPECT_EQ(world.sum(), 60);
    }
}

TEST(Scrubber, DamageInTheJournalIsGoneAfterwards) {
    PlainWorld world({.seed = 93, .scrub = every_ten_seconds}, 3, quick_config());
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(world.add(1));
    for (const NodeId id : world.nodes()) {
        const std::string path = newest(world.files(id), ".log");
        world.files(id).flip(path, 2'000, std::byte{8});
    }
    world.run_for(seconds(30));
    for (const NodeId id : world.nodes()) {
        EXPECT_GE(world.metrics(id).scrub_damages, 1U);
        world.crash(id);
    }
    for (const NodeId id : world.nodes()) {
        world.restart(id);
        EXPECT_TRUE(world.node(id).notes().empty()) << world.node(id).notes().front();
    }
    EXPECT_EQ(world.sum(), 60);
}

TEST(Scrubber, NoFasterThanItMay) {
    // 64 KiB/s of a directory with one reading of some 100 KiB: never two in a second.
    PlainWorld world({.seed = 94, .scrub = {milliseconds(10), 64 << 10}}, 1, quick_config());
    ASSERT_TRUE(world.add(1));
    world.run_for(seconds(10));
    const Metrics metrics = world.metrics(world.leader());
    EXPECT_GT(metrics.scrubs, 0U);
    EXPECT_LT(metrics.scrubbed_bytes, (64U << 10) * 12);
}

}  // namespace
}  // namespace rafted::test
