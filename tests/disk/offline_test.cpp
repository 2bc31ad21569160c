// What is asked of a directory that no process has open: how far a log reaches, and what it holds.
#include "rafted/offline.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/entry.hpp"
#include "disk/posix_files.hpp"
#include "support/storage_world.hpp"
#include "value/envelope.hpp"

namespace rafted::test {
namespace {

namespace fs = std::filesystem;

class OfflineDirectory : public testing::Test {
protected:
    /// As a node has it open; nothing if that failed.
    std::unique_ptr<disk::DiskStorage> open() {
        auto storage = disk::DiskStorage::open(files_, dir_, small_options(true));
        const bool is_open = storage && (*storage)->recover();
        EXPECT_TRUE(is_open);
        return is_open ? std::move(*storage) : nullptr;
    }
    std::string journal() const { return dir_ + "/journal/0000000000000001.log"; }

    TempDir temp_;
    std::string dir_ = temp_.path() + "/node";
    disk::PosixFiles files_;
};

class LastIndex : public OfflineDirectory {
protected:
    void SetUp() override {
        const auto storage = open();
        ASSERT_TRUE(storage);
        ASSERT_TRUE(write_and_wait(*storage, founding(1, "one")));
        ASSERT_TRUE(write_and_wait(*storage, founding(2, "two")));
        ports::GroupWrite share;
        share.slot = 1;
        share.append = entries(1, 2, 33);
        ASSERT_TRUE(write_and_wait(*storage, std::move(share)));
        EXPECT_EQ(read_last_log_index(dir_, "one").error().code, ErrorCode::in_use);
    }
    std::optional<Index> last(const std::string& group) const {
        const auto found = read_last_log_index(dir_, group);
        EXPECT_TRUE(found) << to_string(found.error());
        return found.value_or(std::nullopt);
    }
};

TEST_F(LastIndex, B35_IsReadOffline) {
    EXPECT_EQ(last("one"), Index(33));
    EXPECT_EQ(last("two"), Index(1));
}

TEST_F(LastIndex, B35_IsNothingForWhatIsMissing) {
    EXPECT_EQ(last("three"), std::nullopt);
    EXPECT_EQ(*read_last_log_index(temp_.path() + "/nowhere", "one"), std::nullopt);
    EXPECT_EQ(*read_last_log_index(temp_.path(), "one"), std::nullopt);
    fs::remove(journal());
    EXPECT_EQ(last("one"), std::nullopt);
}

TEST_F(LastIndex, B32_B35_IsNothingForWhatIsTooShort) {
    for (const std::uintmax_t size : {0U, 5U, 63U, 64U}) {
        fs::resize_file(journal(), size);
        EXPECT_EQ(last("one"), std::nullopt) << size;
    }
    fs::resize_file(dir_ + "/identity", 39);
    EXPECT_EQ(last("one"), std::nullopt);
}

TEST_F(LastIndex, B35_IsNothingForWhatIsDamagedOrMismatched) {
    for (const std::streamoff at : {3, 20, 70, 140, 300}) {
        std::fstream file(journal(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(at);
        const char before = static_cast<char>(file.get());
        file.seekp(at);
        file.put(static_cast<char>(before ^ 0x55));
        file.close();
        EXPECT_EQ(last("one"), std::nullopt) << at;
        std::fstream again(journal(), std::ios::in | std::ios::out | std::ios::binary);
        again.seekp(at);
        again.put(before);
    }
    EXPECT_EQ(last("one"), Index(33));
}

TEST_F(LastIndex, CountsWhatASnapshotCovers) {
    {
        const auto storage = open();
        ASSERT_TRUE(storage);
        save(*storage, 2, snapshot_meta(1, 90), some_bytes(10, 1));
    }
    EXPECT_EQ(last("two"), Index(90));
}

/// A value with commands of two types.
struct Till {
    struct Put {
        std::string name;
        bool operator==(const Put&) const = default;
    };
    using Command = std::variant<Put, int>;
    using Query = Unit;
    int total = 0;
    void command(const Put&) { ++total; }
    void command(int by) { total += by; }
    int query(Unit) const { return total; }
};

struct OtherValue {
    using Command = std::string;
    using Query = Unit;
    std::string text;
    void command(const std::string& more) { text += more; }
    std::string query(Unit) const { return text; }
};

class ReadLog : public OfflineDirectory {
protected:
    void SetUp() override {
        const auto storage = open();
        ASSERT_TRUE(storage);
        auto first = founding(1, "till");
        first.append = {core::Entry::make({Term(3), Index(1), core::EntryKind::elected}, {})};
        ASSERT_TRUE(write_and_wait(*storage, std::move(first)));
        // Each in a frame of its own, so that one can be damaged without the others.
        for (std::size_t i = 0; i < commands_.size(); ++i) {
            ports::GroupWrite share;
            share.slot = 1;
            const auto payload = value::seal(CommandId{1, i}, encode(commands_[i]));
            share.append = {core::Entry::make(
                {Term(3), Index(i + 2), core::EntryKind::command, core::LogTime(1000 + i)},
                payload)};
            ASSERT_TRUE(write_and_wait(*storage, std::move(share)));
        }
    }
    /// The entry's index, and the command if there is one, else what it is.
    std::vector<std::string> said() const {
        std::vector<std::string> lines;
        const auto read =
            read_log<Till>(dir_, "till", [&](const StoredEntry& entry, const Till::Command* told) {
                std::string line = to_string(entry.index);
                if (entry.kind == StoredKind::own) line += " own";
                if (entry.kind == StoredKind::damaged) line += " damaged";
                if (told != nullptr && told->index() == 0)
                    line += " put " + std::get<0>(*told).name;
                if (told != nullptr && told->index() == 1) {
                    line += " add " + std::to_string(std::get<1>(*told));
                }
                EXPECT_EQ(told != nullptr, entry.kind == StoredKind::command);
                if (told != nullptr) {
                    EXPECT_EQ(entry.term, Term(3));
                    EXPECT_EQ(entry.time.count(), 998 + static_cast<long>(entry.index.value));
                }
                lines.push_back(line);
            });
        EXPECT_TRUE(read) << to_string(read.error());
        return lines;
    }

    std::vector<Till::Command> commands_{Till::Put{"bread"}, 7, Till::Put{"salt"}};
};

TEST_F(ReadLog, GivesCommandsAsTheValuesOwnType) {
    EXPECT_EQ(said(), (std::vector<std::string>{"1 own", "2 put bread", "3 add 7", "4 put salt"}));
}

TEST_F(ReadLog, GivesBytesToWhoHasNoType) {
    std::vector<Bytes> commands;
    const auto read = read_log(dir_, "till", [&](const StoredEntry& entry) {
        if (entry.kind == StoredKind::command) {
            commands.emplace_back(entry.command.begin(), entry.command.end());
        }
    });
    ASSERT_TRUE(read) << to_string(read.error());
    ASSERT_EQ(commands.size(), commands_.size());
    for (std::size_t i = 0; i < commands.size(); ++i) EXPECT_EQ(commands[i], encode(commands_[i]));
}

TEST_F(ReadLog, NamesADamagedEntryAndGoesOnBehindIt) {
    std::fstream file(journal(), std::ios::in | std::ios::out | std::ios::binary);
    std::string bytes(fs::file_size(journal()), ' ');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    // The second command, a number behind the place of its type.
    const Bytes seven = value::seal(CommandId{1, 1}, encode(commands_[1]));
    const auto at = bytes.find(std::string(reinterpret_cast<const char*>(seven.data()),  // NOLINT
                                           seven.size()));
    ASSERT_NE(at, std::string::npos);
    file.seekp(static_cast<std::streamoff>(at));
    file.put('!');
    file.close();
    EXPECT_EQ(said(),
              (std::vector<std::string>{"1 own", "2 put bread", "3 damaged", "4 put salt"}));
}

TEST_F(ReadLog, RefusesAnotherValuesCommandByItsIndex) {
    int visits = 0;
    const auto read = read_log<OtherValue>(
        dir_, "till", [&](const StoredEntry&, const std::string*) { ++visits; });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::invalid);
    EXPECT_NE(read.error().message.find("entry 2 is no command of this value"), std::string::npos)
        << read.error().message;
    EXPECT_EQ(visits, 1);
}

TEST_F(ReadLog, RefusesWhatIsNotThere) {
    const auto nobody = [](const StoredEntry&) { ADD_FAILURE() << "an entry of nothing"; };
    EXPECT_EQ(read_log(dir_, "other", nobody).error().code, ErrorCode::invalid);
    EXPECT_EQ(read_log(temp_.path(), "till", nobody).error().code, ErrorCode::invalid);
    const auto storage = open();
    ASSERT_TRUE(storage);
    EXPECT_EQ(read_log(dir_, "till", nobody).error().code, ErrorCode::in_use);
}

}  // namespace
}  // namespace rafted::test
