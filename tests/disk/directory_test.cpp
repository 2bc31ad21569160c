// The directory: who may open it, and what is said to those who may not. On the real file system
// where rights and locks matter.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/checksum.hpp"
#include "disk/posix_files.hpp"
#include "support/disk_workload.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

namespace fs = std::filesystem;

Result<ports::Recovered> open_and_recover(const std::string& dir) {
    disk::PosixFiles files;
    auto storage = disk::DiskStorage::open(files, dir, small_options());
    if (!storage) return std::unexpected(storage.error());
    return (*storage)->recover();
}

void spoil(const std::string& path, std::streamoff at, char value) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file.put(value);
}

/// Gives a spoilt header the checksum that it would have had.
void reseal(const std::string& path) {
    const std::size_t size =
        path.ends_with(".log") ? disk::segment_head_bytes : disk::identity_bytes;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    std::string head(size - 8, '\0');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    const std::uint64_t sum = core::checksum(view_of(head), 0);
    file.seekp(static_cast<std::streamoff>(head.size()));
    file.write(reinterpret_cast<const char*>(&sum), sizeof sum);
}

TEST(Directory, IsMadeWithItsParentsForItsOwnerAlone) {
    const TempDir temp;
    const std::string dir = temp.path() + "/data/deep/a";
    ASSERT_TRUE(open_and_recover(dir));
    struct stat status{};
    ASSERT_EQ(::stat(dir.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    ASSERT_EQ(::stat((dir + "/identity").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(Directory, IsLockedAgainstASecondUser) {
    const TempDir temp;
    disk::PosixFiles files;
    auto first = disk::DiskStorage::open(files, temp.path(), small_options());
    ASSERT_TRUE(first);
    ASSERT_TRUE((*first)->recover());
    const auto second = open_and_recover(temp.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::in_use);
    EXPECT_NE(second.error().message.find(temp.path()), std::string::npos);
    (*first)->close();
    EXPECT_TRUE(open_and_recover(temp.path()));
}

TEST(Directory, OfSomebodyElseIsLeftAsItIs) {
    const TempDir temp;
    std::ofstream(temp.path() + "/letters.txt") << "private";
    const auto refused = open_and_recover(temp.path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_NE(refused.error().message.find("letters.txt"), std::string::npos);
    EXPECT_EQ(std::distance(fs::directory_iterator(temp.path()), fs::directory_iterator()), 1);
}

TEST(Directory, OfANewerVersionIsRefusedNamingBoth) {
    const TempDir temp;
    for (const std::string file : {"/identity", "/journal/0000000000000001.log"}) {
        const std::string dir = temp.path() + "/" + std::to_string(file.size());
        ASSERT_TRUE(open_and_recover(dir));
        spoil(dir + file, 8, 9);
        reseal(dir + file);
        const auto refused = open_and_recover(dir);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::wrong_version);
        EXPECT_NE(refused.error().message.find("version 9"), std::string::npos);
        EXPECT_NE(refused.error().message.find("version 2"), std::string::npos);
        EXPECT_NE(refused.error().message.find(file), std::string::npos);
    }
}

TEST(Directory, WhoseIdentityIsLostIsNotTakenForANewOne) {
    const TempDir temp;
    {
        disk::PosixFiles files;
        auto storage = disk::DiskStorage::open(files, temp.path(), small_options(true));
        ASSERT_TRUE(storage);
        ASSERT_TRUE((*storage)->recover());
        ASSERT_TRUE(write_and_wait(**storage, founding(1, "one")));
    }
    fs::remove(temp.path() + "/identity");
    const auto refused = open_and_recover(temp.path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    EXPECT_NE(refused.error().message.find("identity"), std::string::npos);
}

TEST(Directory, ThatIsAFileOrOutOfReachIsRefusedByName) {
    const TempDir temp;
    std::ofstream(temp.path() + "/file") << "x";
    for (const std::string& dir :
         {temp.path() + "/file", temp.path() + "/file/below", std::string("/proc/nowhere")}) {
        const auto refused = open_and_recover(dir);
        ASSERT_FALSE(refused) << dir;
        EXPECT_EQ(refused.error().code, ErrorCode::invalid) << to_string(refused.error());
        EXPECT_NE(refused.error().message.find(dir.substr(0, dir.rfind('/'))), std::string::npos);
    }
    if (::geteuid() == 0) return;  // nothing is out of root's reach
    ASSERT_TRUE(open_and_recover(temp.path() + "/mine"));
    fs::permissions(temp.path() + "/mine/identity", fs::perms::none);
    const auto refused = open_and_recover(temp.path() + "/mine");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_NE(refused.error().message.find("/mine/identity"), std::string::npos);
}

TEST(Directory, AFirstStartThatWasCutShortIsStartedOver) {
    sim::SimFiles reference;
    ports::Recovered recovered;
    ASSERT_TRUE(reopen(reference, recovered));
    for (std::uint64_t after = 0; after < reference.changes(); ++after) {
        for (const auto loss : {sim::SimFiles::Loss::everything, sim::SimFiles::Loss::nothing,
                                sim::SimFiles::Loss::any_sector}) {
            sim::SimFiles files;
            files.set_faults({.stop_after = after});
            static_cast<void>(reopen(files, recovered));
            files.crash(loss, after);
            const auto storage = reopen(files, recovered);
            ASSERT_TRUE(storage) << after << ": " << to_string(storage.error());
            EXPECT_TRUE(recovered.groups.empty());
            EXPECT_EQ(recovered.node, NodeId(4711));
        }
    }
}

TEST(Directory, EveryNewOneIsANewNode) {
    const TempDir temp;
    const auto one = open_and_recover(temp.path() + "/1");
    const auto two = open_and_recover(temp.path() + "/2");
    ASSERT_TRUE(one && two);
    EXPECT_NE(one->node, two->node);
}

}  // namespace
}  // namespace rafted::test
