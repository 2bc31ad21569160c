// Exactly-once memory: each rule of sessions.hpp, alone.
#include "value/sessions.hpp"

#include <gtest/gtest.h>

#include <array>

namespace rafted::value {
namespace {

using core::LogTime;

Bytes answer(std::uint8_t value) { return {static_cast<std::byte>(value)}; }

GroupConfig small_limits() {
    GroupConfig config;
    config.max_retained_command_results = 3;
    config.max_sessions = 2;
    config.max_results_per_session = 3;
    config.session_timeout = std::chrono::seconds(10);
    return config;
}

CommandId named(std::uint64_t low) { return CommandId{7, low}; }
SessionId in_session(std::uint64_t session, std::uint64_t sequence, std::uint64_t confirmed = 0) {
    return SessionId{session, sequence, confirmed};
}

/// Runs a command if it must run; returns whether it did.
bool runs(Sessions& sessions, const Identity& id, const Result<Bytes>& result = Bytes{}) {
    if (sessions.recall(id)) return false;
    sessions.remember(id, result);
    return true;
}

ErrorCode refusal(Sessions& sessions, const Identity& id) {
    const auto known = sessions.recall(id);
    if (!known || *known) ADD_FAILURE() << "not refused";
    return known && !*known ? known->error().code : ErrorCode::busy;
}

Sessions copy_by_snapshot(const Sessions& sessions, const GroupConfig& config) {
    Writer out;
    sessions.save(out);
    Reader in(out.view());
    auto copy = Sessions::load(in, config);
    EXPECT_TRUE(copy && in.complete());
    return std::move(copy).value();
}

TEST(Sessions, a_command_without_id_always_runs) {
    Sessions sessions(small_limits());
    EXPECT_TRUE(runs(sessions, Identity{}));
    EXPECT_TRUE(runs(sessions, Identity{}));
    EXPECT_EQ(sessions.retained(), 0u);
}

TEST(Sessions, B18_same_id_same_answer_executed_once) {
    Sessions sessions(small_limits());
    EXPECT_TRUE(runs(sessions, named(1), answer(42)));
    for (int retry = 0; retry < 3; ++retry) {
        const auto known = sessions.recall(named(1));
        ASSERT_TRUE(known && *known);
        EXPECT_EQ(**known, answer(42));
    }
}

TEST(Sessions, B18_an_error_is_an_answer_too) {
    Sessions sessions(small_limits());
    EXPECT_TRUE(runs(sessions, named(1), fail(ErrorCode::value_threw, "empty")));
    const auto known = sessions.recall(named(1));
    ASSERT_TRUE(known && !*known);
    EXPECT_EQ(known->error().code, ErrorCode::value_threw);
    EXPECT_EQ(known->error().message, "empty");
}

TEST(Sessions, the_oldest_named_answer_makes_room) {
    Sessions sessions(small_limits());
    for (std::uint64_t id = 1; id <= 4; ++id) EXPECT_TRUE(runs(sessions, named(id)));
    EXPECT_EQ(sessions.retained(), 3u);
    EXPECT_FALSE(runs(sessions, named(2)));
    EXPECT_FALSE(runs(sessions, named(4)));
    EXPECT_TRUE(runs(sessions, named(1)));
    EXPECT_TRUE(runs(sessions, named(2)));  // which made room for 1
}

TEST(Sessions, a_lowered_limit_holds_at_once) {
    Sessions sessions(small_limits());
    for (std::uint64_t id = 1; id <= 3; ++id) runs(sessions, named(id), answer(9));
    auto config = small_limits();
    config.max_retained_command_results = 1;
    sessions.set_limits(config);
    EXPECT_EQ(sessions.retained(), 1u);
    EXPECT_EQ(**sessions.recall(named(3)), answer(9));
    EXPECT_TRUE(runs(sessions, named(1)));
}

TEST(Sessions, B18_a_session_runs_each_sequence_once) {
    Sessions sessions(small_limits());
    sessions.open(5);
    EXPECT_TRUE(runs(sessions, in_session(5, 1), answer(1)));
    EXPECT_TRUE(runs(sessions, in_session(5, 2), answer(2)));
    EXPECT_EQ(**sessions.recall(in_session(5, 1)), answer(1));
    EXPECT_EQ(**sessions.recall(in_session(5, 2)), answer(2));
}

TEST(Sessions, sequences_may_arrive_in_any_order) {
    Sessions sessions(small_limits());
    sessions.open(5);
    EXPECT_TRUE(runs(sessions, in_session(5, 9), answer(9)));
    EXPECT_TRUE(runs(sessions, in_session(5, 4), answer(4)));
    EXPECT_TRUE(runs(sessions, in_session(5, 7), answer(7)));
    for (const std::uint8_t sequence : std::to_array<std::uint8_t>({4, 7, 9})) {
        EXPECT_EQ(**sessions.recall(in_session(5, sequence)), answer(sequence));
    }
}

TEST(Sessions, gaps_between_sequences_keep_every_answer_in_its_place) {
    auto config = small_limits();
    config.max_results_per_session = 10;
    Sessions sessions(config);
    sessions.open(5);
    const auto sequences = std::to_array<std::uint8_t>({4, 7, 9, 6, 5, 12, 8, 2});
    for (const std::uint8_t sequence : sequences) {
        EXPECT_TRUE(runs(sessions, in_session(5, sequence), answer(sequence)));
    }
    auto copy = copy_by_snapshot(sessions, config);  // which refuses them out of order
    for (const std::uint8_t sequence : sequences) {
        EXPECT_EQ(**copy.recall(in_session(5, sequence)), answer(sequence));
    }
    EXPECT_TRUE(runs(copy, in_session(5, 10)));
}

TEST(Sessions, a_confirmed_answer_is_let_go_and_never_run_again) {
    Sessions sessions(small_limits());
    sessions.open(5);
    runs(sessions, in_session(5, 1));
    runs(sessions, in_session(5, 2), answer(2));
    EXPECT_TRUE(runs(sessions, in_session(5, 3, 2)));
    EXPECT_EQ(refusal(sessions, in_session(5, 1)), ErrorCode::forgotten);
    EXPECT_EQ(**sessions.recall(in_session(5, 2)), answer(2));
}

TEST(Sessions, over_the_limit_the_floor_rises_and_nothing_runs_twice) {
    Sessions sessions(small_limits());
    sessions.open(5);
    for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
        EXPECT_TRUE(runs(sessions, in_session(5, sequence)));
    }
    EXPECT_EQ(refusal(sessions, in_session(5, 1)), ErrorCode::forgotten);
    EXPECT_EQ(refusal(sessions, in_session(5, 2)), ErrorCode::forgotten);
    EXPECT_FALSE(runs(sessions, in_session(5, 3)));
}

TEST(Sessions, an_unknown_session_is_expired) {
    Sessions sessions(small_limits());
    EXPECT_EQ(refusal(sessions, in_session(5, 1)), ErrorCode::session_expired);
}

TEST(Sessions, a_session_ends_when_unused_for_the_timeout_of_log_time) {
    Sessions sessions(small_limits());
    sessions.advance(LogTime(1'000));
    sessions.open(5);
    sessions.advance(LogTime(10'999));
    EXPECT_TRUE(runs(sessions, in_session(5, 1)));  // used: lives ten seconds more
    sessions.advance(LogTime(20'998));
    EXPECT_EQ(sessions.size(), 1u);
    sessions.advance(LogTime(20'999));
    EXPECT_EQ(sessions.size(), 0u);
    EXPECT_EQ(refusal(sessions, in_session(5, 2)), ErrorCode::session_expired);
}

TEST(Sessions, log_time_never_goes_back) {
    Sessions sessions(small_limits());
    sessions.advance(LogTime(50'000));
    sessions.advance(LogTime(1));
    sessions.open(5);
    sessions.advance(LogTime(50'001));
    EXPECT_EQ(sessions.size(), 1u);
}

TEST(Sessions, the_session_unused_for_longest_makes_room) {
    Sessions sessions(small_limits());
    sessions.open(1);
    sessions.open(2);
    runs(sessions, in_session(1, 1));
    sessions.open(3);
    EXPECT_EQ(sessions.size(), 2u);
    EXPECT_FALSE(runs(sessions, in_session(1, 1)));
    EXPECT_EQ(refusal(sessions, in_session(2, 1)), ErrorCode::session_expired);
    EXPECT_TRUE(runs(sessions, in_session(3, 1)));
}

TEST(Sessions, a_snapshot_holds_everything) {
    Sessions sessions(small_limits());
    sessions.advance(LogTime(100));
    sessions.open(1);
    sessions.advance(LogTime(200));
    sessions.open(2);
    runs(sessions, in_session(2, 1), answer(21));
    runs(sessions, in_session(2, 4, 2), fail(ErrorCode::invalid, "what?"));
    runs(sessions, named(1), answer(1));
    runs(sessions, named(2), answer(2));

    auto copy = copy_by_snapshot(sessions, small_limits());
    Writer again;
    copy.save(again);
    Writer first;
    sessions.save(first);
    EXPECT_EQ(again.take(), first.take());

    EXPECT_EQ(**copy.recall(named(1)), answer(1));
    EXPECT_EQ(copy.recall(in_session(2, 4))->error().message, "what?");
    EXPECT_EQ(refusal(copy, in_session(2, 1)), ErrorCode::forgotten);
    copy.advance(LogTime(10'100));
    EXPECT_EQ(copy.size(), 1u);  // session 1 had not been used since 100
    runs(copy, named(3));
    runs(copy, named(4));
    EXPECT_TRUE(runs(copy, named(1)));  // the order of the named ones was kept
}

TEST(Sessions, a_snapshot_that_makes_no_sense_is_refused) {
    Sessions sessions(small_limits());
    sessions.advance(LogTime(100));
    sessions.open(1);
    runs(sessions, in_session(1, 1), answer(1));
    runs(sessions, named(1), answer(1));
    Writer out;
    sessions.save(out);
    const Bytes good = out.take();
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        Reader in(BytesView(good).first(cut));
        EXPECT_FALSE(Sessions::load(in, small_limits())) << cut;
    }
    auto huge = good;
    for (std::size_t at = 8; at < 12; ++at) huge[at] = std::byte{0xff};  // count of named answers
    Reader in(huge);
    EXPECT_FALSE(Sessions::load(in, small_limits()));
    for (std::size_t at = 0; at < good.size(); ++at) {  // no flip may crash
        auto flipped = good;
        flipped[at] ^= std::byte{0x81};
        Reader noise(flipped);
        static_cast<void>(Sessions::load(noise, small_limits()));
    }
}

TEST(Sessions, an_answer_with_an_unknown_code_is_refused) {
    Writer out;
    out.number(std::uint8_t{200});
    out.text("");
    Reader in(out.view());
    EXPECT_FALSE(read_answer(in));
    EXPECT_TRUE(in.failed());
}

TEST(Envelope, round_trips_each_identity) {
    const Bytes command = answer(3);
    for (const Identity& id : {Identity{}, Identity{named(4)}, Identity{in_session(1, 2, 2)}}) {
        const auto sealed = seal(id, command);
        const auto opened = open(sealed);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->id, id);
        EXPECT_EQ(copy_of(opened->command), command);
    }
}

TEST(Envelope, malformed_ones_are_nothing) {
    EXPECT_FALSE(open({}));
    const Bytes unknown{std::byte{3}};
    EXPECT_FALSE(open(unknown));
    const auto sealed = seal(in_session(1, 2, 2), {});
    for (std::size_t cut = 0; cut < sealed.size(); ++cut) {
        EXPECT_FALSE(open(BytesView(sealed).first(cut)));
    }
    EXPECT_FALSE(open(seal(CommandId{}, {})));          // no id at all
    EXPECT_FALSE(open(seal(in_session(1, 2, 3), {})));  // confirms itself
}

}  // namespace
}  // namespace rafted::value
