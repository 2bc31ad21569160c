// Directories that no node can live in: one clear line, exit code 1, within two seconds; and
// nothing is changed in them.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "live/faults/faulty.hpp"
#include "live/machine_stalls.hpp"

namespace rafted::test {
namespace {

namespace fs = std::filesystem;

LiveStart node_in(const std::string& dir) {
    LiveStart start;
    start.arguments = {"demo-node", "--create", "--dir", dir};
    return start;
}

/// `path` and `reason` are in the line.
void expect_refusal(LiveStart start, const std::string& path, const std::string& reason) {
    SCOPED_TRACE(path);
    const LiveDir beside;
    const MachineStalls stalls(beside.path());
    const auto began = LiveClock::now();
    const Finished finished = run_rafted(std::move(start));
    EXPECT_LE(ms_since(began) - stalls.ms(), 2000);
    EXPECT_EQ(finished.code, 1);
    std::istringstream in(finished.err);
    std::size_t lines = 0;
    for (std::string line; std::getline(in, line);) lines += line.starts_with("faults: ") ? 0U : 1U;
    EXPECT_EQ(lines, 1U) << finished.err;
    EXPECT_TRUE(finished.err.contains(path)) << finished.err;
    EXPECT_TRUE(finished.err.contains(reason)) << finished.err;
    EXPECT_TRUE(finished.out.starts_with("failed ")) << finished.out;
}

/// As one who is bound by permissions, which root is not.
LiveStart as_anybody(LiveStart start) {
    if (::geteuid() != 0) return start;
    const std::string without = "-dac_override,-dac_read_search";
    start.through = {"setpriv", "--bounding-set", without, "--inh-caps", without};
    return start;
}

void make_node(const std::string& dir) {
    LiveProcess node(LiveStart{{"demo-node", "--create", "--dir", dir}, "/dev/null"});
    ASSERT_TRUE(node.line().starts_with("node "));
    ASSERT_EQ(node.line(), "member");
    ASSERT_EQ(node.stop(), 0);
}

std::vector<std::string> names_below(const std::string& dir) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
        names.push_back(entry.path().string());
    }
    std::ranges::sort(names);
    return names;
}

TEST(Directories, MissingParentsAreMadeAndThoseThatCannotBeAreNamed) {
    const LiveDir dir;
    fs::create_directories(dir / "x");
    make_node(dir / "x/y/z");
    write_text(dir / "file", "not a directory");
    expect_refusal(node_in(dir / "file/below"), dir / "file", "File exists");
    expect_refusal(node_in("/proc/nothing/below"), "/proc/nothing", "No such file or directory");
    expect_refusal(node_in(dir / "file"), dir / "file", "File exists");
}

TEST(Directories, OfAnotherProcessAreNamed) {
    const LiveDir dir;
    LiveProcess first({"demo-node", "--create", "--dir", dir / "a"}, dir / "log");
    ASSERT_TRUE(first.line().starts_with("node "));
    for (int i = 0; i < 3; ++i) {
        expect_refusal(node_in(dir / "a"), dir / "a", "in use, by another process");
    }
    EXPECT_EQ(first.line(), "member");
    EXPECT_EQ(first.stop(), 0);
    make_node(dir / "a");
}

TEST(Directories, OfSomethingElseAreLeftAlone) {
    const LiveDir dir;
    fs::create_directories(dir / "a");
    write_text(dir / "a/letters", "mine");
    expect_refusal(node_in(dir / "a"), dir / "a", "letters");
    EXPECT_EQ(names_below(dir / "a").size(), 1U);
}

TEST(Directories, WithoutPermissionAreNamed) {
    const LiveDir dir;
    make_node(dir / "a");
    const auto only = [](const std::string& path, unsigned mode) {
        fs::permissions(path, static_cast<fs::perms>(mode));
    };
    fs::create_directories(dir / "empty");
    only(dir / "empty", 0500);
    expect_refusal(as_anybody(node_in(dir / "empty")), dir / "empty", "Permission denied");
    expect_refusal(as_anybody(node_in(dir / "empty/new")), dir / "empty", "Permission denied");
    for (const char* file : {"identity", "lock", "journal/0000000000000001.log"}) {
        const std::string path = dir / (std::string("a/") + file);
        only(path, 0);
        expect_refusal(as_anybody(node_in(dir / "a")), path, "Permission denied");
        only(path, 0600);
    }
    for (const char* folder : {"journal", "snapshots/1"}) {
        const std::string path = dir / (std::string("a/") + folder);
        if (!fs::exists(path)) continue;
        only(path, 0);
        expect_refusal(as_anybody(node_in(dir / "a")), path, "Permission denied");
        only(path, 0700);
    }
    only(dir / "empty", 0700);
    make_node(dir / "a");
}

TEST(Directories, ThatMayOnlyBeReadAreNamed) {
    const LiveDir dir;
    fs::create_directories(dir / "disk");
    make_node(dir / "disk/a");
    const auto before = names_below(dir / "disk");
    const std::string disk = dir / "disk";
    const bool mounted = ::mount(disk.c_str(), disk.c_str(), nullptr, MS_BIND, nullptr) == 0;
    if (mounted) {
        EXPECT_EQ(
            ::mount(nullptr, disk.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
    } else {
        std::cout << "*** NO MOUNT: " << std::strerror(errno)
                  << "; the layer makes the disk read-only instead ***\n";
    }
    const auto read_only = [&](const std::string& path, const char* kind) {
        LiveStart start = node_in(path);
        if (!mounted)
            start.environment = under_faults(disk, std::string("fail=") + kind + ":1+:EROFS");
        return start;
    };
    expect_refusal(read_only(dir / "disk/a", "write"), dir / "disk/a", "Read-only file system");
    expect_refusal(read_only(dir / "disk/new", "mkdir"), dir / "disk/new", "Read-only file system");
    if (mounted) {
        EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);
    }
    EXPECT_EQ(names_below(dir / "disk"), before);
    make_node(dir / "disk/a");
}

}  // namespace
}  // namespace rafted::test
