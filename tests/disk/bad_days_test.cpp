// Sync errors, a full disk, a disk that cannot be read: states and clear errors, never a lie.
#include <gtest/gtest.h>

#include "support/disk_workload.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

class BadDay : public testing::Test {
protected:
    void SetUp() override {
        open();
        ASSERT_TRUE(write(founding(1, "one")));
    }
    void open() {
        storage_.reset();
        auto storage = reopen(files_, recovered_);
        ASSERT_TRUE(storage) << to_string(storage.error());
        storage_ = std::move(*storage);
    }
    Result<void> write_batch(ports::Batch batch) {
        Result<void> answer = fail(ErrorCode::timeout, "not answered");
        storage_->write(std::move(batch), [&](Result<void> done) { answer = std::move(done); });
        storage_->write_pending();
        return answer;
    }
    Result<void> write(ports::GroupWrite share) { return write_batch({std::move(share)}); }
    /// As a host that is told of a full disk does: an empty batch asks for nothing but room.
    bool look_for_space() { return write_batch({}).has_value(); }
    /// Returns the last entry there was room for.
    std::uint64_t fill_up() {
        files_.set_faults({.capacity = files_.used_bytes()});
        std::uint64_t last = 1;
        while (write(append(last + 1, last + 1, 500))) ++last;
        return last;
    }
    static ports::GroupWrite append(std::uint64_t from, std::uint64_t to, std::size_t payload) {
        ports::GroupWrite share;
        share.slot = 1;
        share.append = entries(1, from, to, payload);
        return share;
    }
    /// As a seat does after a refusal, from where the refused ones began.
    static ports::GroupWrite append_anew(std::uint64_t from, std::uint64_t to,
                                         std::size_t payload) {
        ports::GroupWrite share = append(from, to, payload);
        share.truncate_from = Index(from);
        return share;
    }
    static ports::GroupWrite begin_of_lead(std::uint64_t index, std::uint64_t term) {
        ports::GroupWrite share;
        share.slot = 1;
        share.truncate_from = Index(index);
        share.append = {core::Entry::make({Term(term), Index(index), core::EntryKind::elected, {}},
                                          view_of("the list of members"))};
        return share;
    }
    static ports::GroupWrite vote(std::uint64_t term) {
        ports::GroupWrite share;
        share.slot = 1;
        share.hard_state = core::HardState{Term(term), NodeId(term), {}};
        return share;
    }

    sim::SimFiles files_;
    std::unique_ptr<disk::DiskStorage> storage_;
    ports::Recovered recovered_;
};

TEST_F(BadDay, AFailedSyncFencesTheJournalForGood) {
    files_.set_faults({.fail_sync_after = 0});
    const auto failed = write(append(2, 2, 10));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::disk_failed);
    EXPECT_EQ(storage_->state(), DiskState::failed);
    files_.set_faults({});  // the disk works again, and would answer every sync with success
    for (int i = 0; i < 3; ++i) {
        const auto later = write(append(2, 2, 10));
        ASSERT_FALSE(later);
        EXPECT_EQ(later.error().code, ErrorCode::disk_failed);
    }
    const auto snapshot = storage_->save_snapshot(1, snapshot_meta(1, 1));
    ASSERT_FALSE(snapshot);
    EXPECT_EQ(snapshot.error().code, ErrorCode::disk_failed);
    open();  // the system has forgotten that the pages are dirty: what is read may not be on disk
    const auto seen = recovered_.groups;
    storage_.reset();
    files_.crash(sim::SimFiles::Loss::everything, 1);
    open();
    EXPECT_EQ(recovered_.groups, seen);
}

TEST_F(BadDay, AFailedWriteFencesTheJournalForGood) {
    files_.set_faults({.fail_write_after = 0});
    const auto failed = write(append(2, 2, 10));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::disk_failed);
    EXPECT_FALSE(write(vote(5)));
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, 1, 1));
}

