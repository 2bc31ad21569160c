// The sentences of ports/transport.hpp, on both networks: TCP over loopback, and one inside the
// process.
#include <gtest/gtest.h>

#include "support/network_world.hpp"

namespace rafted::test {
namespace {

core::Entry entry(std::uint64_t index, std::size_t payload) {
    const Bytes bytes(payload, std::byte(index));
    return core::Entry::make({.term = Term(1),
                              .index = Index(index),
                              .kind = core::EntryKind::command,
                              .time = core::LogTime(0)},
                             bytes);
}

constexpr ClusterId ours{7};

/// By name: "tcp" or "local".
class TransportContract : public testing::TestWithParam<std::string> {
protected:
    bool is_tcp() const { return GetParam() == "tcp"; }
    NodeConfig here(const std::string& listen = NodeConfig{}.listen) const {
        NodeConfig config;
        config.listen = listen;
        config.local_network = network_;
        return config;
    }

private:
    std::shared_ptr<LocalNetwork> network_ = is_tcp() ? nullptr : make_local_network();
};
INSTANTIATE_TEST_SUITE_P(Networks, TransportContract, testing::Values("tcp", "local"),
                         [](const auto& about) { return about.param; });

/// Sends until something arrives: a message may be lost, and then a member says it again.
void send_until_heard(TestNode& from, TestNode& to) {
    for (std::uint64_t term = 1; term < 2000; ++term) {
        from.send(to.id, Term(term));
        const auto heard = [&] { return !to.inbox.envelopes.empty(); };
        if (to.inbox.watched.wait(heard, std::chrono::milliseconds(5))) return;
    }
    FAIL() << "nothing arrived";
}

TEST_P(TransportContract, WhatArrivesIsWhatWasSent) {
    TestNode a(NodeId(1), ours, here());
    TestNode b(NodeId(2), ours, here());
    a.start();
    b.start();
    a.set_address(b);
    const std::vector<core::Entry> entries{entry(1, 10), entry(2, 5000), entry(3, 300'000)};
    a.send(b.id, Term(5), entries);
    ASSERT_TRUE(b.inbox.watched.wait([&] { return !b.inbox.envelopes.empty(); }));
    const auto& got = b.inbox.envelopes.front();
    EXPECT_EQ(got.group, GroupId(9));
    EXPECT_EQ(got.message.from, a.id);
    EXPECT_EQ(got.message.to, b.id);
    EXPECT_EQ(got.message.term, Term(5));
    EXPECT_EQ(std::get<core::AppendRequest>(got.message.body).entries, entries);
}

TEST_P(TransportContract, ManyMessagesKeepTheirOrderOnOneConnection) {
    TestNode a(NodeId(1), ours, here());
    TestNode b(NodeId(2), ours, here());
    a.start();
    b.start();
    a.set_address(b);
    constexpr std::uint64_t count = 3000;
    for (std::uint64_t term = 1; term <= count; ++term) a.send(b.id, Term(term), {entry(1, 200)});
    ASSERT_TRUE(b.inbox.watched.wait([&] { return b.inbox.envelopes.size() == count; }));
    for (std::uint64_t i = 0; i < count; ++i) {
        ASSERT_EQ(b.inbox.envelopes[i].message.term, Term(i + 1));
    }
}

TEST_P(TransportContract, BeatsArriveBesideMessages) {
    TestNode a(NodeId(1), ours, here());
    TestNode b(NodeId(2), ours, here());
    a.start();
    b.start();
    a.set_address(b);
    const ports::Beat beat{0xfedc'ba98'7654'3210, true};
    a.on_loop([&] {
        a.network->transport().beat(b.id, beat);
        a.network->transport().beat(NodeId(99), beat);
        a.network->transport().flush();
    });
    a.send(b.id, Term(5));
    ASSERT_TRUE(
        b.inbox.watched.wait([&] { return !b.inbox.beats.empty() && !b.inbox.envelopes.empty(); }));
    EXPECT_EQ(b.inbox.beats, (std::vector{std::pair(a.id, beat)}));
}

TEST_P(TransportContract, EntriesOutliveTheConnectionTheyCameBy) {
    TestNode b(NodeId(2), ours, here());
    b.start();
    {
        TestNode a(NodeId(1), ours, here());
        a.start();
        a.set_address(b);
        a.send(b.id, Term(1), {entry(1, 100), entry(2, 400'000)});
        ASSERT_TRUE(b.inbox.watched.wait([&] { return !b.inbox.envelopes.empty(); }));
    }
    const auto& body = b.inbox.envelopes.front().message.body;
    EXPECT_EQ(std::get<core::AppendRequest>(body).entries[1], entry(2, 400'000));
}

TEST_P(TransportContract, SendToAnUnknownNodeIsDropped) {
    TestNode a(NodeId(1), ours, here());
    a.start();
    a.send(NodeId(99), Term(1));
    a.on_loop([&] { a.network->transport().flush(); });
}

TEST_P(TransportContract, SendToADeadAddressIsDroppedAndWorksOnceItLives) {
    TestNode a(NodeId(1), ours, here());
    a.start();
    std::string address;
    {
        const TestNode gone(NodeId(2), ours, here());
        address = gone.network->address();
    }
    a.set_address(NodeId(2), address);
    a.send(NodeId(2), Term(1));
    TestNode b(NodeId(2), ours, here(address));
    b.start();
    send_until_heard(a, b);
}

TEST_P(TransportContract, ARestartedPeerIsFoundAgain) {
    TestNode a(NodeId(1), ours, here());
    a.start();
    std::string address;
    {
        TestNode b(NodeId(2), ours, here());
        b.start();
        address = b.network->address();
        a.set_address(b);
        send_until_heard(a, b);
    }
    TestNode b(NodeId(2), ours, here(address));
    b.start();
    send_until_heard(a, b);
}

TEST_P(TransportContract, ThePeersOwnWordOnItsAddressIsTold) {
    TestNode a(NodeId(1), ours, here());
    TestNode b(NodeId(2), ours, here());
    a.start();
    b.start();
    a.set_address(b);
    a.send(b.id, Term(1));
    ASSERT_TRUE(b.inbox.watched.wait([&] { return b.inbox.addresses.contains(a.id); }));
    EXPECT_EQ(b.inbox.addresses[a.id], a.network->address());
    // ... and b can answer without having been told where a is.
    b.send(a.id, Term(2));
    EXPECT_TRUE(a.inbox.watched.wait([&] { return !a.inbox.envelopes.empty(); }));
}

TEST_P(TransportContract, WhereANodeIsCanBeSaidWithoutAMessageAndIsTriedUntilItIsHeard) {
    TestNode a(NodeId(1), ours, here());
    a.start();
    a.announce(NodeId(9));  // of whom nothing is known
    std::string address;
    {
        TestNode gone(NodeId(2), ours, here());
        address = gone.network->address();
    }
    a.set_address(NodeId(2), address);
    a.announce(NodeId(2));
    if (is_tcp()) {
        ASSERT_TRUE(a.logs({"node", address}));
    }
    TestNode b(NodeId(2), ours, here(address));
    b.start();
    a.on_loop([&] { a.network->transport().flush(); });
    ASSERT_TRUE(b.inbox.watched.wait([&] { return b.inbox.addresses.contains(a.id); }));
    EXPECT_EQ(b.inbox.addresses[a.id], a.network->address());
    EXPECT_TRUE(b.inbox.envelopes.empty());
}

TEST_P(TransportContract, WhoGoesOnSpeakingOutdoesAnOldWordOnItsAddress) {
    TestNode a(NodeId(1), ours, here());
    TestNode b(NodeId(2), ours, here());
    a.start();
    b.start();
    a.set_address(b);
    send_until_heard(a, b);
    // A member list that was written before a moved says where it was; a's connection goes on.
    b.set_address(a.id, is_tcp() ? "127.0.0.1:1" : "elsewhere");
    b.inbox.watched.change([&] { b.inbox.addresses.clear(); });
    a.send(b.id, Term(2000));
    ASSERT_TRUE(b.inbox.watched.wait([&] { return b.inbox.addresses.contains(a.id); }));
    EXPECT_EQ(b.inbox.addresses[a.id], a.network->address());
    send_until_heard(b, a);
}

TEST_P(TransportContract, TheNewestAddressCounts) {
    TestNode a(NodeId(1), ours, here());
    TestNode old_place(NodeId(2), ours, here());
    TestNode new_place(NodeId(2), ours, here());
    a.start();
    old_place.start();
    new_place.start();
    a.set_address(old_place);
    send_until_heard(a, old_place);
    a.set_address(new_place);
    send_until_heard(a, new_place);
}

TEST_P(TransportContract, AnotherNodeAtTheAddressGetsNothing) {
    TestNode a(NodeId(1), ours, here());
    TestNode c(NodeId(3), ours, here());
    TestNode b(NodeId(2), ours, here());
    a.start();
    c.start();
    b.start();
    a.set_address(NodeId(2), c.network->address());
    a.send(NodeId(2), Term(1));
    if (is_tcp()) {
        ASSERT_TRUE(a.logs({"belongs to node"}));
    }
    a.set_address(b);
    send_until_heard(a, b);
    EXPECT_TRUE(c.inbox.envelopes.empty());
}

TEST_P(TransportContract, ANodeOfAnotherClusterIsRefusedByBothIds) {
    TestNode a(NodeId(1), ClusterId(0xaaaa), here());
    TestNode b(NodeId(2), ClusterId(0xbbbb), here());
    a.start();
    b.start();
    a.set_address(b);
    a.send(b.id, Term(1));
    if (is_tcp()) {
        EXPECT_TRUE(a.logs({"wrong_cluster", "000000000000aaaa", "000000000000bbbb"}));
    }
    EXPECT_TRUE(b.inbox.envelopes.empty());
}

TEST_P(TransportContract, ANodeWithoutAClusterMayListen) {
    TestNode a(NodeId(1), ClusterId(0xaaaa), here());
    TestNode b(NodeId(2), ClusterId(), here());
    a.start();
    b.start();
    a.set_address(b);
    send_until_heard(a, b);
}

TEST(TcpTransport, WhatWaitsTowardsAPeerIsBounded) {
    NodeConfig config;
    config.max_peer_queue_bytes = 1 << 20;
    TestNode a(NodeId(1), ours, config);
    a.start();
    // A listener whose backlog takes the connection and never says hello.
    TestNode silent(NodeId(2));
    a.set_address(silent);
    const auto big = entry(1, 100'000);
    a.on_loop([&] {
        for (int i = 0; i < 100; ++i) {
            core::AppendRequest request;
            request.entries = {big};
            a.network->transport().send({GroupId(9), {a.id, NodeId(2), Term(1), request}});
        }
        a.network->transport().flush();
    });
    silent.start();
    ASSERT_TRUE(silent.inbox.watched.wait([&] { return !silent.inbox.envelopes.empty(); }));
    a.send(silent.id, Term(99));
    ASSERT_TRUE(silent.inbox.watched.wait(
        [&] { return silent.inbox.envelopes.back().message.term == Term(99); }));
    EXPECT_LE(silent.inbox.envelopes.size(), 11u);
}

}  // namespace
}  // namespace rafted::test
