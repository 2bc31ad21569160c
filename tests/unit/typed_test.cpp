// A plain struct as a Machine: dispatch, results, errors, freezing; and which hook forms are found,
// when they are called and how often the value is copied for them.
#include "rafted/typed.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace rafted {
namespace {

struct Push {
    std::string item;
};
struct Pop {};
struct Clear {};
struct Length {};
struct At {
    std::uint64_t place = 0;
};

/// Counts its copies, in a place of each test's own.
struct Copies {
    int* count = nullptr;
    Copies() = default;
    Copies(const Copies& other) : count(other.count) { add(); }
    Copies& operator=(const Copies& other) {
        count = other.count;
        add();
        return *this;
    }
    void add() const {
        if (count != nullptr) ++*count;
    }
    void save(Writer&) const {}
    void load(Reader&) {}
};

struct NoCommands {
    using Command = std::variant<Push, Pop>;
    using Query = Length;
};

struct Stack {
    using Command = std::variant<Push, Pop, Clear>;
    using Query = std::variant<Length, At>;
    std::vector<std::string> items;
    Copies copies;

    std::size_t command(const Push& push) {
        items.push_back(push.item);
        return items.size();
    }
    std::optional<std::string> command(const Context& context, const Pop&) {
        if (context.index == Index(13)) throw std::runtime_error("unlucky");
        if (items.empty()) return std::nullopt;
        auto item = items.back();
        items.pop_back();
        return item;
    }
    void command(const Clear&) { items.clear(); }
    std::size_t query(const Length&) const { return items.size(); }
    std::string query(const At& at) const { return items.at(at.place); }
};

static_assert(Data<Stack> && !Data<NoCommands> && !Data<int>);
static_assert(std::is_same_v<ResultOf<Stack, Push>, std::size_t>);
static_assert(std::is_same_v<ResultOf<Stack, Pop>, std::optional<std::string>>);
static_assert(std::is_same_v<ResultOf<Stack, Clear>, Unit>);
static_assert(std::is_same_v<QueryResultOf<Stack, At>, std::string>);
static_assert(CommandsOf<Stack>::size == 3 && QueriesOf<Stack>::size == 2);

template <class C>
Answered give(Machine& machine, const C& command, std::uint64_t index = 1) {
    Context context;
    context.index = Index(index);
    return machine.command(context, encode(Stack::Command(command)));
}
template <class Q>
Answered ask(const Machine& machine, const Q& query) {
    return machine.query(encode(Stack::Query(query)));
}
Bytes saved(const Machine& machine) {
    Bytes all;
    const auto frozen = machine.freeze();
    EXPECT_TRUE(frozen);
    const auto done = (*frozen)->save([&](BytesView piece) -> Result<void> {
        all.insert(all.end(), piece.begin(), piece.end());
        return {};
    });
    EXPECT_TRUE(done);
    return all;
}

TEST(Typed, each_command_answers_in_its_own_type) {
    Typed<Stack> stack;
    EXPECT_EQ(decode<std::size_t>(*give(stack, Push{"a"}).answer).value(), 1u);
    EXPECT_EQ(decode<std::optional<std::string>>(*give(stack, Pop{}).answer).value(), "a");
    EXPECT_EQ(*give(stack, Clear{}).answer, Bytes{});
}

TEST(Typed, queries_read_and_change_nothing) {
    Typed<Stack> stack;
    give(stack, Push{"a"});
    EXPECT_EQ(decode<std::size_t>(*ask(stack, Length{}).answer).value(), 1u);
    EXPECT_EQ(decode<std::string>(*ask(stack, At{0}).answer).value(), "a");
}

TEST(Typed, bytes_that_are_no_command_are_invalid) {
    Typed<Stack> stack;
    for (const Bytes& bad : {Bytes{}, Bytes{std::byte{3}}, Bytes{std::byte{0}, std::byte{1}},
                             Bytes{std::byte{1}, std::byte{1}}}) {
        EXPECT_EQ(stack.command({}, bad).answer.error().code, ErrorCode::invalid);
        EXPECT_EQ(stack.query(bad).answer.error().code, ErrorCode::invalid);
    }
    EXPECT_TRUE(stack.value().items.empty());
}

TEST(Typed, what_the_value_throws_is_its_answer) {
    Typed<Stack> stack;
    const auto thrown = give(stack, Pop{}, 13);
    EXPECT_EQ(thrown.answer.error().code, ErrorCode::value_threw);
    EXPECT_EQ(thrown.answer.error().message, "unlucky");
    EXPECT_EQ(ask(stack, At{5}).answer.error().code, ErrorCode::value_threw);
}

TEST(Typed, a_frozen_value_stays_as_it_was) {
    Typed<Stack> stack;
    give(stack, Push{"a"});
    const auto frozen = stack.freeze();
    give(stack, Push{"b"});
    Bytes all;
    ASSERT_TRUE((*frozen)->save([&](BytesView piece) -> Result<void> {
        all.insert(all.end(), piece.begin(), piece.end());
        return {};
    }));
    Typed<Stack> other;
    ASSERT_TRUE(other.load(all));
    EXPECT_EQ(other.value().items, std::vector<std::string>{"a"});
}

TEST(Typed, save_stops_at_the_first_error_of_the_sink) {
    Typed<Stack> stack;
    give(stack, Push{std::string(3 << 20, 'x')});
    int pieces = 0;
    const auto result = (*stack.freeze())->save([&](BytesView) -> Result<void> {
        return ++pieces == 2 ? Result<void>(fail(ErrorCode::disk_full)) : Result<void>();
    });
    EXPECT_EQ(result.error().code, ErrorCode::disk_full);
    EXPECT_EQ(pieces, 2);
}

TEST(Typed, bad_saved_bytes_are_corrupt) {
    Typed<Stack> source;
    give(source, Push{"a"});
    auto good = saved(source);
    Typed<Stack> cut;
    EXPECT_EQ(cut.load(BytesView(good).first(3)).error().code, ErrorCode::corrupt);
    good.push_back(std::byte{0});
    Typed<Stack> longer;
    EXPECT_EQ(longer.load(good).error().code, ErrorCode::corrupt);
}

/// Cannot be copied or moved; freezes itself.
class Pinned {
public:
    using Command = int;
    using Query = Unit;
    struct Image {
        int total = 0;
        void save(Writer& out) const { encode(out, total); }
    };
    Pinned() = default;
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;
    int command(int by) { return total_ += by; }
    int query(Unit) const { return total_; }
    Image freeze() const { return {total_}; }
    void load(Reader& in) { decode_into(in, total_); }

private:
    int total_ = 0;
};

TEST(Typed, a_value_that_cannot_be_copied_freezes_itself) {
    static_assert(Data<Pinned>);
    Typed<Pinned> source;
    EXPECT_TRUE(source.command({}, encode(5)).answer);
    Typed<Pinned> copy;
    ASSERT_TRUE(copy.load(saved(source)));
    EXPECT_EQ(decode<int>(*copy.query({}).answer).value(), 5);
}

struct Deep {
    using Command = int;
    using Query = Unit;
    struct Level {
        std::vector<Level> inner;
    };
    Level top;
    void command(int levels) {
        for (int i = 0; i < levels; ++i) {
            Level outer;
            outer.inner.push_back(std::move(top));
            top = std::move(outer);
        }
    }
    int query(Unit) const { return 0; }
};

TEST(Typed, what_could_not_be_read_back_is_not_saved) {
    Typed<Deep> deep;
    EXPECT_TRUE(deep.command({}, encode(500)).answer);
    const auto result = (*deep.freeze())->save([](BytesView) -> Result<void> { return {}; });
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
}

// --- Hooks -----------------------------------------------------------------------------------

using Log = std::vector<std::string>;

std::string joined(const Stack& stack) {
    std::string all;
    for (const auto& item : stack.items) all += item;
    return all;
}

HookContext context_at(std::uint64_t index) {
    HookContext context;
    context.index = Index(index);
    return context;
}

struct AllForms : LeaderHooks<Stack> {
    Log log;
    void on_command_committed(const Push& push, const std::size_t& size) {
        log.push_back("push " + push.item + " -> " + std::to_string(size));
    }
    void on_command_committed(const HookContext& context, const Pop&,
                              const std::optional<std::string>& item, const Stack& after) {
        log.push_back("pop " + item.value_or("none") + " at " + to_string(context.index) +
                      " leaves " + joined(after));
    }
    void on_command_committed(const Stack& before, const Clear&, const Unit&, const Stack& after) {
        log.push_back("clear " + joined(before) + " to " + joined(after));
    }
    void on_query_answered(const Length&, const std::size_t& size) {
        log.push_back("length " + std::to_string(size));
    }
    void on_query_answered(const HookContext& context, const Stack& value, const At&,
                           const std::string& item) {
        log.push_back(to_string(context.index) + ": " + item + " of " + joined(value));
    }
    void on_follower_added(const HookContext&, const Stack& value, const HookMember& member) {
        log.push_back("added " + member.address + " with " + joined(value));
    }
    void on_follower_removed(const HookMember& member) {
        log.push_back("removed " + member.address);
    }
    void on_elected(const Stack& value) { log.push_back("elected with " + joined(value)); }
    void on_restored_from_files() { log.push_back("restored"); }
};

TEST(Hooks, every_form_is_called_with_what_it_takes) {
    auto hooks = std::make_shared<AllForms>();
    Typed<Stack, AllForms> stack(hooks);
    std::vector<HookCall> calls;
    calls.push_back(give(stack, Push{"a"}).hook);
    calls.push_back(give(stack, Push{"b"}).hook);
    calls.push_back(ask(stack, Length{}).hook);
    calls.push_back(ask(stack, At{1}).hook);
    calls.push_back(give(stack, Pop{}).hook);
    calls.push_back(stack.on_elected());
    calls.push_back(stack.on_follower_added({NodeId(2), "b:1"}));
    calls.push_back(give(stack, Clear{}).hook);
    calls.push_back(stack.on_follower_removed({NodeId(2), "b:1"}));
    calls.push_back(stack.on_restored_from_files());
    EXPECT_TRUE(hooks->log.empty());  // bound now, run later
    for (const auto& call : calls) call(context_at(7));
    EXPECT_EQ(hooks->log, (Log{"push a -> 1", "push b -> 2", "length 2", "7: b of ab",
                               "pop b at 7 leaves a", "elected with a", "added b:1 with a",
                               "clear a to ", "removed b:1", "restored"}));
    EXPECT_TRUE(stack.has_hooks());
}

TEST(Hooks, without_any_nothing_is_kept) {
    Typed<Stack> stack;
    EXPECT_FALSE(stack.has_hooks());
    EXPECT_FALSE(give(stack, Push{"a"}).hook);
    EXPECT_FALSE(ask(stack, Length{}).hook);
    EXPECT_FALSE(stack.on_elected());
    EXPECT_FALSE(stack.on_restored_from_files());
    EXPECT_FALSE(stack.on_follower_added({NodeId(2), "b:1"}));
    EXPECT_FALSE(stack.on_follower_removed({NodeId(2), "b:1"}));
}

struct SomeCommands : LeaderHooks<Stack> {
    void on_command_committed(const Push&, const std::size_t&) {}
};

TEST(Hooks, a_command_without_its_hook_has_none) {
    Typed<Stack, SomeCommands> stack;
    EXPECT_TRUE(give(stack, Push{"a"}).hook);
    EXPECT_FALSE(give(stack, Pop{}).hook);
    EXPECT_TRUE(stack.has_hooks());
}

struct Generic : LeaderHooks<Stack> {
    int called = 0;
    void on_command_committed(const HookContext&, const auto&, const auto&) { ++called; }
    void on_query_answered(const auto&, const auto&) { ++called; }
};

TEST(Hooks, a_generic_hook_takes_all) {
    auto hooks = std::make_shared<Generic>();
    Typed<Stack, Generic> stack(hooks);
    give(stack, Push{"a"}).hook({});
    give(stack, Pop{}).hook({});
    give(stack, Clear{}).hook({});
    ask(stack, Length{}).hook({});
    EXPECT_EQ(hooks->called, 4);
}

struct GenericAfter : LeaderHooks<Stack> {
    std::size_t after = 99;
    void on_command_committed(const auto&, const auto&, const auto& value) {
        after = value.items.size();
    }
};

TEST(Hooks, a_generic_first_argument_is_the_command) {
    auto hooks = std::make_shared<GenericAfter>();
    Typed<Stack, GenericAfter> stack(hooks);
    give(stack, Push{"a"}).hook({});
    EXPECT_EQ(hooks->after, 1u);
}

TEST(Hooks, a_command_that_threw_has_no_hook) {
    Typed<Stack, AllForms> stack;
    EXPECT_FALSE(give(stack, Pop{}, 13).hook);
}

/// Reaches into the value to count its copies.
template <class H>
int copies_of(std::initializer_list<Stack::Command> commands, int warm_up = 0) {
    int copies = 0;
    Typed<Stack, H> stack;
    const_cast<Stack&>(stack.value()).copies.count = &copies;
    int given = 0;
    for (const auto& command : commands) {
        if (given++ == warm_up) copies = 0;
        Context context;
        context.index = Index(1);
        static_cast<void>(stack.command(context, encode(command)));
    }
    return copies;
}

struct After : LeaderHooks<Stack> {
    void on_command_committed(const Push&, const std::size_t&, const Stack&) {}
};
struct Both : LeaderHooks<Stack> {
    void on_command_committed(const Stack&, const Push&, const std::size_t&, const Stack&) {}
};

TEST(Hooks, the_value_is_copied_only_for_who_takes_it) {
    EXPECT_EQ(copies_of<LeaderHooks<Stack>>({Push{"a"}, Pop{}}), 0);
    EXPECT_EQ(copies_of<Generic>({Push{"a"}, Pop{}}), 0);
    EXPECT_EQ(copies_of<After>({Pop{}, Clear{}}), 0);
    EXPECT_EQ(copies_of<After>({Push{"a"}, Push{"b"}, Pop{}}), 2);
}

TEST(Hooks, before_is_the_copy_that_was_after) {
    EXPECT_EQ(copies_of<Both>({Push{"a"}}), 2);
    EXPECT_EQ(copies_of<Both>({Push{"a"}, Push{"b"}, Push{"c"}, Push{"d"}}, 1), 3);
}

TEST(Hooks, all_who_look_at_one_moment_share_one_copy) {
    int copies = 0;
    Typed<Stack, AllForms> stack;
    give(stack, Push{"a"});
    const_cast<Stack&>(stack.value()).copies.count = &copies;
    const auto first = ask(stack, At{0});
    const auto second = ask(stack, At{0});
    const auto elected = stack.on_elected();
    const auto frozen = stack.freeze();
    EXPECT_EQ(copies, 1);
}

struct Throwing : LeaderHooks<Stack> {
    void on_command_committed(const Push&, const std::size_t&) { throw std::runtime_error("no"); }
};

TEST(Hooks, what_a_hook_throws_reaches_who_runs_it) {
    Typed<Stack, Throwing> stack;
    const auto answered = give(stack, Push{"a"});
    EXPECT_TRUE(answered.answer);
    EXPECT_THROW(answered.hook({}), std::runtime_error);
}

struct Fragile {
    using Command = int;
    using Query = Unit;
    int total = 0;
    Fragile() = default;
    Fragile(const Fragile& other) : total(other.total) {
        if (total == 2) throw std::runtime_error("two cannot be copied");
    }
    Fragile& operator=(const Fragile&) = default;
    int command(int by) { return total += by; }
    int query(Unit) const { return total; }
    void save(Writer& out) const { encode(out, total); }
    void load(Reader& in) { decode_into(in, total); }
};
struct FragileHooks : LeaderHooks<Fragile> {
    void on_command_committed(const int&, const int&, const Fragile&) {}
};

TEST(Hooks, a_copy_that_throws_fails_the_hook_not_the_command) {
    Typed<Fragile, FragileHooks> fragile;
    const auto answered = fragile.command({}, encode(2));
    EXPECT_EQ(decode<int>(*answered.answer).value(), 2);
    EXPECT_THROW(answered.hook({}), std::runtime_error);
    EXPECT_EQ(fragile.freeze().error().code, ErrorCode::value_threw);
}

}  // namespace
}  // namespace rafted
