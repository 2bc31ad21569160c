// Power cuts at every change the storage makes to its disk, with every kind of loss: what comes
// back must be a state between the last one that was answered and the last one that was begun.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/disk_workload.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

using Loss = sim::SimFiles::Loss;

struct Cut {
    std::uint64_t seed = 0;
    std::uint64_t after = 0;
    Loss loss = Loss::everything;
};

std::string text(const Cut& cut) {
    return "seed " + std::to_string(cut.seed) + ", power lost after change " +
           std::to_string(cut.after) + ", loss mode " + std::to_string(static_cast<int>(cut.loss));
}

/// Cuts, perhaps cuts again while the node comes back, and looks at what is there.
void cut_and_check(const Workload& work, const Cut& cut) {
    SCOPED_TRACE(text(cut));
    sim::SimFiles files;
    files.set_faults({.stop_after = cut.after});
    const WorkRun run = run_workload(files, work);
    files.crash(cut.loss, cut.seed + cut.after);
    ports::Recovered recovered;
    if (cut.after % 2 == 1) {
        files.set_faults({.stop_after = cut.after % 11});
        static_cast<void>(reopen(files, recovered));
        files.crash(cut.loss, cut.seed * 31 + cut.after);
    }
    auto storage = reopen(files, recovered);
    ASSERT_TRUE(storage.has_value()) << to_string(storage.error());
    EXPECT_EQ(trouble_with(recovered.groups, work, run), "");
    const Groups groups = recovered.groups;
    ports::GroupWrite next = founding(77, "after");
    bool answered = false;
    (*storage)->write({next}, [&](const Result<void>& done) { answered = done.has_value(); });
    (*storage)->write_pending();
    ASSERT_TRUE(answered);
    storage->reset();
    auto again = reopen(files, recovered);
    ASSERT_TRUE(again.has_value()) << to_string(again.error());
    ASSERT_EQ(recovered.groups.size(), groups.size() + 1);
    recovered.groups.pop_back();
    EXPECT_EQ(recovered.groups, groups);
    EXPECT_TRUE(recovered.notes.empty());
}

class Crash : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Crash, AtEveryChangeWithEveryKindOfLoss) {
    const WorkloadShape shape{GetParam(), 40, 3, 600};
    Workload work = make_workload(shape);
    work.prepares = GetParam() % 2 == 0;
    std::uint64_t changes = 0;
    {
        sim::SimFiles files;
        const WorkRun run = run_workload(files, work);
        ASSERT_EQ(run.done, work.steps.size());
        changes = files.changes();
        ports::Recovered recovered;
        ASSERT_TRUE(reopen(files, recovered).has_value());
        ASSERT_EQ(recovered.groups, work.states.back());
    }
    for (std::uint64_t after = 0; after <= changes; ++after) {
        for (const Loss loss : {Loss::everything, Loss::nothing, Loss::any_sector, Loss::any_prefix,
                                Loss::any_write}) {
            cut_and_check(work, {GetParam(), after, loss});
            if (HasFailure()) return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Crash, testing::Range<std::uint64_t>(1, 25));

/// Many segments, so that they are closed, moved out of, and removed or used again as the power
/// goes.
TEST(CrashOfALongLife, AtEveryFewChanges) {
    Workload work = make_workload({99, 200, 6, 900});
    for (const bool prepares : {false, true}) {
        work.prepares = prepares;
        sim::SimFiles reference;
        run_workload(reference, work);
        for (std::uint64_t after = 3; after <= reference.changes(); after += 5) {
            const Loss loss = after % 2 == 0 ? Loss::any_sector : Loss::everything;
            cut_and_check(work, {99, after, loss});
            if (testing::Test::HasFailure()) return;
        }
    }
}

/// Frames that are larger than the room ahead of them, in segments that grow as they are written.
TEST(CrashOfLargeWrites, AtEveryChange) {
    const Workload work = make_workload({7, 40, 2, 12'000});
    sim::SimFiles reference;
    run_workload(reference, work);
    for (std::uint64_t after = 3; after <= reference.changes(); ++after) {
        for (const Loss loss : {Loss::everything, Loss::any_sector, Loss::any_write}) {
            cut_and_check(work, {7, after, loss});
            if (testing::Test::HasFailure()) return;
        }
    }
}

/// The process dies, the machine does not: what was written but never synced is still in the
/// system's memory, and must be made durable before anything is promised on it.
TEST(CrashTwice, WhatAKilledProcessLeftUnsyncedIsSyncedByTheNext) {
    const Workload work = make_workload({3, 25, 2, 300});
    sim::SimFiles reference;
    run_workload(reference, work);
    for (std::uint64_t after = 0; after <= reference.changes(); ++after) {
        SCOPED_TRACE(after);
        sim::SimFiles files;
        files.set_faults({.stop_after = after});
        run_workload(files, work);
        files.kill_process();
        ports::Recovered first;
        auto storage = reopen(files, first);
        ASSERT_TRUE(storage.has_value()) << to_string(storage.error());
        storage->reset();
        files.crash(Loss::everything, 1);
        ports::Recovered second;
        ASSERT_TRUE(reopen(files, second).has_value());
        EXPECT_EQ(first.groups, second.groups);
    }
}

}  // namespace
}  // namespace rafted::test
