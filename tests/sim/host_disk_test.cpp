// Whole groups of hosts on bad disks: full, failed, hanging, damaged (D12). Virtual time.
#include <gtest/gtest.h>

#include "support/plain_world.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Host, D12_WhoseSnapshotsAreAllDamagedGetsAnotherFromTheLeader) {
    auto config = quick_config();
    config.snapshot_floor_bytes = 200;
    config.log_file_expansion_factor = 0.5;
    config.log_bytes_kept = 0;
    for (const bool stays_leader : {true, false}) {
        PlainWorld world({.seed = 76}, 3, config);
        for (int i = 0; i < 60; ++i) ASSERT_TRUE(world.add(1));
        const NodeId victim = world.followers().front();
        ASSERT_GT(world.status(victim).snapshot, Index(0));
        world.crash(victim);
        for (const std::string& path : world.files(victim).paths()) {
            if (path.ends_with(".snap")) world.files(victim).flip(path, 30, std::byte{1});
        }
        if (!stays_leader) world.crash(world.leader());
        world.restart(victim);
        // With one more away its vote is needed: it has it, by where its log ended.
        world.run_for(seconds(8));
        ASSERT_EQ(world.sum(), 60) << stays_leader;
        const Status status = world.status(victim);
        EXPECT_GE(status.applied, Index(60));
        EXPECT_TRUE(status.alarms.empty()) << status.alarms.front();
        world.crash(victim);
        world.restart(victim);
        world.run_for(seconds(2));
        EXPECT_GE(world.status(victim).applied, Index(60));
    }
}

TEST(Host, D12_ASnapshotThatCannotBeReadIsReadWhenItCan) {
    auto config = quick_config();
    config.snapshot_floor_bytes = 200;
    config.log_file_expansion_factor = 0.5;
    PlainWorld world({.seed = 78}, 3, config);
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(world.add(1));
    const NodeId victim = world.followers().front();
    ASSERT_GT(world.status(victim).snapshot, Index(0));
    world.crash(victim);
    // Its start has read everything; then the disk stops reading before the value is loaded.
    world.restart_without(victim, "tally");
    world.files(victim).set_faults({.fail_reads_of = "snap"});
    const auto factory = [] { return std::make_unique<Typed<Tally>>(); };
    world.node(victim).host().open_group({"tally", factory, config, {}, {}},
                                         [](const Result<void>& done) { EXPECT_TRUE(done); });
    world.run_for(seconds(5));
    const Status waits = world.status(victim);
    ASSERT_EQ(waits.alarms.size(), 1U);
    EXPECT_NE(waits.alarms.front().find("cannot be read"), std::string::npos);
    const auto stale =
        world.ask(victim, {RequestKind::query_stale, "tally", seconds(1), encode(Sum{})});
    ASSERT_FALSE(stale) << "nobody waits for a disk";
    EXPECT_EQ(stale.error().code, ErrorCode::disk_failed);
    EXPECT_EQ(world.add(1), 61) << "the others go on";
    world.files(victim).set_faults({});
    world.run_for(seconds(3));
    EXPECT_TRUE(world.status(victim).alarms.empty());
    EXPECT_EQ(world.status(victim).applied, world.status(world.leader()).applied);
    const auto read =
        world.ask(victim, {RequestKind::query_stale, "tally", seconds(1), encode(Sum{})});
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(decode<std::int64_t>(*read), 61);
}

TEST(Host, D12_ALeaderWhoseDiskHangsHandsTheLeadOver) {
    PlainWorld world({.seed = 75}, 3, quick_config());
    ASSERT_TRUE(world.add(1));
    const NodeId hung = world.leader();
    const Term term = world.status(hung).current_term;
    world.node(hung).hold_disk(true);
    const core::Time since = world.now();
    EXPECT_EQ(world.add(1), 2) << "the others are a majority";
    const auto moved = [&] { return world.leader() != hung && world.leader() != NodeId(); };
    ASSERT_TRUE(world.run_until(moved, seconds(5)));
    EXPECT_LT(world.now() - since, core::Duration(quick_config().election_timeout))
        << "nobody has waited for it to fall silent";
    EXPECT_EQ(world.status(world.leader()).current_term, term + 1);
    EXPECT_EQ(world.add(1), 3);
    EXPECT_TRUE(std::ranges::any_of(world.log(), [](const std::string& line) {
        return line.find("ended no write for") != std::string::npos;
    }));
    world.node(hung).hold_disk(false);
    world.run_for(seconds(2));
    EXPECT_EQ(world.sum(), 3);
}

