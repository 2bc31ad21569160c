// Writes that a loop does in place of the storage's own thread: which ones are offered to it, and
// that each is answered, whoever does it.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

/// A loop that takes what it is offered, and does it when it is told to.
class BesideWrites : public testing::Test {
protected:
    void SetUp() override {
        disk::DiskOptions options = small_options(true);
        options.offer = [this](ports::Beside work) {
            if (takes_) offered_.push_back(std::move(work));
            return takes_;
        };
        auto storage = disk::DiskStorage::open(files_, "node", options);
        ASSERT_TRUE(storage);
        storage_ = std::move(*storage);
        ASSERT_TRUE(storage_->recover());
        ASSERT_TRUE(write_and_wait(*storage_, founding(1, "one")));
    }
    void TearDown() override {
        for (ports::Beside& work : offered_) work.elsewhere();
    }
    /// The next `count` entries; the future has the thread that answered.
    std::future<std::thread::id> append(std::uint64_t count) {
        ports::GroupWrite share;
        share.slot = 1;
        share.append = entries(1, last_ + 1, last_ + count);
        last_ += count;
        auto answered = std::make_shared<std::promise<std::thread::id>>();
        auto by = answered->get_future();
        storage_->write({std::move(share)}, [answered](const Result<void>& done) {
            EXPECT_TRUE(done) << to_string(done.error());
            answered->set_value(std::this_thread::get_id());
        });
        return by;
    }
    /// Small writes until one is offered: on a busy machine some take long.
    std::future<std::thread::id> append_until_offered() {
        takes_ = true;
        for (int attempts = 0; attempts < 10'000; ++attempts) {
            auto by = append(1);
            if (!offered_.empty()) return by;
            by.wait();
        }
        ADD_FAILURE() << "nothing was offered";
        return {};
    }
    ports::Beside taken() {
        ports::Beside work = std::move(offered_.front());
        offered_.erase(offered_.begin());
        return work;
    }
    Index last_on_disk() {
        storage_->close();
        auto again = disk::DiskStorage::open(files_, "node", small_options());
        const auto recovered = (*again)->recover();
        EXPECT_TRUE(recovered);
        return recovered->groups.at(0).entries.back().index();
    }
    static bool is_answered(const std::future<std::thread::id>& by) {
        return by.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

    sim::SimFiles files_;
    std::unique_ptr<disk::DiskStorage> storage_;
    std::vector<ports::Beside> offered_;
    bool takes_ = false;
    std::uint64_t last_ = 1;
};

TEST_F(BesideWrites, AreDoneByWhoTookThem) {
    auto by = append_until_offered();
    EXPECT_FALSE(is_answered(by));
    taken().here();
    ASSERT_TRUE(is_answered(by));
    EXPECT_EQ(by.get(), std::this_thread::get_id());
    EXPECT_EQ(last_on_disk(), Index(last_));
}

TEST_F(BesideWrites, AreTheThreadsIfTheLoopHasNoTime) {
    auto by = append_until_offered();
    taken().elsewhere();
    EXPECT_NE(by.get(), std::this_thread::get_id());
    EXPECT_EQ(last_on_disk(), Index(last_));
}

TEST_F(BesideWrites, AreTheThreadsIfTheLoopTakesNone) {
    for (int i = 0; i < 40; ++i) EXPECT_NE(append(1).get(), std::this_thread::get_id());
}

TEST_F(BesideWrites, TakeWhatComesMeanwhileWithThem) {
    auto first = append_until_offered();
    auto second = append(1);
    auto large = append(100);
    EXPECT_EQ(offered_.size(), 1U);
    EXPECT_FALSE(is_answered(second));
    taken().here();
    EXPECT_TRUE(is_answered(first));
    EXPECT_TRUE(is_answered(second));
    EXPECT_TRUE(is_answered(large));
    EXPECT_EQ(last_on_disk(), Index(last_));
}

TEST_F(BesideWrites, AreSmall) {
    append_until_offered();
    taken().here();
    EXPECT_NE(append(100).get(), std::this_thread::get_id());
    EXPECT_TRUE(offered_.empty());
}

TEST_F(BesideWrites, AreAnsweredByAnEndThatComesBeforeThem) {
    auto by = append_until_offered();
    storage_->close();
    EXPECT_TRUE(is_answered(by));
    taken().here();
    EXPECT_EQ(last_on_disk(), Index(last_));
}

}  // namespace
}  // namespace rafted::test
