// The sentences of ports/transport.hpp, on the network of the real world: TCP over loopback.
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

/// Sends until something arrives: a message may be lost, and then a member says it again.
void send_until_heard(TestNode& from, TestNode& to) {
    for (std::uint64_t term = 1; term < 2000; ++term) {
        from.send(to.id, Term(term));
        const auto heard = [&] { return !to.inbox.envelopes.empty(); };
        if (to.inbox.watched.wait(heard, std::chrono::milliseconds(5))) return;
    }
    FAIL() << "nothing arrived";
}

TEST(TransportContract, WhatArrivesIsWhatWasSent) {
    TestNode a(NodeId(1));
    TestNode b(NodeId(2));
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

TEST(TransportContract, ManyMessagesKeepTheirOrderOnOneConnection) {
    TestNode a(NodeId(1));
    TestNode b(NodeId(2));
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

TEST(TransportContract, EntriesOutliveTheConnectionTheyCameBy) {
    TestNode b(NodeId(2));
    b.start();
    {
        TestNode a(NodeId(1));
        a.start();
        a.set_address(b);
        a.send(b.id, Term(1), {entry(1, 100), entry(2, 400'000)});
        ASSERT_TRUE(b.inbox.watched.wait([&] { return !b.inbox.envelopes.empty(); }));
    }
    const auto& body = b.inbox.envelopes.front().message.body;
    EXPECT_EQ(std::get<core::AppendRequest>(body).entries[1], entry(2, 400'000));
}

TEST(TransportContract, SendToAnUnknownNodeIsDropped) {
    TestNode a(NodeId(1));
    a.start();
    a.send(NodeId(99), Term(1));
    a.on_loop([&] { a.network->transport().flush(); });
}

TEST(TransportContract, SendToADeadAddressIsDroppedAndWorksOnceItLives) {
    TestNode a(NodeId(1));
    a.start();
    std::string address;
    {
        const TestNode gone(NodeId(2));
        address = gone.network->address();
    }
    a.set_address(NodeId(2), address);
    a.send(NodeId(2), Term(1));
    NodeConfig config;
    config.listen = address;
    TestNode b(NodeId(2), ClusterId(7), config);
    b.start();
    send_until_heard(a, b);
}

TEST(TransportContract, ARestartedPeerIsFoundAgain) {
    TestNode a(NodeId(1));
    a.start();
    NodeConfig config;
    {
        TestNode b(NodeId(2));
        b.start();
        config.listen = b.network->address();
        a.set_address(b);
        send_until_heard(a, b);
    }
    TestNode b(NodeId(2), ClusterId(7), config);
    b.start();
    send_until_heard(a, b);
}

TEST(TransportContract, ThePeersOwnWordOnItsAddressIsTold) {
    TestNode a(NodeId(1));
    TestNode b(NodeId(2));
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

TEST(TransportContract, WhereANodeIsCanBeSaidWithoutAMessageAndIsTriedUntilItIsHeard) {
    TestNode a(NodeId(1));
    a.start();
    a.announce(NodeId(9));  // of whom nothing is known
    NodeConfig config;
    {
        TestNode gone(NodeId(2));
        config.listen = gone.network->address();
    }
    a.set_address(NodeId(2), config.listen);
    a.announce(NodeId(2));
    ASSERT_TRUE(a.logs({"node", config.listen}));
    TestNode b(NodeId(2), ClusterId(7), config);
    b.start();
    ASSERT_TRUE(b.inbox.watched.wait([&] { return b.inbox.addresses.contains(a.id); }));
    EXPECT_EQ(b.inbox.addresses[a.id], a.network->address());
    EXPECT_TRUE(b.inbox.envelopes.empty());
}

TEST(TransportContract, WhoGoesOnSpeakingOutdoesAnOldWordOnItsAddress) {
    TestNode a(NodeId(1));
    TestNode b(NodeId(2));
    a.start();
    b.start();
    a.set_address(b);
    send_until_heard(a, b);
    // A member list that was written before a moved says where it was; a's connection goes on.
    b.set_address(a.id, "127.0.0.1:1");
    b.inbox.watched.change([&] { b.inbox.addresses.clear(); });
    a.send(b.id, Term(2000));
    ASSERT_TRUE(b.inbox.watched.wait([&] { return b.inbox.addresses.contains(a.id); }));
    EXPECT_EQ(b.inbox.addresses[a.id], a.network->address());
    send_until_heard(b, a);
}

TEST(TransportContract, TheNewestAddressCounts) {
    TestNode a(NodeId(1));
    TestNode old_place(NodeId(2));
    TestNode new_place(NodeId(2));
    a.start();
    old_place.start();
    new_place.start();
    a.set_address(old_place);
    send_until_heard(a, old_place);
    a.set_address(new_place);
    send_until_heard(a, new_place);
}

TEST(TransportContract, AnotherNodeAtTheAddressGetsNothing) {
    TestNode a(NodeId(1));
    TestNode c(NodeId(3));
    TestNode b(NodeId(2));
    a.start();
    c.start();
    b.start();
    a.set_address(NodeId(2), c.network->address());
    a.send(NodeId(2), Term(1));
    ASSERT_TRUE(a.logs({"belongs to node"}));
    a.set_address(b);
    send_until_heard(a, b);
    EXPECT_TRUE(c.inbox.envelopes.empty());
}

TEST(TransportContract, ANodeOfAnotherClusterIsRefusedByBothIds) {
    TestNode a(NodeId(1), ClusterId(0xaaaa));
    TestNode b(NodeId(2), ClusterId(0xbbbb));
    a.start();
    b.start();
    a.set_address(b);
    a.send(b.id, Term(1));
    EXPECT_TRUE(a.logs({"wrong_cluster", "000000000000aaaa", "000000000000bbbb"}));
    EXPECT_TRUE(b.inbox.envelopes.empty());
}

TEST(TransportContract, ANodeWithoutAClusterMayListen) {
    TestNode a(NodeId(1), ClusterId(0xaaaa));
    TestNode b(NodeId(2), ClusterId());
    a.start();
    b.start();
    a.set_address(b);
    send_until_heard(a, b);
}

TEST(TransportContract, WhatWaitsTowardsAPeerIsBounded) {
    NodeConfig config;
    config.max_peer_queue_bytes = 1 << 20;
    TestNode a(NodeId(1), ClusterId(7), config);
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