TEST(Host, D12_AFollowerWhoseDiskHangsCostsTheOthersNothing) {
    PlainWorld world({.seed = 76}, 3, quick_config());
    ASSERT_TRUE(world.add(1));
    const NodeId leader = world.leader();
    world.node(world.followers().front()).hold_disk(true);
    const core::Time since = world.now();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(world.add(1));
    EXPECT_LT(world.now() - since, seconds(2));
    EXPECT_EQ(world.leader(), leader);
}

TEST(Host, D12_AFailedSyncFencesTheLeaderAndAnotherLeads) {
    PlainWorld world({.seed = 61}, 3, quick_config());
    ASSERT_EQ(world.add(1), 1);
    const NodeId leader = world.leader();
    world.files(leader).set_faults({.fail_sync_after = 0});
    const auto unlucky = world.add(1);
    ASSERT_FALSE(unlucky);
    EXPECT_EQ(unlucky.error().code, ErrorCode::disk_failed);
    EXPECT_EQ(outcome_of(unlucky.error()), Outcome::place_broken);
    world.run_for(seconds(5));
    EXPECT_NE(world.leader(), leader);
    // The unlucky one may have reached the others before; the next certainly does.
    const auto total = world.add(1, seconds(20));
    ASSERT_TRUE(total) << to_string(total.error());
    EXPECT_EQ(world.sum(), *total);
    const Status fenced = world.status(leader);
    EXPECT_EQ(fenced.disk, DiskState::failed);
    ASSERT_FALSE(fenced.alarms.empty());
    EXPECT_NE(fenced.alarms.front().find("disk_failed"), std::string::npos);
    // It acknowledges nothing: without one of the others nothing is committed any more.
    for (const NodeId id : world.nodes()) {
        if (id != leader && id != world.leader()) world.crash(id);
    }
    EXPECT_FALSE(world.add(1, seconds(5)));
    // From what its disk kept it goes on as the member it was.
    world.crash(leader);
    world.restart(leader);
    EXPECT_TRUE(world.add(1, seconds(20)));
}

TEST(Host, D12_WhileAllDisksAreFullQueriesGoOn) {
    PlainWorld world({.seed = 77}, 3, quick_config());
    ASSERT_EQ(world.add(1), 1);
    for (const NodeId id : world.nodes()) {
        world.files(id).set_faults({.capacity = world.files(id).used_bytes()});
    }
    const auto are_full = [&] {
        return std::ranges::all_of(
            world.nodes(), [&](NodeId id) { return world.status(id).disk == DiskState::full; });
    };
    int added = 1;
    while (!are_full()) {
        const auto sum = world.add(1, seconds(5));
        if (!sum) break;
        added = static_cast<int>(*sum);
    }
    const NodeId leader = world.leader();
    const Term term = world.status(leader).current_term;
    for (int i = 0; i < 30; ++i) {
        world.run_for(seconds(1));
        const auto sum = world.sum();
        ASSERT_TRUE(sum) << i;
        ASSERT_GE(*sum, added);
    }
    EXPECT_TRUE(are_full());
    EXPECT_EQ(world.leader(), leader);
    const auto told = [&](const char* what) {
        return std::ranges::count_if(world.log(), [&](const std::string& line) {
            return line.find(what) != std::string::npos && line.find("group") != std::string::npos;
        });
    };
    EXPECT_LE(told("disk_full"), 3) << "it is tried again all the time, and said once";
    EXPECT_EQ(world.status(leader).current_term, term) << "nobody gains by an election";
    EXPECT_EQ(world.add(1, seconds(5)).error().code, ErrorCode::disk_full);
    for (const NodeId id : world.nodes()) world.files(id).set_faults({});
    world.run_for(seconds(1));
    const auto sum = world.add(1, seconds(5));
    EXPECT_TRUE(sum) << to_string(sum.error());
    EXPECT_EQ(told("has been written"), told("disk_full"));
}

/// Until a command is refused, by then of too many members.
void fill_all(PlainWorld& world) {
    for (const NodeId id : world.nodes()) {
        world.files(id).set_faults({.capacity = world.files(id).used_bytes()});
    }
    for (int i = 0; i < 100'000; ++i) {
        if (!world.add(1, seconds(2))) break;
    }
}

