// Reading back on a real file system: bits change under a node that serves, and it makes them good.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "live/local_nodes.hpp"

namespace rafted::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// The newest file below a folder that ends like this.
std::string newest(const std::string& folder, const std::string& ending) {
    std::string found;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string path = entry.path().string();
        if (path.ends_with(ending)) found = std::max(found, path);
    }
    return found;
}

void flip_bit(const std::string& path, std::streamoff at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(at);
    file.put(byte);
    ASSERT_TRUE(file.good()) << path;
}

TEST(Scrub, WhatRotsUnderANodeIsMadeGood) {
    const LiveDir dir;
    NodeConfig config;
    config.dir = dir / "a";
    config.scrub_period = seconds(1);
    GroupConfig group_config = quick_config();
    group_config.snapshot_floor_bytes = 0;
    {
        auto node = Node::open(config);
        ASSERT_TRUE(node) << to_string(node.error());
        auto group = node->create_group<Queue>("queue", group_config);
        ASSERT_TRUE(group) << to_string(group.error());
        for (int i = 0; i < 50; ++i) ASSERT_TRUE(group->command(Enqueue{"item"}));
        const auto damages = [&] { return node->metrics().scrub_damages; };
        ASSERT_TRUE(eventually(seconds(20), [&] { return !newest(config.dir, ".snap").empty(); }));
        // The first frame of the journal: the newest segment's, and then that of the one after it.
        for (const char* kind : {".snap", ".log", "identity", ".log"}) {
            const auto before = damages();
            flip_bit(newest(config.dir, kind), 30);
            EXPECT_TRUE(eventually(seconds(20), [&] { return damages() > before; })) << kind;
        }
        const auto scrubs = node->metrics().scrubs;
        EXPECT_TRUE(eventually(seconds(20), [&] { return node->metrics().scrubs > scrubs + 2; }));
        EXPECT_EQ(group->query(Length{}).value_or(0), 50U);
    }
    auto node = Node::open(config);
    ASSERT_TRUE(node) << to_string(node.error());
    EXPECT_TRUE(node->notes().empty()) << node->notes().front();
    auto group = node->create_group<Queue>("queue", group_config);
    ASSERT_TRUE(group) << to_string(group.error());
    EXPECT_EQ(group->query(Length{}).value_or(0), 50U);
}

}  // namespace
}  // namespace rafted::test
