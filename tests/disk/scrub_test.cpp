// Reading back what is stored while it is in use: what has rotted is found and made anew before the
// next start needs it, and what is only old is left alone.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/disk_workload.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

constexpr WorkloadShape small{11, 25, 2, 120};
constexpr std::size_t everything = std::size_t{1} << 30;

std::uint64_t used_bytes(const sim::SimFiles& files, const std::string& path) {
    const Bytes bytes = files.contents(path);
    std::uint64_t end = bytes.size();
    while (end > 0 && bytes[end - 1] == std::byte{0}) --end;
    return end;
}

std::string oldest_segment(const sim::SimFiles& files) {
    for (const std::string& path : files.paths()) {
        if (path.ends_with(".log")) return path;
    }
    return {};
}

TEST(Scrub, ASnapshotThatIsTakenAwayIsMissed) {
    Groups groups;
    const auto files = finished_directory(small, groups);
    ports::Recovered recovered;
    const auto storage = reopen(*files, recovered);
    ASSERT_TRUE(storage);
    const auto with_snapshot = std::ranges::find_if(
        recovered.groups, [](const auto& group) { return group.snapshot.has_value(); });
    ASSERT_NE(with_snapshot, recovered.groups.end());
    const ports::Slot place = with_snapshot->record.slot;
    const Bytes value = read_all(**(*storage)->open_snapshot(place));
    const std::string folder = "/snapshots/" + std::to_string(place) + "/";
    for (const std::string& path : files->paths()) {
        if (path.find(folder) == std::string::npos) continue;
        EXPECT_TRUE(files->remove(path));
    }
    const auto said = (*storage)->scrub(everything);
    ASSERT_EQ(said.damages.size(), 1U);
    EXPECT_EQ(said.damages[0].slot, place);
    EXPECT_TRUE(said.damages[0].needs_snapshot) << said.damages[0].text;
    EXPECT_NE(said.damages[0].text.find("is not there any more"), std::string::npos);
    save(**storage, place, *with_snapshot->snapshot, value);
    EXPECT_TRUE((*storage)->scrub(everything).damages.empty());
}

TEST(Scrub, EveryFlippedBitIsFoundAndMadeGood) {
    Groups groups;
    const auto files = finished_directory(small, groups);
    std::map<ports::Slot, Bytes> snapshots;
    std::vector<std::string> paths;
    {
        ports::Recovered recovered;
        const auto storage = reopen(*files, recovered);
        ASSERT_TRUE(storage);
        for (const auto& group : recovered.groups) {
            const auto source = (*storage)->open_snapshot(group.record.slot);
            if (source) snapshots[group.record.slot] = read_all(**source);
        }
        EXPECT_TRUE((*storage)->scrub(everything).damages.empty());
    }
    ASSERT_FALSE(snapshots.empty());
    std::size_t tried = 0;
    for (const std::string& path : files->paths()) {
        const std::uint64_t size = used_bytes(*files, path);
        for (std::uint64_t at = 0; at < size; ++at) {
            SCOPED_TRACE(path + " at " + std::to_string(at));
            auto copy = files->copy();
            {
                ports::Recovered recovered;
                const auto storage = reopen(*copy, recovered);
                ASSERT_TRUE(storage);
                copy->flip(path, at, std::byte(1U << (at % 8)));
                const auto said = (*storage)->scrub(everything);
                EXPECT_TRUE(said.is_over);
                ASSERT_FALSE(said.damages.empty());
                EXPECT_NE(said.damages.front().text.find(path), std::string::npos)
                    << said.damages.front().text;
                static_cast<void>((*storage)->write_pending());
                for (const auto& damage : said.damages) {
                    if (!damage.needs_snapshot) continue;
                    ASSERT_TRUE(damage.slot);
                    const auto meta = std::ranges::find(groups, *damage.slot, [](const auto& g) {
                                          return g.record.slot;
                                      })->snapshot;
                    save(**storage, *damage.slot, *meta, snapshots.at(*damage.slot));
                }
                const auto again = (*storage)->scrub(everything);
                EXPECT_TRUE(again.damages.empty()) << again.damages.front().text;
            }
            ports::Recovered recovered;
            const auto storage = reopen(*copy, recovered);
            ASSERT_TRUE(storage) << to_string(storage.error());
            EXPECT_TRUE(recovered.notes.empty()) << recovered.notes.front();
            EXPECT_EQ(recovered.groups, groups);
            ++tried;
        }
    }
    EXPECT_GT(tried, 3000U);
}

