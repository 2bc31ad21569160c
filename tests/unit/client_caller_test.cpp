// The caller against a scripted cluster and a clock that moves by hand: how the leader is found,
// what is tried again and what is not, and that all attempts of a command carry one id.
#include "client/caller.hpp"

#include <gtest/gtest.h>

#include <set>

#include "rafted/codec.hpp"
#include "rafted/status.hpp"
#include "support/fake_loop.hpp"
#include "value/envelope.hpp"

namespace rafted::client {
namespace {

using std::chrono::milliseconds;

struct Sent {
    std::string to;
    ports::ClientRequest request;
    core::Time at;
};

/// Answers by the test's script; what the script leaves open is answered by timeout, as the real
/// one does.
class ScriptedChannel final : public ports::Channel {
public:
    using Script = std::function<std::optional<Result<Bytes>>(const Sent&)>;
    explicit ScriptedChannel(test::FakeLoop& loop) : loop_(loop) {}

    void send(const std::string& address, ports::ClientRequest request,
              ports::Reply reply) override {
        sent.push_back({address, std::move(request), loop_.now()});
        const auto& one = sent.back();
        if (one.request.kind == RequestKind::open_session && auto_session) {
            return answer(std::move(reply), session(next_session++));
        }
        if (one.request.kind == RequestKind::status && !scripted_status) return;
        auto scripted = script(one);
        if (scripted) return answer(std::move(reply), std::move(*scripted));
        loop_.call_at(loop_.now() + one.request.timeout, [reply = std::move(reply)] {
            reply(fail(ErrorCode::timeout, "no answer in time"));
        });
    }
    static Result<Bytes> session(std::uint64_t id) {
        Writer out;
        out.number(id);
        return out.take();
    }
    /// What was sent, without what the caller asks on its own account.
    std::vector<Sent> of(RequestKind kind) const {
        std::vector<Sent> found;
        for (const auto& one : sent) {
            if (one.request.kind == kind) found.push_back(one);
        }
        return found;
    }
    std::vector<std::string> targets(RequestKind kind) const {
        std::vector<std::string> found;
        for (const auto& one : of(kind)) found.push_back(one.to);
        return found;
    }

    Script script = [](const Sent&) { return std::nullopt; };
    std::vector<Sent> sent;
    bool auto_session = true;
    bool scripted_status = false;
    std::uint64_t next_session = 100;

private:
    void answer(ports::Reply reply, Result<Bytes> result) {
        auto shared = std::make_shared<Result<Bytes>>(std::move(result));
        loop_.post([reply = std::move(reply), shared] { reply(std::move(*shared)); });
    }
    test::FakeLoop& loop_;
};

std::unexpected<Error> not_leader(std::string hint = {}) {
    Error error{ErrorCode::not_leader, "", {}};
    if (!hint.empty()) error.leader = LeaderHint{NodeId(1), std::move(hint)};
    return std::unexpected(error);
}

Bytes bytes_of(std::string_view text) { return copy_of(view_of(text)); }

value::SessionId session_of(const Sent& sent) {
    return std::get<value::SessionId>(value::open(sent.request.body)->id);
}

class GroupCallerTest : public testing::Test {
protected:
    void make(std::vector<std::string> addresses = {"a", "b", "c"}, bool local = false) {
        CallerOptions options;
        options.group = "g";
        options.addresses = std::move(addresses);
        options.first_is_local = local;
        options.session_window = window;
        options.max_calls = max_calls;
        caller = std::make_unique<GroupCaller>(loop, channel, options);
    }
    /// Begins a call; its answer will be in the slot.
    std::shared_ptr<std::optional<Result<Bytes>>> begin(RequestKind kind, CallOptions options = {},
                                                        std::string_view body = "body") {
        auto slot = std::make_shared<std::optional<Result<Bytes>>>();
        caller->call(kind, bytes_of(body), options, [slot](Result<Bytes> answer) {
            EXPECT_FALSE(slot->has_value()) << "answered twice";
            *slot = std::move(answer);
        });
        loop.run();
        return slot;
    }
    Result<Bytes> finish(RequestKind kind, CallOptions options = {}) {
        const auto slot = begin(kind, options);
        loop.advance(options.timeout + milliseconds(1));
        EXPECT_TRUE(slot->has_value()) << "not answered in time";
        return slot->value_or(fail(ErrorCode::invalid, "never answered"));
    }