void expect_queries_go_on(PlainWorld& world, std::int64_t at_least) {
    for (int i = 0; i < 10; ++i) {
        const auto sum = world.sum();
        ASSERT_TRUE(sum) << i << ": " << to_string(sum.error());
        ASSERT_GE(*sum, at_least);
        world.run_for(seconds(1));
    }
}

TEST(Host, D12_WhileAllDisksAreFullNewLeadersAnswerQueries) {
    for (const std::uint64_t seed : {78U, 79U, 80U, 81U, 82U, 83U}) {
        SCOPED_TRACE(seed);
        PlainWorld world({.seed = seed}, 3, quick_config());
        ASSERT_EQ(world.add(1), 1);
        fill_all(world);
        for (int crashes = 0; crashes < 5; ++crashes) {
            const auto before = world.sum();
            ASSERT_TRUE(before);
            const NodeId old = world.leader();
            world.crash(old);
            const NodeId next = world.wait_for_leader("tally", old);
            expect_queries_go_on(world, *before);
            EXPECT_EQ(world.leader(), next) << "nobody gains by an election";
            world.restart(old);
            world.run_for(seconds(2));
            expect_queries_go_on(world, *before);
            fill_all(world);  // a start tidies up
        }
        for (const NodeId id : world.nodes()) world.files(id).set_faults({});
        world.run_for(seconds(1));
        EXPECT_TRUE(world.add(1)) << "all goes on by itself";
    }
}

TEST(Host, D12_AFullDiskIsAStateThatPassesByItself) {
    PlainWorld world({.seed = 62}, 3, quick_config());
    ASSERT_EQ(world.add(1), 1);
    const NodeId full = world.leader();
    world.files(full).set_faults({.full_write_after = 0});
    // The command is on the others' disks; the lead moves to a member that has space.
    EXPECT_EQ(world.add(1, seconds(20)), 2);
    world.run_for(seconds(2));
    EXPECT_NE(world.leader(), full);
    EXPECT_EQ(world.status(full).disk, DiskState::healthy);
    EXPECT_EQ(world.status(full).last, world.status(world.leader()).last);
    // What was refused has been written since: with it alone there is a majority.
    for (const NodeId id : world.nodes()) {
        if (id != full && id != world.leader()) world.crash(id);
    }
    EXPECT_EQ(world.add(1, seconds(20)), 3);
}

TEST(Host, WhoseFullDiskDoesNotKnowOfItsRemovalForgetsTheOldSeatWithTheNewOne) {
    PlainWorld world({.seed = 67}, 3, quick_config());
    const NodeId full = world.followers().front();
    world.files(full).set_faults({.capacity = world.files(full).used_bytes()});
    const auto is_full = [&] { return world.status(full).disk == DiskState::full; };
    for (int i = 0; i < 20'000 && !is_full(); ++i) ASSERT_TRUE(world.add(1));
    ASSERT_TRUE(is_full());
    const auto is_out = [&] { return world.status(full).role == Role::removed; };
    world.remove(full, "tally");
    ASSERT_TRUE(world.run_until(is_out));
    world.files(full).set_faults({});
    world.join(full, "tally", [] { return std::make_unique<Typed<Tally>>(); });
    world.remove(full, "tally");
    ASSERT_TRUE(world.run_until(is_out));
    world.crash(full);
    disk::DiskOptions by_hand;
    by_hand.own_thread = false;
    const auto storage = disk::open_disk_storage(world.files(full), "node", by_hand);
    ASSERT_TRUE(storage);
    const auto found = (*storage)->recover();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->groups.size(), 2U);
    for (const auto& group : found->groups) EXPECT_TRUE(group.record.removed);
}

TEST(Host, D12_AFollowerWithAFullDiskSendsItsCallersToTheLeader) {
    PlainWorld world({.seed = 65}, 3, quick_config());
    const NodeId full = world.followers().front();
    world.files(full).set_faults({.capacity = world.files(full).used_bytes()});
    const auto is_full = [&] { return world.status(full).disk == DiskState::full; };
    for (int i = 0; i < 20'000 && !is_full(); ++i) ASSERT_TRUE(world.add(1));
    ASSERT_TRUE(is_full());
    const auto answer = world.ask(full, {RequestKind::open_session, "tally", seconds(2), {}});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::not_leader) << to_string(answer.error());
    ASSERT_TRUE(answer.error().leader);
    EXPECT_EQ(answer.error().leader->node, world.leader());
}

}  // namespace
}  // namespace rafted::test
