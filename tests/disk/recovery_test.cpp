// Directories of a group whose majority is lost: which reaches furthest, and what is left of one
// that goes on alone. On the real file system.
#include "rafted/recovery.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "core/codec.hpp"
#include "disk/inspect.hpp"
#include "disk/posix_files.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

constexpr ports::Slot slot = 1;

core::Entry list_entry(std::uint64_t term, std::uint64_t index, const core::Members& members) {
    return core::Entry::make({Term(term), Index(index), core::EntryKind::members, {}},
                             core::encode(members));
}

class Recovery : public testing::Test {
protected:
    std::string dir(const std::string& name) const { return temp_.path() + "/" + name; }

    std::unique_ptr<disk::DiskStorage> open(const std::string& name, ports::Recovered& found) {
        auto storage = disk::DiskStorage::open(files_, dir(name), small_options());
        EXPECT_TRUE(storage) << to_string(storage.error());
        if (!storage) return nullptr;
        auto recovered = (*storage)->recover();
        EXPECT_TRUE(recovered) << to_string(recovered.error());
        if (recovered) found = std::move(*recovered);
        return std::move(*storage);
    }
    ports::RecoveredGroup group_in(const std::string& name) {
        ports::Recovered found;
        open(name, found);
        return found.groups.empty() ? ports::RecoveredGroup{} : found.groups.front();
    }
    /// A directory with what `write` says; its node.
    NodeId make(const std::string& name, ports::GroupWrite write) {
        ports::Recovered found;
        const auto storage = open(name, found);
        write.slot = slot;
        if (!write.record) write.record = record(slot, "hits");
        put(*storage, std::move(write));
        return found.node;
    }
    static void put(disk::DiskStorage& storage, ports::GroupWrite write) {
        Result<void> done = fail(ErrorCode::stopped);
        storage.write({std::move(write)}, [&](Result<void> result) { done = std::move(result); });
        storage.write_pending();
        ASSERT_TRUE(done) << to_string(done.error());
    }
    static ports::GroupWrite log_of(std::vector<core::Entry> log) {
        ports::GroupWrite write;
        write.hard_state = core::HardState{log.back().term(), {}, {}, {}};
        write.append = std::move(log);
        return write;
    }
    Result<RecoveredAlone> apply(RecoverOptions options) {
        options.dir = dir(options.dir);
        for (std::string& other : options.others) other = dir(other);
        options.group = "hits";
        if (options.address.empty()) options.address = "127.0.0.1:1";
        return recover_directory(options);
    }

    TempDir temp_;
    disk::PosixFiles files_;
};