    test::FakeLoop loop;
    ScriptedChannel channel{loop};
    std::unique_ptr<GroupCaller> caller;
    std::uint64_t window = 1000;
    std::size_t max_calls = 1000;
};

TEST_F(GroupCallerTest, FollowsTheHintAtOnceAndRemembersTheLeader) {
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

TEST_F(GroupCallerTest, WithoutAHintTheNextAddressAfterAPause) {
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

TEST_F(GroupCallerTest, DeadAddressesArePassedOverAtOnce) {
    make();
    channel.script = [&](const Sent& sent) -> Result<Bytes> {
        if (sent.to == "c") return bytes_of("done");
        return fail(ErrorCode::unreachable);
    };
    const auto before = loop.now();
    EXPECT_TRUE(finish(RequestKind::query));
    EXPECT_EQ(channel.of(RequestKind::query).back().at, before);
}

TEST_F(GroupCallerTest, PausesGrowToTheirLimit) {
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

TEST_F(GroupCallerTest, TwoThatTakeEachOtherForTheLeaderDoNotMakeACircle) {
    make({"a", "b"});
    channel.script = [](const Sent& sent) -> Result<Bytes> {
        return not_leader(sent.to == "a" ? "b" : "a");
    };
    CallOptions options;
    options.timeout = milliseconds(1000);
    EXPECT_EQ(finish(RequestKind::query, options).error().code, ErrorCode::not_leader);
    EXPECT_LT(channel.of(RequestKind::query).size(), 100u);
}

TEST_F(GroupCallerTest, AHintToTheLeaderThatJustDiedIsNotFollowed) {
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

TEST_F(GroupCallerTest, AllAttemptsOfACommandCarryOneId) {
    make();
    int tries = 0;
    channel.script = [&](const Sent&) -> std::optional<Result<Bytes>> {
        switch (++tries) {
            case 1: return fail(ErrorCode::lost_lead);
            case 2: return fail(ErrorCode::busy);
            case 3: return std::nullopt;
            case 4: return fail(ErrorCode::stopped);
            case 5: return not_leader("b");
            default: return bytes_of("done");
        }
    };
    EXPECT_TRUE(finish(RequestKind::command));
    const auto sent = channel.of(RequestKind::command);
    ASSERT_EQ(sent.size(), 6u);
    for (const auto& one : sent) {
        EXPECT_EQ(one.request.body, sent[0].request.body);
        EXPECT_EQ(one.request.group, "g");
    }
    EXPECT_EQ(session_of(sent[0]), (value::SessionId{100, 1, 1}));
    EXPECT_EQ(copy_of(value::open(sent[0].request.body)->command), bytes_of("body"));
}

TEST_F(GroupCallerTest, ACallersIdIsSealedInsteadOfASession) {
    make();
    channel.script = [](const Sent&) -> Result<Bytes> { return bytes_of("done"); };
    CallOptions options;
    options.id = {1, 2};
    EXPECT_TRUE(finish(RequestKind::command, options));
    EXPECT_TRUE(channel.of(RequestKind::open_session).empty());
    const auto sent = channel.of(RequestKind::command);
    EXPECT_EQ(std::get<CommandId>(value::open(sent[0].request.body)->id), (CommandId{1, 2}));
}

TEST_F(GroupCallerTest, OneSessionForManyCommandsAtOnce) {
    make();
    channel.auto_session = false;
    channel.script = [](const Sent&) { return std::nullopt; };
    for (int i = 0; i < 3; ++i) begin(RequestKind::command);
    EXPECT_EQ(channel.of(RequestKind::open_session).size(), 1u);
    EXPECT_TRUE(channel.of(RequestKind::command).empty());
}

TEST_F(GroupCallerTest, NumbersAreConfirmedUpToTheLowestThatIsOut) {
    make();
    std::set<std::uint64_t> held{2};
    channel.script = [&](const Sent& sent) -> std::optional<Result<Bytes>> {
        if (held.contains(session_of(sent).sequence)) return std::nullopt;
        return bytes_of("done");
    };
    for (int i = 0; i < 4; ++i) begin(RequestKind::command);
    auto sent = channel.of(RequestKind::command);
    ASSERT_EQ(sent.size(), 4u);
    begin(RequestKind::command);
    EXPECT_EQ(session_of(channel.of(RequestKind::command).back()), (value::SessionId{100, 5, 2}));
    held.clear();
    loop.advance(milliseconds(2000));  // the second attempt of number 2 is answered
    begin(RequestKind::command);
    EXPECT_EQ(session_of(channel.of(RequestKind::command).back()), (value::SessionId{100, 6, 6}));
}

TEST_F(GroupCallerTest, CommandsBeyondTheWindowWaitForRoom) {
    window = 2;
    make();
    bool hold = true;
    channel.script = [&](const Sent&) -> std::optional<Result<Bytes>> {
        if (hold) return std::nullopt;
        return bytes_of("done");
    };
    const auto first = begin(RequestKind::command);
    begin(RequestKind::command);
    const auto third = begin(RequestKind::command);
    CallOptions impatient;
    impatient.timeout = milliseconds(50);
    const auto fourth = begin(RequestKind::command, impatient);
    EXPECT_EQ(channel.of(RequestKind::command).size(), 2u);
    loop.advance(milliseconds(100));
    ASSERT_TRUE(fourth->has_value());
    EXPECT_EQ(fourth->value().error().code, ErrorCode::busy);
    hold = false;
    loop.advance(milliseconds(2000));
    EXPECT_TRUE(first->has_value() && first->value());
    EXPECT_TRUE(third->has_value() && third->value());
    std::uint64_t highest = 0;
    for (const auto& sent : channel.of(RequestKind::command)) {
        highest = std::max(highest, session_of(sent).sequence);
    }
    EXPECT_EQ(highest, 3u);
}

TEST_F(GroupCallerTest, AnExpiredSessionIsRenewedForAFirstTryOnly) {
    make();
    channel.script = [](const Sent& sent) -> Result<Bytes> {
        if (session_of(sent).session == 100) return fail(ErrorCode::session_expired);
        return bytes_of("done");
    };
    EXPECT_TRUE(finish(RequestKind::command));
    EXPECT_EQ(channel.of(RequestKind::open_session).size(), 2u);
    EXPECT_EQ(session_of(channel.of(RequestKind::command).back()), (value::SessionId{101, 1, 1}));
}

TEST_F(GroupCallerTest, AnExpiredSessionAfterATryThatMayHaveHappenedIsTheAnswer) {
    make();
    int tries = 0;
    channel.script = [&](const Sent&) -> Result<Bytes> {
        if (++tries == 1) return fail(ErrorCode::lost_lead);
        return fail(ErrorCode::session_expired);
    };
    EXPECT_EQ(finish(RequestKind::command).error().code, ErrorCode::session_expired);
    EXPECT_EQ(tries, 2);
}

TEST_F(GroupCallerTest, WithoutASessionNothingHappened) {
    make();
    channel.auto_session = false;
    CallOptions options;
    options.timeout = milliseconds(300);
    const auto answer = finish(RequestKind::command, options);
    EXPECT_EQ(answer.error().code, ErrorCode::unreachable);
    EXPECT_EQ(outcome_of(answer.error()), Outcome::no);
    EXPECT_TRUE(channel.of(RequestKind::command).empty());
}

TEST_F(GroupCallerTest, ALaterCommandWithMoreTimeGetsAnotherTryAtTheSession) {
    make();
    channel.auto_session = false;
    CallOptions brief;
    brief.timeout = milliseconds(300);
    const auto first = begin(RequestKind::command, brief);
    const auto second = begin(RequestKind::command);
    loop.advance(milliseconds(301));
    ASSERT_TRUE(first->has_value());
    EXPECT_FALSE(second->has_value());
    channel.auto_session = true;
    channel.script = [](const Sent&) -> Result<Bytes> { return bytes_of("done"); };
    loop.advance(milliseconds(1000));
    ASSERT_TRUE(second->has_value());
    EXPECT_TRUE(second->value());
}

TEST_F(GroupCallerTest, AdminRequestsAreTriedAgainOnlyIfTheyDidNotHappen) {
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

TEST_F(GroupCallerTest, AnAdminRequestHasAllItsTimeInOneAttempt) {
    make();
    channel.script = [](const Sent&) { return std::nullopt; };
    CallOptions options;
    options.timeout = milliseconds(30'000);
    EXPECT_EQ(finish(RequestKind::add_member, options).error().code, ErrorCode::timeout);
    ASSERT_EQ(channel.of(RequestKind::add_member).size(), 1u);
    EXPECT_EQ(channel.of(RequestKind::add_member)[0].request.timeout, milliseconds(30'000));
}

TEST_F(GroupCallerTest, ForceRemoveStaysWithTheFirstAddress) {
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

TEST_F(GroupCallerTest, NoSuchGroupIsTheAnswerOnlyIfEveryAddressSaysSo) {
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

TEST_F(GroupCallerTest, ARefusalAfterATryThatMayHaveHappenedIsStillUnknown) {
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

TEST_F(GroupCallerTest, TheValuesOwnRefusalIsTheAnswerAtOnce) {
    make();
    for (const auto code : {ErrorCode::value_threw, ErrorCode::too_large, ErrorCode::invalid,
                            ErrorCode::forgotten, ErrorCode::wrong_cluster, ErrorCode::disk_full}) {
        channel.sent.clear();
        channel.script = [&](const Sent&) -> Result<Bytes> { return fail(code); };
        EXPECT_EQ(finish(RequestKind::query).error().code, code);
        EXPECT_EQ(channel.of(RequestKind::query).size(), 1u);
    }
}

TEST_F(GroupCallerTest, AttemptsGrowForValuesThatAreSlow) {
    make({"a"});
    channel.script = [](const Sent&) { return std::nullopt; };
    CallOptions options;
    options.timeout = milliseconds(10'000);
    EXPECT_EQ(finish(RequestKind::query, options).error().code, ErrorCode::timeout);
    const auto sent = channel.of(RequestKind::query);
    ASSERT_GE(sent.size(), 3u);
    EXPECT_EQ(sent[0].request.timeout, milliseconds(1000));
    EXPECT_EQ(sent[1].request.timeout, milliseconds(2000));
    EXPECT_EQ(sent[2].request.timeout, milliseconds(4000));
}

TEST_F(GroupCallerTest, WhatAnyNodeCanAnswerIsAskedAtHome) {
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

TEST_F(GroupCallerTest, LearnsTheOtherMembersFromTheLeaderItFinds) {
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

TEST_F(GroupCallerTest, TooManyCallsAreBusy) {
    max_calls = 2;
    make();
    channel.script = [](const Sent&) { return std::nullopt; };
    begin(RequestKind::query);
    begin(RequestKind::query);
    EXPECT_EQ(begin(RequestKind::query)->value().error().code, ErrorCode::busy);
}

TEST_F(GroupCallerTest, ClosingAnswersEverythingOnce) {
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

TEST_F(GroupCallerTest, AnsweredCallsLeaveNothingBehind) {
    make();
    channel.script = [](const Sent&) -> Result<Bytes> { return bytes_of("done"); };
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(begin(RequestKind::command)->value());
    EXPECT_EQ(loop.timers(), 0u);
}

}  // namespace
}  // namespace rafted::client
