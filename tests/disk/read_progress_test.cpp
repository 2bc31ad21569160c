// How far a long reading has come is said once a second, of what there is to read; a short one and
// what is read afterwards say nothing.
#include "disk/read_progress.hpp"

#include <gtest/gtest.h>

#include "sim/sim_files.hpp"

namespace rafted::disk {
namespace {

using std::chrono::milliseconds;

/// A directory of 6 MiB, and a clock that moves with every read.
class Reading : public testing::Test {
protected:
    Reading() {
        auto files = std::make_unique<sim::SimFiles>();
        add(*files, "d/journal/0000000000000001.log", 2);
        add(*files, "d/journal/0000000000000002.log", 1);
        add(*files, "d/snapshots/1/old.snap", 2);
        add(*files, "d/snapshots/2/new.snap", 1);
        files_ = std::move(files);
    }
    static void add(ports::Files& files, const std::string& path, std::size_t mib) {
        ASSERT_TRUE(files.make_directory(path.substr(0, path.rfind('/'))));
        auto file = files.open(path, ports::OpenMode::create);
        ASSERT_TRUE(file);
        const Bytes bytes(mib << 20);
        const std::array<BytesView, 1> pieces{bytes};
        ASSERT_TRUE((*file)->write(0, pieces));
    }
    ReadProgress progress(milliseconds per_read) {
        ReadProgress::Reading reading;
        reading.dir = "d";
        reading.say = [this](const std::string& line) { lines.push_back(line); };
        reading.now = [this, per_read] { return now += per_read; };
        return {std::move(files_), std::move(reading)};
    }
    static void read(ports::Files& files, const std::string& path, std::size_t mib) {
        auto file = files.open(path, ports::OpenMode::read);
        ASSERT_TRUE(file);
        Bytes part(1 << 20);
        for (std::size_t i = 0; i < mib; ++i) ASSERT_TRUE((*file)->read(i << 20, part));
    }
    std::unique_ptr<ports::Files> files_;
    std::vector<std::string> lines;
    ReadProgress::Clock::time_point now{};
};

TEST_F(Reading, SaysHowFarItIsOnceASecond) {
    auto files = progress(milliseconds(500));
    read(files, "d/journal/0000000000000001.log", 2);
    read(files, "d/journal/0000000000000002.log", 1);
    read(files, "d/snapshots/1/old.snap", 1);
    files.end();
    EXPECT_EQ(lines, (std::vector<std::string>{"d: 2 of 6 MiB read, 33 %",
                                               "d: 4 of 6 MiB read, 66 %", "d: read in 2.5 s"}));
}

TEST_F(Reading, SaysNothingWhenItIsSoonOver) {
    auto files = progress(milliseconds(100));
    read(files, "d/journal/0000000000000001.log", 2);
    files.end();
    EXPECT_TRUE(lines.empty());
}

TEST_F(Reading, SaysNothingOfWhatComesAfterwards) {
    auto files = progress(milliseconds(5'000));
    files.end();
    read(files, "d/journal/0000000000000001.log", 2);
    EXPECT_TRUE(lines.empty());
}

}  // namespace
}  // namespace rafted::disk
