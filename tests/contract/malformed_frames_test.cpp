// A node among liars: whatever a stranger sends, it is told why, cut off, and nobody else notices.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <random>

#include "support/network_world.hpp"

namespace rafted::test {
namespace {

Bytes client_hello(ClusterId cluster = {}) {
    net::Hello hello;
    hello.cluster = cluster;
    return framed(net::encode(hello));
}

Bytes peer_hello(NodeId node, ClusterId cluster = ClusterId(7)) {
    return framed(net::encode(net::Hello{.version = net::protocol_version,
                                         .kind = net::HelloKind::peer,
                                         .cluster = cluster,
                                         .node = node,
                                         .address = "127.0.0.1:1"}));
}

Bytes request(std::uint64_t id, std::string_view body) {
    auto frame = net::encode_request(id, {.kind = RequestKind::query,
                                          .group = "g",
                                          .timeout = std::chrono::seconds(5),
                                          .body = copy_of(view_of(body))});
    frame.head.insert(frame.head.end(), frame.body.begin(), frame.body.end());
    return framed(frame.head);
}

class AmongLiars : public testing::Test {
protected:
    AmongLiars() { node.start(); }

    /// What the node says to a stranger before it hangs up.
    std::optional<Error> refusal_of(BytesView bytes) {
        const RawSocket stranger(node.network->address());
        stranger.send(bytes);
        stranger.end_sending();
        Bytes answer;
        EXPECT_TRUE(stranger.read_to_end(answer)) << "not cut off";
        return refusal_in(answer);
    }

    void expect_others_are_served() {
        const RawSocket other(node.network->address());
        other.send(client_hello());
        EXPECT_EQ(net::type_of(other.read_frame()), net::FrameType::hello);
        other.send(request(5, "still there?"));
        const auto frame = other.read_frame();
        const auto answer = net::decode_response(BytesView(frame).subspan(1));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->answer.value(), copy_of(view_of("still there?")));
    }

    TestNode node{NodeId(1)};
};

TEST_F(AmongLiars, LengthZero) {
    const auto why = refusal_of(Bytes(8));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->code, ErrorCode::invalid);
    expect_others_are_served();
}

TEST_F(AmongLiars, AHugeLengthBeforeAndAfterTheHello) {
    Writer huge;
    huge.number(0xffff'ffffu);
    huge.number(0u);
    EXPECT_EQ(refusal_of(huge.view())->code, ErrorCode::too_large);
    Bytes after = client_hello();
    after.insert(after.end(), huge.view().begin(), huge.view().end());
    EXPECT_EQ(refusal_of(after)->code, ErrorCode::too_large);
    // Before the hello the limit is small: strangers cannot make the node allocate.
    Writer large;
    large.number(5000u);
    large.number(0u);
    EXPECT_EQ(refusal_of(large.view())->code, ErrorCode::too_large);
    expect_others_are_served();
}

TEST_F(AmongLiars, AnotherProtocol) {
    const auto why = refusal_of(view_of("GET / HTTP/1.1\r\nHost: here\r\n\r\n"));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->code, ErrorCode::too_large);
    expect_others_are_served();
}

TEST_F(AmongLiars, AWrongMagicAndAMissingHello) {
    auto hello = net::encode(net::Hello{});
    hello[1] ^= std::byte{1};
    EXPECT_EQ(refusal_of(framed(hello))->code, ErrorCode::invalid);
    EXPECT_EQ(refusal_of(request(1, "no hello"))->code, ErrorCode::invalid);
    EXPECT_EQ(refusal_of(framed(view_of("\xff garbage")))->code, ErrorCode::invalid);
    expect_others_are_served();
}

TEST_F(AmongLiars, AWrongVersionIsToldBoth) {
    net::Hello hello;
    hello.version = 99;
    const auto why = refusal_of(framed(net::encode(hello)));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->code, ErrorCode::wrong_version);
    EXPECT_NE(why->message.find("99"), std::string::npos);
    EXPECT_NE(why->message.find(std::to_string(net::protocol_version)), std::string::npos);
}