TEST(Scrub, ReadsALittleAtATime) {
    Groups groups;
    const auto files = finished_directory({11, 60, 2, 2'000}, groups);
    ports::Recovered recovered;
    const auto storage = reopen(*files, recovered);
    ASSERT_TRUE(storage);
    std::uint64_t sum = 0;
    std::size_t steps = 0;
    ports::Scrubbed said;
    do {
        said = (*storage)->scrub(1'000);
        EXPECT_LT(said.bytes, 20'000U);
        EXPECT_TRUE(said.damages.empty());
        sum += said.bytes;
    } while (!said.is_over && ++steps < 10'000);
    EXPECT_GT(steps, 10U);
    // The ends of snapshots are read with their heads, and not counted.
    EXPECT_LE(sum, said.total);
    EXPECT_GT(sum, said.total / 2);
    EXPECT_GT((*storage)->scrub(1'000).bytes, 0U) << "it begins anew";
}

TEST(Scrub, WhatGoesOrIsWrittenMeanwhileIsNoDamage) {
    auto files = std::make_unique<sim::SimFiles>();
    const Workload work = make_workload({12, 200, 2, 400});
    ports::Recovered recovered;
    const auto storage = reopen(*files, recovered);
    ASSERT_TRUE(storage);
    std::size_t readings = 0;
    for (const WorkStep& step : work.steps) {
        if (step.save) {
            save(**storage, step.slot, step.meta, step.bytes);
        } else {
            (*storage)->write(step.batch, [](const Result<void>& done) { EXPECT_TRUE(done); });
            static_cast<void>((*storage)->write_pending());
        }
        const auto said = (*storage)->scrub(500);
        EXPECT_TRUE(said.damages.empty()) << said.damages.front().text;
        readings += said.is_over ? 1U : 0U;
    }
    EXPECT_GT(readings, 3U);
}

TEST(Scrub, WhatCannotBeReadIsWrittenElsewhere) {
    Groups groups;
    const auto files = finished_directory(small, groups);
    {
        ports::Recovered recovered;
        const auto storage = reopen(*files, recovered);
        ASSERT_TRUE(storage);
        const std::string oldest = oldest_segment(*files);
        files->set_faults({.fail_reads_of = oldest});
        const auto said = (*storage)->scrub(everything);
        ASSERT_EQ(said.damages.size(), 1U);
        EXPECT_NE(said.damages.front().text.find(oldest), std::string::npos);
        static_cast<void>((*storage)->write_pending());
        const auto paths = files->paths();
        EXPECT_EQ(std::ranges::find(paths, oldest), paths.end());
        EXPECT_TRUE((*storage)->scrub(everything).damages.empty());
    }
    files->set_faults({});
    ports::Recovered recovered;
    ASSERT_TRUE(reopen(*files, recovered));
    EXPECT_EQ(recovered.groups, groups);
}

TEST(Scrub, WithoutSpaceItIsTriedAgainAtTheNextReading) {
    Groups groups;
    const auto files = finished_directory(small, groups);
    ports::Recovered recovered;
    const auto storage = reopen(*files, recovered);
    ASSERT_TRUE(storage);
    const std::string oldest = oldest_segment(*files);
    files->flip(oldest, 100, std::byte{1});
    files->set_faults({.capacity = files->used_bytes()});
    EXPECT_FALSE((*storage)->scrub(everything).damages.empty());
    static_cast<void>((*storage)->write_pending());
    EXPECT_FALSE((*storage)->scrub(everything).damages.empty());
    files->set_faults({});
    static_cast<void>((*storage)->write_pending());
    EXPECT_TRUE((*storage)->scrub(everything).damages.empty());
}

}  // namespace
}  // namespace rafted::test
