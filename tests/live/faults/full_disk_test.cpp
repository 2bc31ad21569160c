// Disks without space, under load, and space again: bounds that the layer keeps, and a small tmpfs
// (where mounting is not allowed the layer's bound in its place, and a loud line).
//   1. While its disk is full a leader refuses commands with disk_full and answers queries; where
//      other members have space the lead goes there, and commands are answered too.
//   2. When there is space again all goes on by itself; no process has ended.
//   3. All answers can be explained by one order, over all of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "live/faults/faulty.hpp"
#include "live/faults/queue_history.hpp"

namespace rafted::test {
namespace {

namespace fs = std::filesystem;

/// Clients that enqueue and look; slowly while they are refused.
class FullDiskLoad {
public:
    explicit FullDiskLoad(const std::vector<Group<Queue>>& groups) {
        for (std::size_t i = 0; i < groups.size(); ++i) {
            threads_.emplace_back([this, i, group = groups[i]](const std::stop_token& stop) {
                enqueue(static_cast<char>('a' + i), group, stop);
            });
        }
    }
    void stop() { threads_.clear(); }
    std::size_t refused() const { return refused_; }
    std::string others() const {
        const std::lock_guard hold(mutex_);
        return others_;
    }
    QueueHistory history;

private:
    /// In the log when the space ended: it stays there, and nobody may say that it was refused.
    static bool was_caught(const Error& error) {
        return error.code == ErrorCode::timeout && holds(error.message, "disk_full");
    }
    void enqueue(char name, const Group<Queue>& group, const std::stop_token& stop) {
        const CallOptions options{std::chrono::seconds(3), {}};
        for (int n = 0; !stop.stop_requested(); ++n) {
            const std::string item = name + std::to_string(n) + std::string(2000, '.');
            const auto answer = history.enqueue(group, item, options);
            if (answer) continue;
            if (answer.error().code == ErrorCode::disk_full) {
                ++refused_;
            } else if (!was_caught(answer.error())) {
                const std::lock_guard hold(mutex_);
                others_ += to_string(answer.error()) + "\n";
            }
            pause_for(milliseconds(10));
        }
    }

    std::atomic<std::size_t> refused_ = 0;
    mutable std::mutex mutex_;
    std::string others_;
    std::vector<std::jthread> threads_;  // the last member: they use the others
};

std::uint64_t bytes_below(const std::string& dir) {
    std::uint64_t sum = 0;
    std::error_code gone;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
        if (entry.is_regular_file(gone)) sum += entry.file_size(gone);
    }
    return sum;
}

/// A file system of its own; none where that is not allowed.
class SmallDisk {
public:
    explicit SmallDisk(const std::string& place) : place_(place) {
        fs::create_directories(place);
        mounted_ = ::mount("none", place.c_str(), "tmpfs", 0, "size=40m") == 0;
        if (mounted_) return;
        std::cout << "*** NO TMPFS: mount is not possible here (" << std::strerror(errno)
                  << "); the layer bounds that disk instead ***\n";
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(place_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    bool is_mounted() const { return mounted_; }

    /// For a process whose disk is this.
    std::vector<std::string> environment() const {
        if (mounted_) return {};
        return under_faults(place_, "space=" + place_ + ".space");
    }
    void fill() const {
        if (!mounted_) return write_text(place_ + ".space", std::to_string(bytes_below(place_)));
        std::ofstream ballast(place_ + "/ballast", std::ios::binary);
        const std::string block(64 << 10, 'b');
        while (ballast << block << std::flush) {
        }
    }
    void free() const {
        fs::remove(place_ + "/ballast");
        fs::remove(place_ + ".space");
    }

private:
    std::string place_;
    bool mounted_ = false;
};

const CallOptions patient{std::chrono::seconds(10), {}};

void expect_refusals(const FullDiskLoad& load) {
    const std::size_t before = load.refused();
    EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] { return load.refused() > before + 20; }))
        << load.refused() << " refused\n"
        << load.others();
}

void expect_answers(const FullDiskLoad& load) {
    const std::size_t before = load.history.answered();
    const auto start = LiveClock::now();
    EXPECT_TRUE(eventually(std::chrono::seconds(20),
                           [&] { return load.history.answered() > before + 100; }))
        << "commands are not answered: " << load.others();
    std::cout << "100 commands are answered after " << ms_since(start) << " ms\n";
}