TEST_F(AmongLiars, AWrongClusterIsToldBoth) {
    for (const auto& hello :
         {client_hello(ClusterId(0xabc)), peer_hello(NodeId(2), ClusterId(0xabc))}) {
        const auto why = refusal_of(hello);
        ASSERT_TRUE(why);
        EXPECT_EQ(why->code, ErrorCode::wrong_cluster);
        EXPECT_NE(why->message.find("0000000000000abc"), std::string::npos);
        EXPECT_NE(why->message.find("0000000000000007"), std::string::npos);
    }
}

TEST_F(AmongLiars, ADamagedFrame) {
    auto bytes = client_hello();
    bytes.back() ^= std::byte{1};
    EXPECT_EQ(refusal_of(bytes)->code, ErrorCode::corrupt);
    expect_others_are_served();
}

TEST_F(AmongLiars, CutOffAtEachByte) {
    Bytes all = client_hello();
    const auto ask = request(1, "x");
    all.insert(all.end(), ask.begin(), ask.end());
    for (std::size_t n = 0; n < all.size(); ++n) {
        const RawSocket stranger(node.network->address());
        stranger.send(BytesView(all).first(n));
        stranger.end_sending();
        Bytes answer;
        EXPECT_TRUE(stranger.read_to_end(answer)) << n;
    }
    EXPECT_TRUE(node.door.count.wait([&] { return node.door.answered == 0; }));
    expect_others_are_served();
}

TEST_F(AmongLiars, GarbageOfAllLengths) {
    std::mt19937 random(1);
    for (std::size_t n = 1; n < 300; n += 7) {
        Bytes garbage(n);
        for (auto& byte : garbage) byte = std::byte(random());
        refusal_of(garbage);
        refusal_of(framed(garbage));
        Bytes greeted = client_hello();
        const auto rest = framed(garbage);
        greeted.insert(greeted.end(), rest.begin(), rest.end());
        refusal_of(greeted);
    }
    expect_others_are_served();
}

TEST_F(AmongLiars, AMessageInAnothersName) {
    const auto encoded =
        core::encode(core::Message{NodeId(3), NodeId(1), Term(1), core::TimeoutNow{}});
    auto frame = net::encode_message(GroupId(9), encoded);
    frame.head.insert(frame.head.end(), frame.body.begin(), frame.body.end());
    Bytes bytes = peer_hello(NodeId(2));
    const auto message = framed(frame.head);
    bytes.insert(bytes.end(), message.begin(), message.end());
    const auto why = refusal_of(bytes);
    ASSERT_TRUE(why);
    EXPECT_EQ(why->code, ErrorCode::invalid);
    EXPECT_TRUE(node.inbox.envelopes.empty());
}

TEST_F(AmongLiars, ABeatThatMakesNoSense) {
    const Bytes whole = net::encode_beat({7, true}).head;
    Bytes no_epoch = whole;
    no_epoch.at(1) = std::byte{0};
    Bytes no_answer_either = whole;
    no_answer_either.at(9) = std::byte{2};
    for (const Bytes& beat : {no_epoch, no_answer_either, Bytes(whole.begin(), whole.end() - 1)}) {
        Bytes bytes = peer_hello(NodeId(9));
        const Bytes frame = framed(beat);
        bytes.insert(bytes.end(), frame.begin(), frame.end());
        const auto why = refusal_of(bytes);
        ASSERT_TRUE(why);
        EXPECT_EQ(why->code, ErrorCode::invalid);
    }
    EXPECT_TRUE(node.inbox.beats.empty());
    expect_others_are_served();
}

TEST_F(AmongLiars, AClientThatSpeaksAsAPeerAndAPeerThatAsks) {
    Bytes as_peer = client_hello();
    const auto message = framed(view_of(std::string("\x03") + std::string(60, 'x')));
    as_peer.insert(as_peer.end(), message.begin(), message.end());
    EXPECT_EQ(refusal_of(as_peer)->code, ErrorCode::invalid);
    Bytes as_client = peer_hello(NodeId(2));
    const auto ask = request(1, "x");
    as_client.insert(as_client.end(), ask.begin(), ask.end());
    EXPECT_EQ(refusal_of(as_client)->code, ErrorCode::invalid);
    EXPECT_TRUE(node.inbox.envelopes.empty());
    EXPECT_EQ(node.door.answered, 0);
}

