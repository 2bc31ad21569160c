// How a handle finds the leader, and what is tried again and what is not.
#include "rafted/codec.hpp"
#include "rafted/status.hpp"
#include "support/caller_world.hpp"

namespace rafted::test {
namespace {

class GroupCaller : public CallerWorld {};

TEST_F(GroupCaller, FollowsTheHintAtOnceAndRemembersTheLeader) {
    make({"a", "b"});
    channel.script = [](const Sent& sent) -> Result<Bytes> {
        if (sent.to == "z") return bytes_of("done");
        return not_leader("z");
    };
    const auto before = loop.now();
    EXPECT_EQ(finish(RequestKind::query).value(), bytes_of("done"));
    EXPECT_EQ(channel.targets(RequestKind::query), (std::vector<std::string>{"a", "z"}));
    EXPECT_EQ(channel.of(RequestKind::query).back().at, before);
    finish(RequestKind::query);
    EXPECT_EQ(channel.targets(RequestKind::query).back(), "z");
    EXPECT_EQ(channel.targets(RequestKind::query).size(), 3u);
}

TEST_F(GroupCaller, WithoutAHintTheNextAddressAfterAPause) {
    make();
    channel.script = [&](const Sent& sent) -> Result<Bytes> {
        if (sent.to == "c") return bytes_of("done");
        return not_leader();
    };
    EXPECT_TRUE(finish(RequestKind::query));
    const auto sent = channel.of(RequestKind::query);
    ASSERT_EQ(sent.size(), 3u);
    EXPECT_EQ(sent[1].to, "b");
    EXPECT_GE(sent[1].at - sent[0].at, milliseconds(5));
    EXPECT_LE(sent[1].at - sent[0].at, milliseconds(10));
    EXPECT_GE(sent[2].at - sent[1].at, milliseconds(10));
}

TEST_F(GroupCaller, DeadAddressesArePassedOverAtOnce) {
    make();
    channel.script = [&](const Sent& sent) -> Result<Bytes> {
        if (sent.to == "c") return bytes_of("done");
        return fail(ErrorCode::unreachable);
    };
    const auto before = loop.now();
    EXPECT_TRUE(finish(RequestKind::query));
    EXPECT_EQ(channel.of(RequestKind::query).back().at, before);
}

TEST_F(GroupCaller, PausesGrowToTheirLimit) {
    make();
    channel.script = [](const Sent&) -> Result<Bytes> { return fail(ErrorCode::unreachable); };
    CallOptions options;
    options.timeout = milliseconds(10'000);
    EXPECT_EQ(finish(RequestKind::query, options).error().code, ErrorCode::unreachable);
    const auto sent = channel.of(RequestKind::query);
    EXPECT_GT(sent.size(), 3u * 40);
    EXPECT_LT(sent.size(), 3u * 95);
    EXPECT_GE(sent[sent.size() - 1].at - sent[sent.size() - 4].at, milliseconds(125));
    EXPECT_LE(sent[sent.size() - 1].at - sent[sent.size() - 4].at, milliseconds(250));
}

TEST_F(GroupCaller, TwoThatTakeEachOtherForTheLeaderDoNotMakeACircle) {
    make({"a", "b"});
    channel.script = [](const Sent& sent) -> Result<Bytes> {
        return not_leader(sent.to == "a" ? "b" : "a");
    };
    CallOptions options;
    options.timeout = milliseconds(1000);
    EXPECT_EQ(finish(RequestKind::query, options).error().code, ErrorCode::not_leader);
    EXPECT_LT(channel.of(RequestKind::query).size(), 100u);
}

TEST_F(GroupCaller, AHintToTheLeaderThatJustDiedIsNotFollowed) {
    make();
    bool elected = false;
    channel.script = [&](const Sent& sent) -> std::optional<Result<Bytes>> {
        if (sent.to == "a") return std::nullopt;  // hangs: each attempt costs a whole timeout
        if (sent.to == "c" && elected) return bytes_of("done");
        return not_leader(elected ? "c" : "a");
    };
    const auto slot = begin(RequestKind::query);
    loop.advance(milliseconds(1300));
    elected = true;
    loop.advance(milliseconds(400));
    ASSERT_TRUE(slot->has_value());
    EXPECT_TRUE(slot->value());
    EXPECT_EQ(std::ranges::count(channel.targets(RequestKind::query), "a"), 1);
}

TEST_F(GroupCaller, AdminRequestsAreTriedAgainOnlyIfTheyDidNotHappen) {
    make();
    int tries = 0;
    channel.script = [&](const Sent&) -> Result<Bytes> {
        switch (++tries) {
            case 1: return fail(ErrorCode::unreachable);
            case 2: return fail(ErrorCode::busy);
            case 3: return not_leader("c");
            default: return fail(ErrorCode::lost_lead);
        }
    };
    EXPECT_EQ(finish(RequestKind::remove).error().code, ErrorCode::lost_lead);
    EXPECT_EQ(tries, 4);
    for (const auto code : {ErrorCode::change_in_progress, ErrorCode::not_member,
                            ErrorCode::would_break_quorum, ErrorCode::timeout}) {
        tries = 0;
        channel.script = [&](const Sent&) -> Result<Bytes> {
            ++tries;
            return fail(code);
        };
        EXPECT_EQ(finish(RequestKind::remove).error().code, code);
        EXPECT_EQ(tries, 1) << name_of(code);
    }
}

TEST_F(GroupCaller, AnAdminRequestHasAllItsTimeInOneAttempt) {
    make();
    channel.script = [](const Sent&) { return std::nullopt; };
    CallOptions options;
    options.timeout = milliseconds(30'000);
    EXPECT_EQ(finish(RequestKind::add_member, options).error().code, ErrorCode::timeout);
    ASSERT_EQ(channel.of(RequestKind::add_member).size(), 1u);
    EXPECT_EQ(channel.of(RequestKind::add_member)[0].request.timeout, milliseconds(30'000));
}

TEST_F(GroupCaller, ForceRemoveStaysWithTheFirstAddress) {
    make();
    int tries = 0;
    channel.script = [&](const Sent&) -> Result<Bytes> {
        if (++tries < 3) return fail(ErrorCode::unreachable);
        return not_leader("b");
    };
    EXPECT_EQ(finish(RequestKind::force_remove).error().code, ErrorCode::not_leader);
    EXPECT_EQ(channel.targets(RequestKind::force_remove),
              (std::vector<std::string>{"a", "a", "a"}));
}

TEST_F(GroupCaller, NoSuchGroupIsTheAnswerOnlyIfEveryAddressSaysSo) {
    make();
    channel.script = [](const Sent&) -> Result<Bytes> { return fail(ErrorCode::no_such_group); };
    EXPECT_EQ(finish(RequestKind::query).error().code, ErrorCode::no_such_group);
    EXPECT_EQ(channel.of(RequestKind::query).size(), 3u);
    channel.script = [](const Sent& sent) -> Result<Bytes> {
        if (sent.to == "b") return bytes_of("done");
        return fail(ErrorCode::no_such_group);
    };
    EXPECT_TRUE(finish(RequestKind::query));
}

TEST_F(GroupCaller, ARefusalAfterATryThatMayHaveHappenedIsStillUnknown) {
    make();
    int tries = 0;
    channel.script = [&](const Sent&) -> Result<Bytes> {
        if (++tries == 1) return fail(ErrorCode::stopped);
        return fail(ErrorCode::no_such_group);
    };
    const auto answer = finish(RequestKind::command);
    EXPECT_EQ(answer.error().code, ErrorCode::timeout);
    EXPECT_NE(answer.error().message.find("no_such_group"), std::string::npos);
}

/// The leader was too slow for one attempt, and full by the next: the first may be in its log.
TEST_F(GroupCaller, AFullDiskAfterATryThatMayHaveHappenedIsStillUnknown) {
    make();
    int tries = 0;
    channel.script = [&](const Sent&) -> Result<Bytes> {
        return fail(++tries == 1 ? ErrorCode::lost_lead : ErrorCode::disk_full);
    };
    const auto answer = finish(RequestKind::command);
    EXPECT_EQ(answer.error().code, ErrorCode::timeout);
    EXPECT_NE(answer.error().message.find("disk_full"), std::string::npos);
    tries = 0;
    channel.script = [&](const Sent&) -> Result<Bytes> {
        if (++tries == 1) return fail(ErrorCode::lost_lead);
        if (tries < 5) return fail(ErrorCode::disk_full);
        return bytes_of("done");
    };
    EXPECT_TRUE(finish(RequestKind::command)) << "once there is room it is answered";
}

/// Its process has begun anew and has not opened the group yet; the others still hint at it.
TEST_F(GroupCaller, ALeaderWithoutItsGroupIsNotTheEndOfIt) {
    make();
    int asked_b = 0;
    channel.script = [&](const Sent& sent) -> Result<Bytes> {
        if (sent.to == "a") return fail(ErrorCode::no_such_group);
        if (sent.to == "b" && ++asked_b > 6) return bytes_of("done");
        return not_leader("a");
    };
    EXPECT_TRUE(finish(RequestKind::command));
}

TEST_F(GroupCaller, AQueryHasNotHappenedWhateverBecameOfAnAttempt) {
    make();
    int tries = 0;
    channel.script = [&](const Sent&) -> Result<Bytes> {
        return fail(++tries == 1 ? ErrorCode::stopped : ErrorCode::no_such_group);
    };
    EXPECT_EQ(finish(RequestKind::query).error().code, ErrorCode::no_such_group);
}

TEST_F(GroupCaller, TheValuesOwnRefusalIsTheAnswerAtOnce) {
    make();
    for (const auto code : {ErrorCode::value_threw, ErrorCode::too_large, ErrorCode::invalid,
                            ErrorCode::forgotten, ErrorCode::wrong_cluster, ErrorCode::disk_full}) {
        channel.sent.clear();
        channel.script = [&](const Sent&) -> Result<Bytes> { return fail(code); };
        EXPECT_EQ(finish(RequestKind::query).error().code, code);
        EXPECT_EQ(channel.of(RequestKind::query).size(), 1u);
    }
}

TEST_F(GroupCaller, AttemptsGrowForValuesThatAreSlow) {
    make({"a"});
    channel.script = [](const Sent&) { return std::nullopt; };
    CallOptions options;
    options.timeout = milliseconds(10'000);
    EXPECT_EQ(finish(RequestKind::query, options).error().code, ErrorCode::timeout);
    const auto sent = channel.of(RequestKind::query);
    ASSERT_GE(sent.size(), 3u);
    EXPECT_EQ(sent[0].request.timeout, milliseconds(10'000));
    EXPECT_LE(sent[1].at - sent[0].at, milliseconds(1000 + 10));
    EXPECT_GE(sent[2].at - sent[1].at, milliseconds(2000));
    EXPECT_LE(sent[2].at - sent[1].at, milliseconds(2000 + 20));
}

TEST_F(GroupCaller, WhatAnyNodeCanAnswerIsAskedAtHome) {
    make({"home", "b"}, true);
    channel.scripted_status = true;
    channel.script = [](const Sent& sent) -> Result<Bytes> {
        if (sent.request.kind == RequestKind::query && sent.to != "b") return not_leader("b");
        return bytes_of("done");
    };
    EXPECT_TRUE(finish(RequestKind::query));
    EXPECT_TRUE(finish(RequestKind::query_stale));
    EXPECT_TRUE(finish(RequestKind::list_groups));
    EXPECT_EQ(channel.targets(RequestKind::query_stale).back(), "home");
    EXPECT_EQ(channel.targets(RequestKind::list_groups).back(), "home");
}

TEST_F(GroupCaller, LearnsTheOtherMembersFromTheLeaderItFinds) {
    make({"a"});
    channel.scripted_status = true;
    bool a_is_dead = false;
    channel.script = [&](const Sent& sent) -> Result<Bytes> {
        if (sent.to == "a" && a_is_dead) return fail(ErrorCode::unreachable);
        if (sent.request.kind == RequestKind::status) {
            Status status;
            status.group = "g";
            for (const char* address : {"a", "b"}) {
                status.members.emplace_back().address = address;
            }
            return encode(status);
        }
        return bytes_of(sent.to);
    };
    EXPECT_EQ(finish(RequestKind::query).value(), bytes_of("a"));
    a_is_dead = true;
    EXPECT_EQ(finish(RequestKind::query).value(), bytes_of("b"));
}

TEST_F(GroupCaller, TooManyCallsAreBusy) {
    max_calls = 2;
    make();
    channel.script = [](const Sent&) { return std::nullopt; };
    begin(RequestKind::query);
    begin(RequestKind::query);
    EXPECT_EQ(begin(RequestKind::query)->value().error().code, ErrorCode::busy);
}

// A flood must not grow a queue that only the loop could empty.
TEST_F(GroupCaller, TooManyCallsAreBusyBeforeTheLoopHearsOfThem) {
    max_calls = 2;
    make();
    channel.script = [](const Sent&) -> Result<Bytes> { return bytes_of("done"); };
    int done = 0;
    int busy = 0;
    const auto call = [&] {
        caller->call(RequestKind::query, {}, {}, [&](const Result<Bytes>& answer) {
            ++(answer ? done : busy);
            EXPECT_TRUE(answer || answer.error().code == ErrorCode::busy);
        });
    };
    for (int i = 0; i < 5; ++i) call();
    EXPECT_EQ(busy, 3) << "at once";
    EXPECT_EQ(done, 0);
    loop.run();
    EXPECT_EQ(done, 2);
    for (int i = 0; i < 2; ++i) call();
    loop.run();
    EXPECT_EQ(done, 4) << "there is room again";
    EXPECT_EQ(busy, 3);
}

TEST_F(GroupCaller, ClosingAnswersEverythingOnce) {
    make();
    channel.script = [](const Sent&) { return std::nullopt; };
    const auto query = begin(RequestKind::query);
    const auto command = begin(RequestKind::command);
    caller->close();
    loop.run();
    EXPECT_EQ(query->value().error().code, ErrorCode::stopped);
    EXPECT_EQ(command->value().error().code, ErrorCode::stopped);
    EXPECT_EQ(begin(RequestKind::query)->value().error().code, ErrorCode::stopped);
    loop.stopped = true;
    EXPECT_EQ(begin(RequestKind::query)->value().error().code, ErrorCode::stopped);
    caller.reset();
    loop.advance(milliseconds(60'000));  // late answers and pauses find nobody
}

TEST_F(GroupCaller, AnsweredCallsLeaveNothingBehind) {
    make();
    channel.script = [](const Sent&) -> Result<Bytes> { return bytes_of("done"); };
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(begin(RequestKind::command)->value());
    EXPECT_EQ(loop.timers(), 1u);  // the one that watches over all calls
}

}  // namespace
}  // namespace rafted::test