TEST_F(Recovery, TheLaterTermReachesFurtherThanTheLongerLog) {
    make("long", log_of(entries(1, 1, 20)));
    auto log = entries(1, 1, 10);
    log.push_back(entry(2, 11));
    make("late", log_of(log));
    make("later", log_of(log));
    const auto plans = plan_recovery({dir("long"), dir("late"), dir("later"), dir("late") + "/"});
    ASSERT_TRUE(plans) << to_string(plans.error());
    ASSERT_EQ(plans->size(), 1U);
    const RecoveryPlan& plan = plans->front();
    ASSERT_EQ(plan.copies.size(), 3U) << "one directory named twice is one";
    EXPECT_EQ(plan.best, 1U);
    EXPECT_EQ(plan.copies[1].last_term, Term(2));
    EXPECT_EQ(plan.copies[1].last_index, Index(11));
    const auto refused = apply({"long", {}, {"late"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_TRUE(apply({"late", {}, {"long", "later"}}));
}

TEST_F(Recovery, ASnapshotCountsAsTheLogItStandsFor) {
    make("log", log_of(entries(1, 1, 40)));
    make("both", log_of(entries(1, 1, 20)));
    {
        ports::Recovered found;
        const auto storage = open("both", found);
        save(*storage, slot, snapshot_meta(1, 50), some_bytes(1000, 1));
    }
    const auto plans = plan_recovery({dir("log"), dir("both")});
    ASSERT_TRUE(plans);
    EXPECT_EQ(plans->front().best, 1U);
    EXPECT_EQ(plans->front().copies[1].last_index, Index(50));
    EXPECT_EQ(plans->front().known_committed, Index(50));
    EXPECT_EQ(plans->front().copies[1].members.size(), 1U);
    EXPECT_EQ(plans->front().copies[1].members_at, Index(50));
    const auto done = apply({"both", {}, {"log"}});
    ASSERT_TRUE(done) << to_string(done.error());
    EXPECT_EQ(done->kept_upto, Index(50));
    const auto group = group_in("both");
    ASSERT_TRUE(group.snapshot);
    EXPECT_EQ(group.snapshot->index, Index(50));
    ASSERT_EQ(group.entries.size(), 1U);
    EXPECT_EQ(group.entries.front().index(), Index(51));
    EXPECT_GE(group.entries.front().time(), group.snapshot->time);
}

TEST_F(Recovery, ItGoesOnAsTheSoleMemberOfANewIncarnation) {
    const core::Peer gone{NodeId(5), "127.0.0.1:5", Standing::voter};
    auto log = entries(3, 1, 10);
    log.push_back(list_entry(3, 11, core::Members({gone})));
    ports::GroupWrite write = log_of(log);
    write.hard_state = core::HardState{Term(7), NodeId(5), {NodeId(6)}, {Term(2), Index(90)}};
    const NodeId node = make("a", std::move(write));
    const auto plans = plan_recovery({dir("a")});
    ASSERT_TRUE(plans);
    EXPECT_EQ(plans->front().copies.front().members_at, Index(11));
    ASSERT_EQ(plans->front().missing_voters.size(), 1U);
    EXPECT_EQ(plans->front().missing_voters.front().node, NodeId(5));
    EXPECT_FALSE(plans->front().has_majority);

    RecoverOptions unknown{dir("a"), "hits"};
    const auto nowhere = recover_directory(unknown);
    ASSERT_FALSE(nowhere) << "its own node is not in the list";
    EXPECT_EQ(nowhere.error().code, ErrorCode::invalid);

    const auto done = apply({"a", {}, {}, false, "127.0.0.1:9"});
    ASSERT_TRUE(done) << to_string(done.error());
    EXPECT_EQ(done->node, node);
    EXPECT_EQ(done->kept_upto, Index(11));
    const auto group = group_in("a");
    EXPECT_EQ(group.record.group, done->group_id);
    EXPECT_NE(group.record.group, record(slot, "hits").group);
    EXPECT_EQ(group.hard_state.term, Term(7)) << "what was promised in it still binds";
    EXPECT_EQ(group.hard_state.vote, NodeId(5));
    EXPECT_TRUE(group.hard_state.forced_out.empty());
    EXPECT_EQ(group.hard_state.let_go, core::LogPlace{});
    ASSERT_EQ(group.entries.size(), 12U);
    const auto list = core::decode_members(group.entries.back().payload());
    EXPECT_EQ(list, core::Members({core::Peer{node, "127.0.0.1:9", Standing::voter}}));
}

TEST_F(Recovery, IncarnationsAndRemovedNodesAreToldApart) {
    make("a", log_of(entries(1, 1, 10)));
    ports::GroupWrite other = log_of(entries(9, 1, 99));
    other.record = record(slot, "hits");
    other.record->group = GroupId(4711);
    make("b", std::move(other));
    make("c", log_of(entries(1, 1, 30)));
    ports::GroupWrite removed;
    removed.record = record(slot, "hits");
    removed.record->removed = true;
    make("c", std::move(removed));
    const auto plans = plan_recovery({dir("a"), dir("b"), dir("c")});
    ASSERT_TRUE(plans);
    ASSERT_EQ(plans->size(), 2U);
    EXPECT_EQ(plans->front().copies.size(), 2U);
    EXPECT_EQ(plans->front().best, 0U);
    EXPECT_TRUE(plans->front().copies[1].removed);
    const auto gone = apply({"c", {}});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, ErrorCode::no_such_group);
    EXPECT_TRUE(apply({"a", {}, {"b", "c"}})) << "another incarnation is another group";
}

TEST_F(Recovery, ADamagedOneIsLeftAsItIs) {
    make("a", log_of(entries(1, 1, 30, 1000)));
    const std::string journal = dir("a") + "/journal/0000000000000001.log";
    std::fstream file(journal, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3000);
    file.write("overwritten", 11);
    file.close();
    const auto size = std::filesystem::file_size(journal);
    const auto plans = plan_recovery({dir("a")});
    ASSERT_TRUE(plans);
    for (const RecoveryPlan& plan : *plans) EXPECT_FALSE(plan.best);
    const auto refused = apply({"a", {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(std::filesystem::file_size(journal), size);
}

/// In each file one bit at a time: what a start mends or does without is no reason to lose more.
TEST_F(Recovery, DamageByWhichNothingIsLostDoesNotCount) {
    make("a", log_of(entries(1, 1, 12, 100)));
    const std::string journal = dir("a") + "/journal/0000000000000001.log";
    const auto plans = plan_recovery({dir("a")});
    const GroupCopy before = plans->front().copies.front();
    std::size_t usable = 0;
    std::size_t refused = 0;
    for (std::streamoff at = 0; at < 2600; at += 3) {
        SCOPED_TRACE(at);
        std::fstream file(journal, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(at);
        const char was = static_cast<char>(file.get());
        file.seekp(at);
        file.put(static_cast<char>(was ^ 4));
        file.flush();
        const auto after = plan_recovery({dir("a")});
        if (after && after->front().copies.front().is_usable()) {
            ++usable;
            EXPECT_EQ(after->front().copies.front().last_index, before.last_index);
        } else {
            ++refused;
        }
        file.seekp(at);
        file.put(was);
    }
    EXPECT_GT(usable, 100U) << "heads, feet and records, which stand twice";
    EXPECT_GT(refused, 100U) << "entries, which stand once";
}

/// It was fetched from others, and stands behind the bad one.
TEST_F(Recovery, AnEntryThatWasMadeGoodIsNotMissed) {
    make("a", log_of(entries(1, 1, 12, 100)));
    const std::string journal = dir("a") + "/journal/0000000000000001.log";
    const auto flip = [&] {
        std::fstream file(journal, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(2000);
        file.write("overwritten", 11);
    };
    flip();
    ports::Recovered found;
    {
        const auto storage = open("a", found);
        ASSERT_NE(storage, nullptr);
        ports::GroupWrite again;
        again.slot = slot;
        for (const core::Entry& entry : found.groups.at(0).entries) {
            if (entry.is_whole()) continue;
            again.repair.push_back(entries(1, entry.index().value, entry.index().value, 100)[0]);
        }
        ASSERT_FALSE(again.repair.empty());
        storage->write({std::move(again)}, [](const Result<void>& done) { ASSERT_TRUE(done); });
        storage->write_pending();
    }
    const auto report = disk::inspect(files_, dir("a"));
    ASSERT_TRUE(report);
    ASSERT_FALSE(report->damages.empty());
    EXPECT_TRUE(report->damages.front().loses_nothing);
    EXPECT_TRUE(apply({"a", {}}));
}

TEST_F(Recovery, ADirectoryInWhichNoGroupCanBeToldIsNoEmptyOne) {
    ports::Recovered found;
    ASSERT_NE(open("a", found), nullptr);
    std::filesystem::remove_all(dir("a") + "/journal");
    const auto plans = plan_recovery({dir("a")});
    ASSERT_FALSE(plans);
    EXPECT_EQ(plans.error().code, ErrorCode::corrupt);
    EXPECT_NE(plans.error().message.find(dir("a")), std::string::npos) << plans.error().message;
}

TEST_F(Recovery, APipeIsNoFileAndNobodyWaitsForIt) {
    ports::Recovered found;
    ASSERT_NE(open("a", found), nullptr);
    const std::string identity = dir("a") + "/identity";
    std::filesystem::remove(identity);
    ASSERT_EQ(::mkfifo(identity.c_str(), 0600), 0);
    const auto plans = plan_recovery({dir("a")});
    ASSERT_FALSE(plans);
    EXPECT_NE(plans.error().message.find("no regular file"), std::string::npos)
        << plans.error().message;
}

TEST_F(Recovery, DirectoriesThatAreNoneAreRefused) {
    EXPECT_EQ(plan_recovery({dir("absent")}).error().code, ErrorCode::invalid);
    ports::Recovered found;
    const auto storage = open("a", found);
    EXPECT_EQ(plan_recovery({dir("a")}).error().code, ErrorCode::in_use);
}

}  // namespace
}  // namespace rafted::test