TEST_F(BadDay, AFullDiskIsAStateThatEndsByItself) {
    const std::uint64_t used = files_.used_bytes();
    files_.set_faults({.capacity = used});
    std::uint64_t last = 1;
    Result<void> answer;
    while ((answer = write(append(last + 1, last + 1, 500)))) ++last;
    EXPECT_EQ(answer.error().code, ErrorCode::disk_full);
    EXPECT_EQ(storage_->state(), DiskState::full);
    // Terms and votes go on, in the reserve.
    for (std::uint64_t term = 2; term < 20; ++term) EXPECT_TRUE(write(vote(term))) << term;
    EXPECT_EQ(storage_->state(), DiskState::full);
    EXPECT_FALSE(write(append(last + 1, last + 1, 500)));
    EXPECT_FALSE(storage_->save_snapshot(1, snapshot_meta(1, 1)) &&
                 (*storage_->save_snapshot(1, snapshot_meta(1, 1)))->commit());
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries.size(), last);
    EXPECT_EQ(recovered_.groups.at(0).hard_state.term, Term(19));
    files_.set_faults({.capacity = used + 200'000});
    EXPECT_TRUE(write(append(last + 1, last + 1, 500)));
    EXPECT_EQ(storage_->state(), DiskState::healthy);
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries.size(), last + 1);
}

TEST_F(BadDay, OnAFullDiskWhatLeadersBeginWithGoesIntoHalfOfTheReserve) {
    std::uint64_t last = fill_up();
    ASSERT_EQ(storage_->state(), DiskState::full);
    ports::GroupWrite large = begin_of_lead(last + 2, 2);
    large.truncate_from = Index(last + 1);
    large.append.insert(large.append.begin(), entries(1, last + 1, last + 1, 500'000).front());
    EXPECT_EQ(write(large).error().code, ErrorCode::disk_full) << "with all that is before it";
    std::uint64_t term = 2;
    while (write(begin_of_lead(last + 1, term))) {
        ++last;
        ++term;
        ASSERT_LT(term, 10'000U);
    }
    EXPECT_GT(term, 6U) << "the reserve is of 4 KiB here";
    EXPECT_EQ(storage_->state(), DiskState::full);
    EXPECT_FALSE(write(append_anew(last + 1, last + 1, 500)));
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(write(vote(term + 1))) << "the other half is theirs";
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries.size(), last);
    EXPECT_EQ(recovered_.groups.at(0).hard_state.term, Term(term + 1));
}

TEST_F(BadDay, AnEmptyBatchFindsOutThatThereIsSpaceAgain) {
    const std::uint64_t last = fill_up();
    EXPECT_TRUE(look_for_space());
    EXPECT_EQ(storage_->state(), DiskState::full);
    files_.set_faults({.capacity = files_.used_bytes() + 1'000'000});
    EXPECT_EQ(storage_->state(), DiskState::full) << "nobody has looked";
    EXPECT_TRUE(look_for_space());
    EXPECT_EQ(storage_->state(), DiskState::healthy);
    EXPECT_TRUE(write(append_anew(last + 1, last + 1, 500)));
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries.size(), last + 1);
}

TEST_F(BadDay, AFullDiskThatFailsWhenItIsAskedForRoomIsFencedForGood) {
    const std::uint64_t last = fill_up();
    files_.set_faults({.fail_write_after = 0});
    look_for_space();
    EXPECT_EQ(storage_->state(), DiskState::failed);
    files_.set_faults({});
    look_for_space();
    EXPECT_EQ(storage_->state(), DiskState::failed) << "room is no reason to trust it again";
    const auto later = write(vote(9));
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().code, ErrorCode::disk_failed);
    open();
    EXPECT_EQ(recovered_.groups.at(0).entries.size(), last);
    EXPECT_EQ(recovered_.groups.at(0).hard_state.term, Term(1));
}

