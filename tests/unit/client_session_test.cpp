// Exactly once, from the client's side: all attempts of a command carry one id, and the session
// is opened, numbered, confirmed and renewed as the group's memory wants it.
#include <set>

#include "support/caller_world.hpp"

namespace rafted::test {
namespace {

class CallerSession : public CallerWorld {};

TEST_F(CallerSession, AllAttemptsOfACommandCarryOneId) {
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

TEST_F(CallerSession, ACallersIdIsSealedInsteadOfASession) {
    make();
    channel.script = [](const Sent&) -> Result<Bytes> { return bytes_of("done"); };
    CallOptions options;
    options.id = {1, 2};
    EXPECT_TRUE(finish(RequestKind::command, options));
    EXPECT_TRUE(channel.of(RequestKind::open_session).empty());
    const auto sent = channel.of(RequestKind::command);
    EXPECT_EQ(std::get<CommandId>(value::open(sent[0].request.body)->id), (CommandId{1, 2}));
}

TEST_F(CallerSession, OneSessionForManyCommandsAtOnce) {
    make();
    channel.auto_session = false;
    channel.script = [](const Sent&) { return std::nullopt; };
    for (int i = 0; i < 3; ++i) begin(RequestKind::command);
    EXPECT_EQ(channel.of(RequestKind::open_session).size(), 1u);
    EXPECT_TRUE(channel.of(RequestKind::command).empty());
}

TEST_F(CallerSession, NumbersAreConfirmedUpToTheLowestThatIsOut) {
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

TEST_F(CallerSession, CommandsBeyondTheWindowWaitForRoom) {
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

TEST_F(CallerSession, AnExpiredSessionIsRenewedForAFirstTryOnly) {
    make();
    channel.script = [](const Sent& sent) -> Result<Bytes> {
        if (session_of(sent).session == 100) return fail(ErrorCode::session_expired);
        return bytes_of("done");
    };
    EXPECT_TRUE(finish(RequestKind::command));
    EXPECT_EQ(channel.of(RequestKind::open_session).size(), 2u);
    EXPECT_EQ(session_of(channel.of(RequestKind::command).back()), (value::SessionId{101, 1, 1}));
}

TEST_F(CallerSession, SessionsThatAllExpireAreARefusalAndNotAGuess) {
    make();
    channel.script = [](const Sent&) -> Result<Bytes> { return fail(ErrorCode::session_expired); };
    const auto answer = finish(RequestKind::command);
    EXPECT_EQ(answer.error().code, ErrorCode::busy);
    EXPECT_NE(answer.error().message.find("max_sessions"), std::string::npos);
    EXPECT_EQ(channel.of(RequestKind::open_session).size(), 4u);
}

TEST_F(CallerSession, AnExpiredSessionAfterATryThatMayHaveHappenedIsTheAnswer) {
    make();
    int tries = 0;
    channel.script = [&](const Sent&) -> Result<Bytes> {
        if (++tries == 1) return fail(ErrorCode::lost_lead);
        return fail(ErrorCode::session_expired);
    };
    EXPECT_EQ(finish(RequestKind::command).error().code, ErrorCode::session_expired);
    EXPECT_EQ(tries, 2);
}

TEST_F(CallerSession, WithoutASessionNothingHappened) {
    make();
    channel.auto_session = false;
    CallOptions options;
    options.timeout = milliseconds(300);
    const auto answer = finish(RequestKind::command, options);
    EXPECT_EQ(answer.error().code, ErrorCode::unreachable);
    EXPECT_EQ(outcome_of(answer.error()), rafted::Outcome::no);
    EXPECT_TRUE(channel.of(RequestKind::command).empty());
}

TEST_F(CallerSession, AFullDiskIsSaidAsSuchWithoutASessionToo) {
    make();
    channel.auto_session = false;
    channel.script = [](const Sent&) -> Result<Bytes> { return fail(ErrorCode::disk_full); };
    const auto answer = finish(RequestKind::command);
    EXPECT_EQ(answer.error().code, ErrorCode::disk_full);
    EXPECT_TRUE(channel.of(RequestKind::command).empty());
}

TEST_F(CallerSession, ALaterCommandWithMoreTimeGetsAnotherTryAtTheSession) {
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

TEST_F(CallerSession, AnAttemptThatTakesLongStillCounts) {
    make();
    bool first = true;
    channel.script = [&](const Sent& sent) -> std::optional<Result<Bytes>> {
        if (!std::exchange(first, false)) return not_leader("a");
        loop.call_at(sent.at + milliseconds(4000), [&] { channel.answer_first("slow"); });
        return std::nullopt;
    };
    const auto slot = begin(RequestKind::command);
    loop.advance(milliseconds(4001));
    ASSERT_TRUE(slot->has_value());
    EXPECT_EQ(slot->value().value(), bytes_of("slow"));
    EXPECT_GT(channel.of(RequestKind::command).size(), 2u);
    for (const auto& sent : channel.of(RequestKind::command)) {
        EXPECT_EQ(session_of(sent), (value::SessionId{100, 1, 1}));
    }
}

}  // namespace
}  // namespace rafted::test