/// One node, three times full and free again.
template <class Fill, class Free>
void fill_and_free(FaultyNode& node, Fill fill, Free free) {
    FullDiskLoad load({node.group(), node.group()});
    const auto group = node.group();
    for (int cycle = 0; cycle < 3 && !testing::Test::HasFailure(); ++cycle) {
        expect_answers(load);
        fill();
        expect_refusals(load);
        const auto status = node.status();
        ASSERT_TRUE(status);
        EXPECT_THAT(status->alarms, testing::Contains("the disk is full"));
        for (int i = 0; i < 10; ++i) {
            const auto length = load.history.length(group, patient);
            EXPECT_TRUE(length) << "while the disk is full: " << to_string(length.error());
        }
        free();
        expect_answers(load);
    }
    load.stop();
    EXPECT_EQ(load.others(), "");
    EXPECT_EQ(node.process().ended(), std::nullopt);
    node.kill();
    ASSERT_TRUE(node.start("none")) << node.refusal();
    ASSERT_TRUE(load.history.items(node.group(), patient));
    EXPECT_EQ(load.history.judge(), "");
    std::cout << load.history.figures() << "; " << load.refused() << " refused\n";
}

TEST(FullDisk, OfOneNodeIsSaidAndGoesOnByItself) {
    const LiveDir dir;
    FaultyNode node(dir.path());
    ASSERT_TRUE(node.start("space=" + (dir / "space")));
    fill_and_free(
        node, [&] { write_text(dir / "space", std::to_string(bytes_below(node.disk()) + 50'000)); },
        [&] { fs::remove(dir / "space"); });
}

TEST(FullDisk, OfOneNodeOnATmpfsIsSaidAndGoesOnByItself) {
    const LiveDir dir;
    const SmallDisk disk(dir / "disk");
    FaultyNode node(dir.path());
    ASSERT_TRUE(node.start(disk.is_mounted() ? "none" : "space=" + (dir / "disk.space")));
    fill_and_free(node, [&] { disk.fill(); }, [&] { disk.free(); });
}

TEST(FullDisk, OfALeaderMovesTheLeadAndCommandsGoOn) {
    const LiveDir dir;
    const SmallDisk disk(dir / "node0");
    LiveCluster cluster({3, true,
                         [&](std::size_t number, const std::string&) {
                             return number == 0 ? disk.environment() : std::vector<std::string>{};
                         },
                         dir.path()});
    ASSERT_FALSE(HasFailure());
    const auto group = cluster.group();
    FullDiskLoad load({cluster.group(), cluster.group()});
    for (int cycle = 0; cycle < 2 && !HasFailure(); ++cycle) {
        EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] {
            (void)group.move_lead(cluster.id(0), patient);
            return cluster.leader() == 0U;
        }));
        disk.fill();
        EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] { return cluster.leader() != 0U; }));
        expect_answers(load);
        EXPECT_TRUE(load.history.length(group, patient));
        disk.free();
        EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] {
            const auto own = cluster.status(0);
            return own && own->alarms.empty() && own->disk == DiskState::healthy;
        })) << "its disk is free, and it does not go on";
    }
    load.stop();
    EXPECT_TRUE(cluster.await_equal());
    ASSERT_TRUE(load.history.items(group, patient));
    EXPECT_EQ(load.history.judge(), "");
    std::cout << load.history.figures() << "; " << load.refused() << " refused\n" << load.others();
}

/// The leader stays and answers queries: none may fail for an election's time, and longer. (New
/// leaders: tests/sim/host_disk_test.cpp.)
TEST(FullDisk, OfAllMembersStopsTheWritesAndGoesOnByItself) {
    const LiveDir dir;
    LiveCluster cluster({3, true, [](std::size_t, const std::string& at) {
                             return under_faults(at, "space=" + at + ".space");
                         }});
    ASSERT_FALSE(HasFailure());
    FullDiskLoad load({cluster.group(), cluster.group()});
    for (int cycle = 0; cycle < 2 && !HasFailure(); ++cycle) {
        expect_answers(load);
        for (std::size_t i = 0; i < 3; ++i) {
            write_text(cluster.dir(i) + ".space", std::to_string(bytes_below(cluster.dir(i))));
        }
        expect_refusals(load);
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(4);
        while (std::chrono::steady_clock::now() < until) {
            const auto length = cluster.group().query(Length{}, patient);
            ASSERT_TRUE(length) << to_string(length.error());
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_TRUE(cluster.group_at(i).query_stale(Length{}, patient));
            fs::remove(cluster.dir(i) + ".space");
        }
        expect_answers(load);
    }
    load.stop();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(cluster.ended(i), std::nullopt);
    EXPECT_TRUE(cluster.await_equal());
    ASSERT_TRUE(load.history.items(cluster.group(), patient));
    EXPECT_EQ(load.history.judge(), "");
    std::cout << load.history.figures() << "; " << load.refused() << " refused\n" << load.others();
}

}  // namespace
}  // namespace rafted::test