TEST_F(BadDay, OnAFullDiskSmallBatchesPassWhatIsGatheredWithThem) {
    files_.set_faults({.capacity = files_.used_bytes()});
    std::vector<std::string> answers;
    const auto note = [&](const Result<void>& done) {
        answers.push_back(done ? "ok" : std::string(name_of(done.error().code)));
    };
    storage_->write({append(2, 2, 20'000)}, note);
    storage_->write({vote(9)}, note);
    storage_->write({append(3, 3, 20'000)}, note);
    storage_->write({vote(10)}, note);
    storage_->write_pending();
    EXPECT_EQ(answers, (std::vector<std::string>{"disk_full", "ok", "disk_full", "ok"}));
    open();
    EXPECT_EQ(recovered_.groups.at(0).hard_state.term, Term(10));
    EXPECT_EQ(recovered_.groups.at(0).entries, entries(1, 1, 1));
}

TEST_F(BadDay, NothingIsTakenThatFollowsWhatAFullDiskHasRefused) {
    ASSERT_TRUE(write(append(2, 3, 10)));
    files_.set_faults({.capacity = files_.used_bytes()});
    ports::GroupWrite other;
    other.slot = 1;
    other.truncate_from = Index(2);
    other.append = entries(2, 2, 3, 500'000);
    ASSERT_FALSE(write(other));
    files_.set_faults({});
    // By its index it would fit, but behind entries 2 and 3 of another leader.
    ports::GroupWrite next;
    next.slot = 1;
    next.append = entries(2, 4, 4, 10);
    EXPECT_FALSE(write(next));
    ports::GroupWrite later = next;
    later.truncate_from = Index(3);
    later.append = entries(2, 3, 4, 10);
    EXPECT_FALSE(write(later));
    EXPECT_TRUE(write(other));
    EXPECT_TRUE(write(next));
    open();
    ASSERT_EQ(recovered_.groups.at(0).entries.size(), 4U);
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_EQ(recovered_.groups.at(0).entries.at(i).term(), Term(2)) << i;
    }
}

TEST_F(BadDay, AFullDiskRefusesAReceivedSnapshotWholeAndTakesItLater) {
    const auto sender = world_in_memory()->open();
    const Bytes bytes = some_bytes(300'000, 1);
    save(*sender, 1, snapshot_meta(2, 40), bytes);
    auto source = sender->open_snapshot(1);
    ports::GroupWrite share;
    share.slot = 1;
    share.pieces = pieces_of(**source, 50'000);
    files_.set_faults({.capacity = files_.used_bytes() + 100'000});
    const auto full = write(share);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ErrorCode::disk_full);
    EXPECT_FALSE(storage_->open_snapshot(1));
    files_.set_faults({});
    EXPECT_TRUE(write(share));
    open();
    EXPECT_EQ(recovered_.groups.at(0).snapshot, snapshot_meta(2, 40));
}

TEST_F(BadDay, EveryDiskFullMomentOfAWorkloadLeavesWhatWasAnswered) {
    const Workload work = make_workload({8, 40, 3, 600});
    for (std::uint64_t capacity = 20'000; capacity < 160'000; capacity += 1777) {
        SCOPED_TRACE(capacity);
        sim::SimFiles files;
        files.set_faults({.capacity = capacity});
        const WorkRun run = run_workload(files, work);
        files.crash(sim::SimFiles::Loss::any_sector, capacity);
        ports::Recovered recovered;
        const auto storage = reopen(files, recovered);
        ASSERT_TRUE(storage) << to_string(storage.error());
        EXPECT_EQ(trouble_with(recovered.groups, work, run), "");
    }
}

/// What a refused write has left behind must not be found after a crash in the next one.
TEST_F(BadDay, AWriteThatIsFullHalfwayLeavesNoTrace) {
    for (std::uint64_t cut = 0; cut < 4; ++cut) {
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            for (std::uint64_t write_number = 0; write_number < 2; ++write_number) {
                SCOPED_TRACE(std::to_string(cut) + " " + std::to_string(seed));
                auto disk = files_.copy();
                ports::Recovered recovered;
                auto storage = reopen(*disk, recovered);
                ASSERT_TRUE(storage);
                disk->set_faults({.full_write_after = write_number});
                std::vector<std::string> answers;
                const auto note = [&](const Result<void>& done) {
                    answers.push_back(done ? "ok" : std::string(name_of(done.error().code)));
                };
                (*storage)->write({append(2, 9, 900)}, note);
                (*storage)->write_pending();
                const bool refused = answers.at(0) == "disk_full";
                disk->set_faults({.stop_after = cut});
                (*storage)->write({vote(9)}, note);
                (*storage)->write_pending();
                disk->crash(sim::SimFiles::Loss::any_sector, seed);
                auto again = reopen(*disk, recovered);
                ASSERT_TRUE(again) << to_string(again.error());
                EXPECT_EQ(recovered.groups.at(0).entries.size(), refused ? 1U : 9U);
                if (answers.at(1) != "ok") continue;
                EXPECT_EQ(recovered.groups.at(0).hard_state.term, Term(9));
            }
        }
    }
}

TEST_F(BadDay, EverySyncErrorOfAWorkloadLeavesWhatWasAnswered) {
    const Workload work = make_workload({8, 40, 3, 600});
    for (std::uint64_t sync = 0; sync < 60; ++sync) {
        for (const auto loss : {sim::SimFiles::Loss::everything, sim::SimFiles::Loss::any_sector}) {
            SCOPED_TRACE(sync);
            sim::SimFiles files;
            files.set_faults({.fail_sync_after = sync});
            const WorkRun run = run_workload(files, work);
            files.crash(loss, sync);
            ports::Recovered recovered;
            const auto storage = reopen(files, recovered);
            ASSERT_TRUE(storage) << to_string(storage.error());
            EXPECT_EQ(trouble_with(recovered.groups, work, run), "");
        }
    }
}

TEST_F(BadDay, AnUnreadableFileIsNamed) {
    storage_.reset();
    for (const char* file : {"0000000000000001.log", "identity"}) {
        files_.set_faults({.fail_reads_of = file});
        const auto storage = reopen(files_, recovered_);
        ASSERT_FALSE(storage);
        EXPECT_EQ(storage.error().code, ErrorCode::disk_failed);
        EXPECT_NE(storage.error().message.find(file), std::string::npos);
    }
}

TEST(Waiting, TooManyWritesAreRefusedAsBusyAtOnce) {
    sim::SimFiles files;
    auto options = small_options();
    options.max_waiting = 3;
    auto storage = disk::DiskStorage::open(files, "node", options);
    ASSERT_TRUE(storage);
    ASSERT_TRUE((*storage)->recover());
    std::vector<std::string> answers;
    for (ports::Slot slot = 1; slot <= 4; ++slot) {
        (*storage)->write({founding(slot, "g")}, [&](const Result<void>& done) {
            answers.push_back(done ? "ok" : std::string(name_of(done.error().code)));
        });
    }
    EXPECT_EQ(answers, std::vector<std::string>{"busy"});
    (*storage)->write_pending();
    EXPECT_EQ(answers, (std::vector<std::string>{"busy", "ok", "ok", "ok"}));
}

TEST(Gathering, AllThatWaitsCostsOneSync) {
    sim::SimFiles files;
    ports::Recovered recovered;
    auto storage = reopen(files, recovered);
    ASSERT_TRUE(storage);
    for (ports::Slot slot = 1; slot <= 10; ++slot) {
        (*storage)->write({founding(slot, "g")},
                          [](const Result<void>& done) { EXPECT_TRUE(done); });
    }
    const std::uint64_t before = files.changes();
    (*storage)->write_pending();
    EXPECT_LE(files.changes() - before, 3U);  // zeros ahead, the frame, the sync
}

}  // namespace
}  // namespace rafted::test
