// The sentences of ports/door.hpp on real sockets: one request, one answer, any order, and a
// failure that says whether the request was sent.
#include <gtest/gtest.h>
#include <netdb.h>

#include <future>
#include <iostream>

#include "support/network_world.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;

ports::ClientRequest question(std::string_view body, milliseconds timeout = milliseconds(10'000)) {
    return {.kind = RequestKind::query,
            .group = "group",
            .timeout = timeout,
            .body = copy_of(view_of(body))};
}

TEST(ClientChannel, OneRequestOneAnswer) {
    TestNode node(NodeId(1));
    node.start();
    TestClient client;
    EXPECT_EQ(client.ask(node.network->address(), question("hello")).value(),
              copy_of(view_of("hello")));
    EXPECT_EQ(client.ask(node.network->address(), question("")).value(), Bytes{});
}

TEST(ClientChannel, LargeBodiesBothWays) {
    TestNode node(NodeId(1));
    node.start();
    TestClient client;
    const Bytes large(5 << 20, std::byte{42});
    auto request = question("");
    request.body = large;
    EXPECT_EQ(client.ask(node.network->address(), std::move(request)).value(), large);
}

TEST(ClientChannel, AnswersInAnyOrderFromAnyThread) {
    TestNode node(NodeId(1));
    node.door.answer_at_once = false;
    node.start();
    TestClient client;
    constexpr int count = 500;
    std::vector<std::promise<Result<Bytes>>> answers(count);
    for (int i = 0; i < count; ++i) {
        client.channel.send(node.network->address(), question(std::to_string(i)),
                            [&answers, i](Result<Bytes> answer) {
                                answers[static_cast<std::size_t>(i)].set_value(std::move(answer));
                            });
    }
    ASSERT_TRUE(node.door.count.wait([&] { return node.door.asked.size() == count; }));
    const auto answer = [&](std::size_t from, std::size_t step) {
        for (std::size_t i = from; i < count; i += step) {
            auto& asked = node.door.asked[count - 1 - i];
            asked.reply(Result<Bytes>(asked.request.body));
        }
    };
    std::thread even(answer, 0, 2);
    std::thread odd(answer, 1, 2);
    even.join();
    odd.join();
    for (int i = 0; i < count; ++i) {
        auto got = answers[static_cast<std::size_t>(i)].get_future().get();
        EXPECT_EQ(got.value(), copy_of(view_of(std::to_string(i))));
    }
}

TEST(ClientChannel, ErrorsTravelWhole) {
    TestNode node(NodeId(1));
    node.door.answer_at_once = false;
    node.start();
    TestClient client;
    const Error error{ErrorCode::not_leader, "not here", LeaderHint{NodeId(2), "there:2"}};
    std::promise<Result<Bytes>> got;
    client.channel.send(node.network->address(), question("x"),
                        [&](Result<Bytes> answer) { got.set_value(std::move(answer)); });
    ASSERT_TRUE(node.door.count.wait([&] { return !node.door.asked.empty(); }));
    node.door.asked[0].reply(std::unexpected(error));
    EXPECT_EQ(got.get_future().get().error(), error);
    EXPECT_LE(node.door.asked[0].request.timeout, milliseconds(10'000));
    EXPECT_EQ(node.door.asked[0].request.group, "group");
}

TEST(ClientChannel, NobodyThereIsUnreachable) {
    std::string address;
    {
        const TestNode gone(NodeId(1));
        address = gone.network->address();
    }
    TestClient client;
    const auto answer = client.ask(address, question("x"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unreachable);
    EXPECT_NE(answer.error().message.find(address), std::string::npos);
}

TEST(ClientChannel, ABadAddressIsInvalid) {
    TestClient client;
    EXPECT_EQ(client.ask("nonsense", question("x")).error().code, ErrorCode::invalid);
}

TEST(ClientChannel, ANameIsResolvedAndItsAddressesTriedInTurn) {
    addrinfo* found = nullptr;
    if (::getaddrinfo("localhost", nullptr, nullptr, &found) != 0) {
        std::cout << "*** NO LOCALHOST: this system cannot resolve any name (/etc/hosts) ***\n";
        return;
    }
    ::freeaddrinfo(found);
    TestNode node(NodeId(1));
    node.start();
    const auto address = node.network->address();
    TestClient client;
    const auto answer =
        client.ask("localhost" + address.substr(address.rfind(':')), question("by name"));
    EXPECT_TRUE(answer) << to_string(answer.error());
}

TEST(ClientChannel, OneThatNeverSaysHelloIsUnreachable) {
    const TestNode silent(NodeId(1));  // listens, accepts nobody
    net::Options options;
    options.connect_deadline = milliseconds(30);
    TestClient client({}, options);
    const auto answer = client.ask(silent.network->address(), question("x"));
    EXPECT_EQ(answer.error().code, ErrorCode::unreachable);
}

TEST(ClientChannel, NoAnswerInTimeIsTimeoutAndTheLateOneIsNobodys) {
    TestNode node(NodeId(1));
    node.door.answer_at_once = false;
    node.start();
    TestClient client;
    ASSERT_EQ(client.ask(node.network->address(), question("x", milliseconds(30))).error().code,
              ErrorCode::timeout);
    ASSERT_TRUE(node.door.count.wait([&] { return !node.door.asked.empty(); }));
    node.door.asked[0].reply(Result<Bytes>(Bytes{}));
    node.on_loop([&] { node.door.answer_at_once = true; });
    EXPECT_TRUE(client.ask(node.network->address(), question("y")));
}

TEST(ClientChannel, ALostConnectionIsTimeoutAndTheNextRequestConnectsAgain) {
    NodeConfig config;
    TestClient client;
    std::promise<Result<Bytes>> lost;
    {
        TestNode node(NodeId(1));
        node.door.answer_at_once = false;
        node.start();
        config.listen = node.network->address();
        client.channel.send(config.listen, question("x"),
                            [&](Result<Bytes> answer) { lost.set_value(std::move(answer)); });
        ASSERT_TRUE(node.door.count.wait([&] { return !node.door.asked.empty(); }));
    }
    EXPECT_EQ(lost.get_future().get().error().code, ErrorCode::timeout);
    TestNode node(NodeId(1), ClusterId(7), config);
    node.start();
    EXPECT_TRUE(client.ask(config.listen, question("again")));
}

TEST(ClientChannel, AnotherClusterIsNamed) {
    TestNode node(NodeId(1), ClusterId(0xaaaa));
    node.start();
    TestClient wrong(ClusterId(0xbbbb));
    const auto answer = wrong.ask(node.network->address(), question("x"));
    EXPECT_EQ(answer.error().code, ErrorCode::wrong_cluster);
    EXPECT_NE(answer.error().message.find("000000000000bbbb"), std::string::npos);
    TestClient right(ClusterId(0xaaaa));
    EXPECT_TRUE(right.ask(node.network->address(), question("x")));
}

TEST(ClientChannel, ANodeInsistsOnItsClusterAsSoonAsItHasOne) {
    TestNode other(NodeId(1), ClusterId(0xaaaa));
    TestNode node(NodeId(2), ClusterId());
    other.start();
    node.start();
    const auto ask = [&](const std::string& address) {
        std::promise<Result<Bytes>> answer;
        node.network->channel().send(address, question("x"), [&](Result<Bytes> result) {
            answer.set_value(std::move(result));
        });
        return answer.get_future().get();
    };
    EXPECT_TRUE(ask(other.network->address()));
    node.on_loop([&] { node.network->set_cluster(ClusterId(0xbbbb)); });
    TestNode another(NodeId(3), ClusterId(0xaaaa));
    another.start();
    EXPECT_EQ(ask(another.network->address()).error().code, ErrorCode::wrong_cluster);
}

TEST(ClientChannel, TooManyRequestsOfOneConnectionAreBusy) {
    NodeConfig config;
    config.max_requests_per_connection = 3;
    TestNode node(NodeId(1), ClusterId(7), config);
    node.door.answer_at_once = false;
    node.start();
    std::vector<std::promise<Result<Bytes>>> answers(4);
    TestClient client;
    for (auto& one : answers) {
        client.channel.send(node.network->address(), question("x"),
                            [&one](Result<Bytes> answer) { one.set_value(std::move(answer)); });
    }
    EXPECT_EQ(answers[3].get_future().get().error().code, ErrorCode::busy);
    // Room again once one is answered.
    ASSERT_TRUE(node.door.count.wait([&] { return node.door.asked.size() == 3; }));
    node.door.asked[0].reply(Result<Bytes>(Bytes{}));
    EXPECT_TRUE(answers[0].get_future().get());
    node.on_loop([&] { node.door.answer_at_once = true; });
    EXPECT_TRUE(client.ask(node.network->address(), question("y")));
}

TEST(ClientChannel, AClientThatNeverReadsIsCutAndOthersAreServed) {
    NodeConfig config;
    config.max_client_queue_bytes = 1 << 20;
    TestNode node(NodeId(1), ClusterId(7), config);
    node.start();
    const RawSocket deaf(node.network->address());
    deaf.send(framed(net::encode(net::Hello{})));
    auto frame = net::encode_request(1, question(std::string(1 << 20, 'x')));
    frame.head.insert(frame.head.end(), frame.body.begin(), frame.body.end());
    const auto request = framed(frame.head);
    for (int i = 0; i < 64; ++i) deaf.send(request);  // send() gives up once it is cut
    deaf.end_sending();
    Bytes answers;
    EXPECT_TRUE(deaf.read_to_end(answers));
    EXPECT_LT(answers.size(), std::size_t{64} << 20);
    TestClient client;
    EXPECT_TRUE(client.ask(node.network->address(), question("others")));
}

TEST(ClientChannel, ANodesOwnAddressGoesToItsDoorWithoutASocket) {
    TestNode node(NodeId(1));
    node.door.answer_at_once = false;
    node.start();
    std::promise<Result<Bytes>> answer;
    bool answered_in_loop = false;
    node.network->channel().send(node.network->address(), question("me"),
                                 [&](Result<Bytes> result) {
                                     answered_in_loop = node.loop.in_loop();
                                     answer.set_value(std::move(result));
                                 });
    ASSERT_TRUE(node.door.count.wait([&] { return !node.door.asked.empty(); }));
    node.door.asked[0].reply(Result<Bytes>(copy_of(view_of("me too"))));
    EXPECT_EQ(answer.get_future().get().value(), copy_of(view_of("me too")));
    EXPECT_TRUE(answered_in_loop);
}

TEST(ClientChannel, ADoorThatNeverAnswersIsTimeout) {
    TestNode node(NodeId(1));
    node.door.answer_at_once = false;
    node.start();
    std::promise<Result<Bytes>> answer;
    node.network->channel().send(
        node.network->address(), question("me", milliseconds(20)),
        [&](Result<Bytes> result) { answer.set_value(std::move(result)); });
    EXPECT_EQ(answer.get_future().get().error().code, ErrorCode::timeout);
}

TEST(ClientChannel, ClosingAnswersWhatWaits) {
    TestNode node(NodeId(1));
    node.door.answer_at_once = false;
    node.start();
    std::promise<Result<Bytes>> remote;
    std::promise<Result<Bytes>> late;
    {
        TestClient client;
        client.channel.send(node.network->address(), question("x"),
                            [&](Result<Bytes> result) { remote.set_value(std::move(result)); });
        ASSERT_TRUE(node.door.count.wait([&] { return !node.door.asked.empty(); }));
        client.loop.stop();
        client.channel.close();
        EXPECT_EQ(remote.get_future().get().error().code, ErrorCode::stopped);
        client.channel.send(node.network->address(), question("x"),
                            [&](Result<Bytes> result) { late.set_value(std::move(result)); });
        EXPECT_EQ(late.get_future().get().error().code, ErrorCode::stopped);
    }
    // An answer that comes after everything is gone falls on deaf ears.
    node.close();
    node.door.asked[0].reply(Result<Bytes>(Bytes{}));
}

}  // namespace
}  // namespace rafted::test