TEST_F(AmongLiars, ANodeThatClaimsToBeThisOne) {
    EXPECT_EQ(refusal_of(peer_hello(NodeId(1)))->code, ErrorCode::invalid);
    EXPECT_EQ(refusal_of(peer_hello(NodeId(0)))->code, ErrorCode::invalid);
}

TEST(Listener, APortInUseIsNamed) {
    TestNode first{NodeId(1)};
    net::Loop loop;
    NodeConfig config;
    config.listen = first.network->address();
    const auto second = net::Network::open(loop, config, {.node = NodeId(2), .cluster = {}});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::in_use);
    EXPECT_NE(second.error().message.find(config.listen), std::string::npos);
}

TEST(Listener, ABadAddressIsNamed) {
    net::Loop loop;
    for (const char* address : {"nonsense", "127.0.0.1:99999", "203.0.113.7:1", "no such host:1"}) {
        NodeConfig config;
        config.listen = address;
        const auto opened = net::Network::open(loop, config, {.node = NodeId(2), .cluster = {}});
        ASSERT_FALSE(opened) << address;
        EXPECT_EQ(opened.error().code, ErrorCode::invalid);
        EXPECT_NE(opened.error().message.find(address), std::string::npos);
    }
    NodeConfig config;
    config.advertise = "nonsense";
    EXPECT_FALSE(net::Network::open(loop, config, {.node = NodeId(2), .cluster = {}}));
}

TEST(Listener, AdvertisedAddressTakesTheFreePort) {
    net::Loop loop;
    NodeConfig config;
    config.advertise = "example.org:0";
    const auto opened = net::Network::open(loop, config, {.node = NodeId(2), .cluster = {}});
    ASSERT_TRUE(opened);
    EXPECT_TRUE((*opened)->address().starts_with("example.org:"));
    EXPECT_FALSE((*opened)->address().ends_with(":0"));
}

TEST(Listener, MoreConnectionsThanAllowedAreRefusedAsBusyUntilOneCloses) {
    NodeConfig config;
    config.max_connections = 2;
    TestNode node(NodeId(1), ClusterId(7), config);
    node.start();
    const auto greeted = [&](const RawSocket& socket) {
        socket.send(client_hello());
        return net::type_of(socket.read_frame()) == net::FrameType::hello;
    };
    auto first = std::make_unique<RawSocket>(node.network->address());
    const RawSocket second(node.network->address());
    EXPECT_TRUE(greeted(*first));
    EXPECT_TRUE(greeted(second));
    {
        const RawSocket third(node.network->address());
        Bytes bytes;
        ASSERT_TRUE(third.read_to_end(bytes));
        EXPECT_EQ(refusal_in(bytes)->code, ErrorCode::busy);
    }
    first.reset();
    bool in = false;
    for (int i = 0; i < 1000 && !in; ++i) in = greeted(RawSocket(node.network->address()));
    EXPECT_TRUE(in);
}

// The undefined-behaviour sanitizer opens a pipe to look at an object it has not met: without
// descriptors it takes every such object for a broken one.
#if defined(__has_feature)
#define RAFTED_HAS(feature) __has_feature(feature)
#else
#define RAFTED_HAS(feature) 0
#endif
#if !RAFTED_HAS(undefined_behavior_sanitizer)
TEST(Listener, RunningOutOfDescriptorsIsSurvived) {
    TestNode node(NodeId(1));
    node.start();
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    std::unique_ptr<RawSocket> late;
    const auto connect_with = [&](rlim_t descriptors) {
        node.on_loop([&] {
            // The stranger's socket is made first; the limit falls before the node can accept it.
            late = std::make_unique<RawSocket>(node.network->address());
            rlimit limit = before;
            limit.rlim_cur = descriptors;
            ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
        });
    };
    connect_with(3);
    EXPECT_TRUE(node.logs({"cannot accept"}));
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    late->send(client_hello());
    EXPECT_EQ(net::type_of(late->read_frame()), net::FrameType::hello);
}
#endif

}  // namespace
}  // namespace rafted::test
