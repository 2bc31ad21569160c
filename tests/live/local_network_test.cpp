// A cluster inside one process, without sockets, through the public API.
#include <gtest/gtest.h>

#include "live/local_nodes.hpp"

namespace rafted::test {
namespace {

TEST(LocalNetwork, ThreeNodesServeAndGoOnWithoutTheirLeader) {
    LocalNodes nodes(3, quick_config(), {}, make_local_network());
    for (std::size_t i = 0; i < 3; ++i) {
        const auto length = nodes.at(i).command(Enqueue{std::to_string(i)});
        ASSERT_TRUE(length) << to_string(length.error());
        EXPECT_EQ(*length, i);
    }
    const Term before = nodes.status(0).current_term;
    ASSERT_TRUE(nodes.node(0).close());
    const auto next = nodes.leader(before);
    ASSERT_TRUE(next);
    const auto after = nodes.at(*next).command(Enqueue{"four"});
    ASSERT_TRUE(after) << to_string(after.error());
    EXPECT_EQ(*after, 3U);
}

/// Answered within less than a heartbeat, a hundred times: nothing waits for one.
TEST(LocalNetwork, NothingWaitsForAHeartbeat) {
    GroupConfig config = quick_config();
    config.heartbeat_interval = milliseconds(400);
    config.election_timeout = milliseconds(2000);
    LocalNodes nodes(3, config, {}, make_local_network());
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(nodes.at(0).command(Enqueue{"x"}));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST(LocalNetwork, ADirectoryGoesOnUnderAnotherName) {
    const LiveDir dir;
    const auto network = make_local_network();
    NodeConfig config;
    config.dir = dir.path();
    config.local_network = network;
    config.listen = "first";
    {
        auto node = Node::open(config);
        ASSERT_TRUE(node) << to_string(node.error());
        EXPECT_EQ(node->address(), "first");
        auto group = node->create_group<Queue>("queue", quick_config());
        ASSERT_TRUE(group) << to_string(group.error());
        ASSERT_TRUE(group->command(Enqueue{"kept"}));
    }
    config.listen = "second";
    auto node = Node::open(config);
    ASSERT_TRUE(node) << to_string(node.error());
    auto group = node->create_group<Queue>("queue", quick_config());
    ASSERT_TRUE(group) << to_string(group.error());
    const auto length = group->command(Enqueue{"more"});
    ASSERT_TRUE(length) << to_string(length.error());
    EXPECT_EQ(*length, 1U);
}

TEST(LocalNetwork, ANameIsFreeOnceItsNodeIsClosed) {
    NodeConfig config;
    config.local_network = make_local_network();
    config.listen = "a";
    auto node = Node::open(config);
    ASSERT_TRUE(node);
    const auto kept = node->create_group<Queue>("queue", quick_config());
    ASSERT_TRUE(kept);
    EXPECT_FALSE(Node::open(config)) << "it is there";
    ASSERT_TRUE(node->close());
    const auto again = Node::open(config);
    EXPECT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(code_of(kept->command(Enqueue{"late"})), "stopped");
}

TEST(LocalNetwork, WhatMakesNoSenseIsRefused) {
    NodeConfig config;
    config.local_network = make_local_network();
    config.listen = "";
    EXPECT_EQ(config.validate().error().code, ErrorCode::invalid);
    config.listen = "a";
    config.advertise = "127.0.0.1:1";
    EXPECT_EQ(config.validate().error().code, ErrorCode::invalid);
    config.advertise = "";
    EXPECT_TRUE(config.validate());
    const auto first = Node::open(config);
    const auto second = Node::open(config);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::in_use);
}

}  // namespace
}  // namespace rafted::test
