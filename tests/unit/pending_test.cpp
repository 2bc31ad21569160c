// The four ways to take an answer, from this thread and from another; and the group handle's
// requests, as a recording caller sees them.
#include "rafted/pending.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "rafted/group.hpp"

namespace rafted {
namespace {

using detail::AnswerSlot;

std::shared_ptr<AnswerSlot> slot_with(Result<Bytes> answer) {
    auto slot = std::make_shared<AnswerSlot>();
    slot->put(std::move(answer));
    return slot;
}

/// A coroutine that runs by itself: starts at once, ends unobserved.
struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

Detached add_later(Pending<int> first, Pending<int> second, std::promise<int>& sum) {
    const auto a = co_await first;
    const auto b = co_await second;
    sum.set_value(a.value_or(-1) + b.value_or(-1));
}

TEST(Pending, get_takes_an_answer_that_is_there) {
    Pending<int> pending(slot_with(encode(3)));
    EXPECT_TRUE(pending.is_ready());
    EXPECT_EQ(pending.get().value(), 3);
}

TEST(Pending, get_waits_for_another_thread) {
    auto slot = std::make_shared<AnswerSlot>();
    Pending<std::string> pending(slot);
    EXPECT_FALSE(pending.is_ready());
    std::jthread other([slot] { slot->put(encode(std::string("late"))); });
    EXPECT_EQ(pending.get().value(), "late");
}

TEST(Pending, an_answer_is_taken_once) {
    Pending<int> pending(slot_with(encode(3)));
    EXPECT_TRUE(pending.get());
    EXPECT_EQ(pending.get().error().code, ErrorCode::invalid);
}

TEST(Pending, only_the_first_answer_counts) {
    auto slot = slot_with(encode(3));
    slot->put(encode(4));
    EXPECT_EQ(Pending<int>(slot).get().value(), 3);
}

TEST(Pending, errors_pass_through_whole) {
    Error error{ErrorCode::not_leader, "ask b", LeaderHint{NodeId(2), "b:1"}};
    Pending<int> pending(slot_with(std::unexpected(error)));
    EXPECT_EQ(pending.get().error(), error);
}

TEST(Pending, an_answer_of_another_type_does_not_claim_that_nothing_happened) {
    Pending<std::string> pending(slot_with(encode(3)));
    const auto answer = pending.get();
    ASSERT_FALSE(answer);
    EXPECT_EQ(outcome_of(answer.error()), Outcome::yes);
}

TEST(Pending, then_is_called_at_once_or_later) {
    int seen = 0;
    const auto keep = [&](Result<int> answer) { seen = answer.value_or(-1); };
    Pending<int>(slot_with(encode(3))).then(keep);
    EXPECT_EQ(seen, 3);
    auto slot = std::make_shared<AnswerSlot>();
    Pending<int>(slot).then(keep);
    EXPECT_EQ(seen, 3);
    slot->put(encode(4));
    EXPECT_EQ(seen, 4);
}

TEST(Pending, then_may_hold_what_cannot_be_copied) {
    auto slot = std::make_shared<AnswerSlot>();
    int seen = 0;
    Pending<int>(slot).then([&seen, factor = std::make_unique<int>(10)](Result<int> answer) {
        seen = *factor * answer.value_or(0);
    });
    slot->put(encode(4));
    EXPECT_EQ(seen, 40);
}

TEST(Pending, future_holds_the_result) {
    auto slot = std::make_shared<AnswerSlot>();
    auto future = Pending<int>(slot).future();
    std::jthread other([slot] { slot->put(encode(5)); });
    EXPECT_EQ(future.get().value(), 5);
}

TEST(Pending, a_coroutine_goes_on_when_the_answer_comes) {
    auto later = std::make_shared<AnswerSlot>();
    std::promise<int> sum;
    add_later(Pending<int>(slot_with(encode(1))), Pending<int>(later), sum);
    std::jthread other([later] { later->put(encode(2)); });
    EXPECT_EQ(sum.get_future().get(), 3);
}

TEST(Pending, void_takes_any_content) {
    EXPECT_TRUE(Pending<void>(slot_with(encode(5))).get());
    EXPECT_FALSE(Pending<void>(slot_with(fail(ErrorCode::busy))).get());
}

struct Enqueue {
    std::string item;
};
struct Dequeue {};
struct Queue {
    using Command = std::variant<Enqueue, Dequeue>;
    using Query = Unit;
    std::vector<std::string> items;
    std::size_t command(const Enqueue& enqueue) {
        items.push_back(enqueue.item);
        return items.size() - 1;
    }
    std::optional<std::string> command(const Dequeue&) { return std::nullopt; }
    std::size_t query(Unit) const { return items.size(); }
};
struct Sum {
    using Command = std::int64_t;
    using Query = Unit;
    std::int64_t total = 0;
    void command(std::int64_t by) { total += by; }
    std::int64_t query(Unit) const { return total; }
};

struct Recorder final : Caller {
    void call(RequestKind kind, Bytes body, const CallOptions& options, Callback done) override {
        last_kind = kind;
        last_body = std::move(body);
        last_id = options.id;
        done(next);
    }
    const std::string& group_name() const override { return name; }

