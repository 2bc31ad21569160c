// Requests inside a LocalNetwork: one answer each, on the asker's loop, and errors that say what is
// wrong with the address.
#include <gtest/gtest.h>

#include <future>

#include "support/network_world.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;

class LocalChannel : public testing::Test {
protected:
    NodeConfig here(const std::string& name) const {
        NodeConfig config;
        config.listen = name;
        config.local_network = network_;
        return config;
    }
    static Result<Bytes> ask(TestNode& from, const std::string& address, std::string_view body,
                             milliseconds timeout = milliseconds(10'000)) {
        std::promise<Result<Bytes>> answer;
        from.network->channel().send(address,
                                     {RequestKind::query, "group", timeout, copy_of(view_of(body))},
                                     [&](Result<Bytes> result) {
                                         EXPECT_TRUE(from.loop.in_loop());
                                         answer.set_value(std::move(result));
                                     });
        return answer.get_future().get();
    }

private:
    std::shared_ptr<LocalNetwork> network_ = make_local_network();
};

TEST_F(LocalChannel, AsksItsOwnDoorAndThoseOfOthers) {
    TestNode a(NodeId(1), ClusterId(7), here("a"));
    TestNode b(NodeId(2), ClusterId(7), here("b"));
    a.start();
    b.start();
    EXPECT_EQ(a.network->address(), "a");
    EXPECT_EQ(ask(a, "a", "to myself").value(), copy_of(view_of("to myself")));
    EXPECT_EQ(ask(a, "b", "to you").value(), copy_of(view_of("to you")));
    EXPECT_EQ(a.door.answered, 1);
    EXPECT_EQ(b.door.answered, 1);
}

TEST_F(LocalChannel, WhereNobodyIsOrNoLongerIsNothingCanBeReached) {
    TestNode a(NodeId(1), ClusterId(7), here("a"));
    a.start();
    EXPECT_EQ(ask(a, "b", "?").error().code, ErrorCode::unreachable);
    TestNode b(NodeId(2), ClusterId(7), here("b"));
    EXPECT_EQ(ask(a, "b", "?").error().code, ErrorCode::unreachable) << "it has not started";
    b.start();
    EXPECT_TRUE(ask(a, "b", "?"));
    b.close();
    EXPECT_EQ(ask(a, "b", "?").error().code, ErrorCode::unreachable);
}

TEST_F(LocalChannel, ANodeOfAnotherClusterIsRefused) {
    TestNode a(NodeId(1), ClusterId(7), here("a"));
    TestNode b(NodeId(2), ClusterId(8), here("b"));
    a.start();
    b.start();
    EXPECT_EQ(ask(a, "b", "?").error().code, ErrorCode::wrong_cluster);
    a.on_loop([&] { a.network->set_cluster(ClusterId(8)); });
    EXPECT_TRUE(ask(a, "b", "?"));
}

TEST_F(LocalChannel, WhoDoesNotAnswerInTimeIsGivenUp) {
    TestNode a(NodeId(1), ClusterId(7), here("a"));
    TestNode b(NodeId(2), ClusterId(7), here("b"));
    b.door.answer_at_once = false;
    a.start();
    b.start();
    EXPECT_EQ(ask(a, "b", "?", milliseconds(20)).error().code, ErrorCode::timeout);
    b.door.asked.front().reply(Result<Bytes>(Bytes{}));  // too late, and dropped
}

TEST_F(LocalChannel, WhatWaitsWhenTheNodeClosesIsToldSo) {
    TestNode a(NodeId(1), ClusterId(7), here("a"));
    TestNode b(NodeId(2), ClusterId(7), here("b"));
    b.door.answer_at_once = false;
    a.start();
    b.start();
    std::promise<Result<Bytes>> answer;
    a.network->channel().send("b", {RequestKind::query, "group", milliseconds(10'000), {}},
                              [&](Result<Bytes> result) { answer.set_value(std::move(result)); });
    ASSERT_TRUE(b.door.count.wait([&] { return !b.door.asked.empty(); }));
    a.close();
    EXPECT_EQ(answer.get_future().get().error().code, ErrorCode::stopped);
}

TEST_F(LocalChannel, ANameIsTakenOnce) {
    net::Loop loop;
    const auto first = net::Network::open(loop, here("a"), {NodeId(1), ClusterId(7)});
    ASSERT_TRUE(first);
    const auto second = net::Network::open(loop, here("a"), {NodeId(2), ClusterId(7)});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::in_use);
}

}  // namespace
}  // namespace rafted::test