    std::string name = "things";
    RequestKind last_kind = RequestKind::metrics;
    Bytes last_body;
    CommandId last_id;
    Result<Bytes> next = Bytes{};
};

TEST(Group, a_command_of_several_goes_as_its_alternative) {
    auto recorder = std::make_shared<Recorder>();
    const Group<Queue> group(recorder);
    recorder->next = encode(std::size_t{4});
    EXPECT_EQ(group.command(Enqueue{"a"}, {.id = {1, 2}}).value(), 4u);
    EXPECT_EQ(recorder->last_kind, RequestKind::command);
    EXPECT_EQ(recorder->last_body, encode(Queue::Command(Enqueue{"a"})));
    EXPECT_EQ(recorder->last_id, (CommandId{1, 2}));
    recorder->next = encode(std::optional<std::string>("x"));
    const Result<std::optional<std::string>> item = group.command(Dequeue{});
    EXPECT_EQ(item.value(), "x");
    EXPECT_EQ(recorder->last_body, encode(Queue::Command(Dequeue{})));
}

TEST(Group, a_sole_command_takes_what_converts_to_it) {
    auto recorder = std::make_shared<Recorder>();
    const Group<Sum> group(recorder);
    const Result<Unit> done = group.command(3);
    EXPECT_TRUE(done);
    EXPECT_EQ(recorder->last_body, encode(std::int64_t{3}));
    recorder->next = encode(std::int64_t{9});
    EXPECT_EQ(group.query({}).value(), 9);
    EXPECT_EQ(recorder->last_kind, RequestKind::query);
    EXPECT_EQ(group.query_stale(Unit{}).value(), 9);
    EXPECT_EQ(recorder->last_kind, RequestKind::query_stale);
    EXPECT_EQ(group.start_query({}).get().value(), 9);
}

TEST(Group, admin_calls_carry_their_arguments) {
    auto recorder = std::make_shared<Recorder>();
    const Group<Sum> group(recorder);
    EXPECT_EQ(group.name(), "things");
    EXPECT_TRUE(group.remove_member(NodeId(4)));
    EXPECT_EQ(recorder->last_kind, RequestKind::remove);
    EXPECT_EQ(recorder->last_body, encode(NodeId(4)));
    EXPECT_TRUE(group.promote_member(NodeId(4)));
    EXPECT_EQ(recorder->last_kind, RequestKind::promote);
    EXPECT_TRUE(group.force_remove_member(NodeId(4)));
    EXPECT_EQ(recorder->last_kind, RequestKind::force_remove);
    EXPECT_TRUE(group.move_lead(NodeId(4)));
    EXPECT_EQ(recorder->last_kind, RequestKind::transfer_lead);
    EXPECT_TRUE(group.cancel_move());
    EXPECT_EQ(recorder->last_body, encode(NodeId{}));
    EXPECT_TRUE(group.add_member(NewMember{NodeId(5), "e:1", Standing::learner}));
    const NewMember added{NodeId(5), "e:1", Standing::learner};
    EXPECT_EQ(decode<NewMember>(recorder->last_body).value(), added);
    EXPECT_EQ(group.move_lead(NodeId{}).error().code, ErrorCode::invalid);
}

TEST(Group, status_members_and_config_come_from_one_answer) {
    auto recorder = std::make_shared<Recorder>();
    const Group<Sum> group(recorder);
    Status status;
    status.members.push_back({NodeId(1), "a:1", Standing::voter, {}, {}, {}});
    status.config.max_sessions = 5;
    recorder->next = encode(status);
    EXPECT_EQ(group.status().value(), status);
    EXPECT_EQ(group.members().value(), status.members);
    EXPECT_EQ(group.config().value(), status.config);
}

TEST(Group, a_bad_config_does_not_leave) {
    auto recorder = std::make_shared<Recorder>();
    const Group<Sum> group(recorder);
    GroupConfig config;
    config.heartbeat_interval = std::chrono::milliseconds(5'000);
    EXPECT_EQ(group.set_config(config).error().code, ErrorCode::invalid);
    EXPECT_EQ(recorder->last_kind, RequestKind::metrics);
    EXPECT_TRUE(group.set_config(GroupConfig{}));
    EXPECT_EQ(decode<GroupConfig>(recorder->last_body).value(), GroupConfig{});
}

}  // namespace
}  // namespace rafted
