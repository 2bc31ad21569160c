// The public codec: a table of encodings, round trips of random values, and hostile bytes.
#include "rafted/codec.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <deque>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "rafted/group.hpp"
#include "rafted/status.hpp"

namespace rafted {
namespace {

Bytes bytes(std::initializer_list<int> values) {
    Bytes all;
    for (const int value : values) all.push_back(static_cast<std::byte>(value));
    return all;
}

enum class Colour : std::uint8_t { red, green };

struct Point {
    std::int16_t x = 0;
    std::int16_t y = 0;
    bool operator==(const Point&) const = default;
};

struct Nothing {
    bool operator==(const Nothing&) const = default;
};

struct Shape {
    std::string name;
    std::vector<Point> points;
    std::optional<Colour> colour;
    std::map<std::string, std::vector<int>> tags;
    std::array<float, 2> size{};
    std::variant<std::monostate, Point, std::string> centre;
    bool operator==(const Shape&) const = default;
};

/// Contains itself as a plain aggregate.
struct Tree {
    int value = 0;
    std::vector<Tree> children;
    bool operator==(const Tree&) const = default;
};

/// Hides its state, so it must save itself; loads in place.
class Hidden {
public:
    Hidden() = default;
    explicit Hidden(int value) : value_(value) {}
    void save(Writer& out) const { encode(out, value_); }
    void load(Reader& in) { decode_into(in, value_); }
    bool operator==(const Hidden&) const = default;

private:
    int value_ = 0;
};

/// Has no default constructor; loads as new. Saves nothing if zero.
class Fresh {
public:
    explicit Fresh(std::uint8_t value) : value_(value) {}
    void save(Writer& out) const {
        if (value_ != 0) out.number(value_);
    }
    static Fresh load(Reader& in) {
        return Fresh(in.at_end() ? std::uint8_t{0} : in.number<std::uint8_t>());
    }
    bool operator==(const Fresh&) const = default;

private:
    std::uint8_t value_;
};

struct Nested {
    std::vector<Nested> inner;
    void save(Writer& out) const { encode(out, inner); }
    void load(Reader& in) { decode_into(in, inner); }
};

struct Thrower {
    void save(Writer&) const {}
    void load(Reader&) { throw std::runtime_error("no such shape"); }
};

template <class T>
void expect_bytes(const T& value, const Bytes& expected) {
    EXPECT_EQ(encode(value), expected);
    const auto back = decode<T>(expected);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, value);
}

template <class T>
void expect_refused(const Bytes& encoded) {
    const auto back = decode<T>(encoded);
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, ErrorCode::invalid);
    EXPECT_FALSE(back.error().message.empty());
}

static_assert(Encodable<Shape> && Encodable<Tree> && Encodable<Hidden> && Encodable<Fresh>);
static_assert(Encodable<Status> && Encodable<Metrics> && Encodable<GroupConfig>);
static_assert(!Encodable<int*> && !Encodable<int&> && !Encodable<long double>);
static_assert(!Encodable<std::unique_ptr<int>> && !Encodable<std::vector<int*>>);
static_assert(!Encodable<std::string_view> && !Encodable<std::function<void()>>);

TEST(Codec, numbers_are_little_endian_as_in_memory) {
    expect_bytes(std::uint8_t{7}, bytes({7}));
    expect_bytes(std::int32_t{-2}, bytes({0xfe, 0xff, 0xff, 0xff}));
    expect_bytes(std::uint64_t{0x0102}, bytes({2, 1, 0, 0, 0, 0, 0, 0}));
    expect_bytes(1.0f, bytes({0, 0, 0x80, 0x3f}));
    expect_bytes(true, bytes({1}));
    expect_bytes(Colour::green, bytes({1}));
    expect_bytes(std::chrono::duration<std::int16_t>(3), bytes({3, 0}));
    expect_bytes(NodeId(5), bytes({5, 0, 0, 0, 0, 0, 0, 0}));
    expect_bytes(Index(6), bytes({6, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Codec, floats_keep_their_bit_patterns) {
    const auto nan = decode<double>(encode(std::numeric_limits<double>::quiet_NaN()));
    ASSERT_TRUE(nan);
    EXPECT_NE(*nan, *nan);
    const auto minus_zero = decode<double>(encode(-0.0));
    ASSERT_TRUE(minus_zero);
    EXPECT_TRUE(std::signbit(*minus_zero));
}

TEST(Codec, containers_are_a_length_and_their_elements) {
    expect_bytes(std::string("ab"), bytes({2, 0, 0, 0, 'a', 'b'}));
    expect_bytes(std::vector<std::uint16_t>{1, 2}, bytes({2, 0, 0, 0, 1, 0, 2, 0}));
    expect_bytes(std::deque<std::uint8_t>{9}, bytes({1, 0, 0, 0, 9}));
    expect_bytes(std::list<std::string>{"a"}, bytes({1, 0, 0, 0, 1, 0, 0, 0, 'a'}));
    expect_bytes(std::vector<bool>{true, false}, bytes({2, 0, 0, 0, 1, 0}));
    expect_bytes(std::array<std::uint8_t, 2>{3, 4}, bytes({3, 4}));
    expect_bytes(std::set<std::uint8_t>{2, 1}, bytes({2, 0, 0, 0, 1, 2}));
    expect_bytes(std::multiset<std::uint8_t>{1, 1}, bytes({2, 0, 0, 0, 1, 1}));
    expect_bytes(std::map<std::uint8_t, std::uint8_t>{{1, 7}}, bytes({1, 0, 0, 0, 1, 7}));
    expect_bytes(std::multimap<std::uint8_t, std::uint8_t>{{1, 7}, {1, 8}},
                 bytes({2, 0, 0, 0, 1, 7, 1, 8}));
}

TEST(Codec, composites_are_their_parts) {
    expect_bytes(std::optional<std::uint8_t>(), bytes({0}));
    expect_bytes(std::optional<std::uint8_t>(4), bytes({1, 4}));
    expect_bytes(std::variant<std::monostate, std::uint8_t>(std::uint8_t{4}), bytes({1, 4}));
    expect_bytes(std::pair<std::uint8_t, bool>(4, true), bytes({4, 1}));
    expect_bytes(std::tuple<std::uint8_t, std::uint8_t>(4, 5), bytes({4, 5}));
    expect_bytes(Point{1, 2}, bytes({1, 0, 2, 0}));
    expect_bytes(Unit{}, {});
    expect_bytes(Nothing{}, {});
    expect_bytes(Hidden(3), bytes({3, 0, 0, 0}));
    expect_bytes(CommandId{1, 2}, bytes({1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Codec, elements_that_encode_to_nothing_take_one_byte) {
    expect_bytes(std::vector<Unit>(3), bytes({3, 0, 0, 0, 0, 0, 0}));
    expect_bytes(std::vector<Fresh>{Fresh(5)}, bytes({1, 0, 0, 0, 5}));
    expect_refused<std::vector<Unit>>(bytes({3, 0, 0, 0, 0, 0}));
    expect_refused<std::vector<Unit>>(bytes({1, 0, 0, 0, 1}));
    expect_refused<std::vector<Unit>>(bytes({0xff, 0xff, 0xff, 0xff}));
}

TEST(Codec, vectors_of_pairs_and_tuples) {
    expect_bytes(std::vector<std::pair<std::uint8_t, Unit>>{{1, {}}}, bytes({1, 0, 0, 0, 1}));
    expect_bytes(std::vector<std::tuple<std::uint8_t>>{{std::uint8_t{1}}}, bytes({1, 0, 0, 0, 1}));
}

TEST(Codec, status_and_config_round_trip) {
    Status status;
    status.group = "queue";
    status.members = {
        {NodeId(1), "a:1", Standing::voter, Index(4), 2, std::chrono::milliseconds(3)},
        {NodeId(2), "b:1", Standing::learner, {}, {}, {}}};
    status.leader = LeaderHint{NodeId(1), "a:1"};
    status.config.clock_drift_margin = std::chrono::milliseconds(20);
    status.alarms = {"disk is full"};
    const auto back = decode<Status>(encode(status));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, status);
    const NewMember joining{NodeId(3), "c:1", Standing::joining};
    EXPECT_EQ(decode<NewMember>(encode(joining)).value(), joining);
}

TEST(Codec, equal_unordered_values_give_equal_bytes) {
    std::unordered_map<std::string, int> forward;
    std::unordered_map<std::string, int> backward(1'000);
    for (int i = 0; i < 100; ++i) forward["key " + std::to_string(i)] = i;
    for (int i = 99; i >= 0; --i) backward["key " + std::to_string(i)] = i;
    ASSERT_EQ(forward, backward);
    EXPECT_EQ(encode(forward), encode(backward));
    EXPECT_EQ((decode<std::unordered_map<std::string, int>>(encode(forward)).value()), forward);
    expect_bytes(std::unordered_set<std::uint8_t>{3, 1, 2}, bytes({3, 0, 0, 0, 1, 2, 3}));
}

TEST(Codec, bad_bytes_are_invalid) {
    expect_refused<std::uint32_t>(bytes({1, 2, 3}));                    // too short
    expect_refused<std::uint8_t>(bytes({1, 2}));                        // left over
    expect_refused<bool>(bytes({2}));                                   // no bool
    expect_refused<std::optional<int>>(bytes({2}));                     // neither there nor not
    expect_refused<std::variant<Unit, int>>(bytes({2}));                // no such alternative
    expect_refused<std::string>(bytes({9, 0, 0, 0, 'a'}));              // longer than what is there
    expect_refused<std::set<std::uint8_t>>(bytes({2, 0, 0, 0, 1, 1}));  // twice
    expect_refused<std::map<std::uint8_t, Unit>>(bytes({2, 0, 0, 0, 1, 1}));
    expect_refused<std::unordered_set<std::uint8_t>>(bytes({2, 0, 0, 0, 1, 1}));
}

TEST(Codec, a_length_never_reserves_more_than_the_bytes_left) {
    // Four billion elements of 256 bytes are announced, and none is there.
    using Big = std::array<std::uint64_t, 32>;
    expect_refused<std::vector<Big>>(bytes({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}));
    Bytes many(4 + 4'000);
    many[1] = std::byte{0x0f};  // 3,840 elements in 4,000 bytes: none of them fits 15 times
    Reader in(many);
    std::vector<Big> read;
    decode_into(in, read);
    EXPECT_TRUE(in.failed());
    EXPECT_LE(read.capacity() * sizeof(Big), std::size_t{8'000});
}

/// Counts what is taken for elements.
std::size_t& taken_bytes() {
    static std::size_t bytes = 0;
    return bytes;
}
template <class T>
struct CountingAllocator {
    using value_type = T;
    CountingAllocator() = default;
    template <class U>
    explicit CountingAllocator(const CountingAllocator<U>&) {}
    T* allocate(std::size_t n) {
        taken_bytes() += n * sizeof(T);
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* at, std::size_t n) { std::allocator<T>().deallocate(at, n); }
    bool operator==(const CountingAllocator&) const = default;
};
struct GreedyTree {
    std::vector<GreedyTree, CountingAllocator<GreedyTree>> children;
};

TEST(Codec, lengths_within_each_other_do_not_all_reserve_the_bytes_left) {
    Writer out;  // levels that each claim as many children as there are bytes left
    for (std::uint32_t left = 4000; left > 0; left -= 4) out.number(left - 4);
    taken_bytes() = 0;
    expect_refused<GreedyTree>(out.take());
    const std::size_t announced = 4000;
    const std::size_t begun = max_nesting * sizeof(GreedyTree);
    EXPECT_LE(taken_bytes(), announced + begun);
}

TEST(Codec, a_load_that_throws_is_invalid) {
    const auto back = decode<Thrower>({});
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, ErrorCode::invalid);
    EXPECT_EQ(back.error().message, "no such shape");
}

template <class T>
Bytes nested_bytes(std::size_t levels) {
    Writer out;
    for (std::size_t i = 0; i < levels; ++i) out.number(std::uint32_t{1});
    out.number(std::uint32_t{0});
    return out.take();
}

TEST(Codec, nesting_is_bounded_on_both_sides) {
    expect_refused<Nested>(nested_bytes<Nested>(1'000'000));
    EXPECT_TRUE(decode<Nested>(nested_bytes<Nested>(100)));
    Nested deep;
    for (int i = 0; i < 1'000; ++i) {
        Nested outer;
        outer.inner.push_back(std::move(deep));
        deep = std::move(outer);
    }
    Writer out;
    encode(out, deep);
    EXPECT_TRUE(out.failed());
}

TEST(Codec, what_encodes_without_failing_decodes_at_the_deepest) {
    Tree tree;
    for (std::uint32_t i = 0; i + 1 < max_nesting; ++i) {
        Tree outer;
        outer.children.push_back(std::move(tree));
        tree = std::move(outer);
    }
    Writer out;
    encode(out, tree);
    ASSERT_FALSE(out.failed());
    EXPECT_EQ(decode<Tree>(out.view()).value(), tree);
}

template <class T>
void round_trips(const T& value) {
    const auto encoded = encode(value);
    const auto back = decode<T>(encoded);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == value);
    RC_ASSERT(encode(*back) == encoded);
}

RC_GTEST_PROP(CodecProperty, strings_round_trip, (const std::string& value)) { round_trips(value); }
RC_GTEST_PROP(CodecProperty, maps_round_trip,
              (const std::map<std::string, std::vector<int>>& value)) {
    round_trips(value);
}
RC_GTEST_PROP(CodecProperty, unordered_maps_round_trip,
              (const std::unordered_map<std::string, std::int64_t>& value)) {
    round_trips(value);
}
RC_GTEST_PROP(CodecProperty, aggregates_round_trip,
              (const std::string& name, const std::vector<std::int16_t>& xs, bool coloured,
               const std::map<std::string, std::vector<int>>& tags)) {
    Shape shape{name, {}, {}, tags, {1.5f, 2.5f}, {}};
    for (const auto x : xs) shape.points.push_back({x, static_cast<std::int16_t>(-x / 2)});
    if (coloured) shape.colour = Colour::green;
    if (!xs.empty()) shape.centre = shape.points.front();
    round_trips(shape);
}
RC_GTEST_PROP(CodecProperty, any_bytes_decode_or_are_refused,
              (const std::vector<std::uint8_t>& noise)) {
    const auto view = std::as_bytes(std::span(noise));
    const auto shape = decode<Shape>(view);
    const auto tree = decode<Tree>(view);
    const auto status = decode<Status>(view);
    if (tree) RC_ASSERT(encode(*tree) == copy_of(view));
    RC_ASSERT(shape.has_value() || shape.error().code == ErrorCode::invalid);
    RC_ASSERT(status.has_value() || status.error().code == ErrorCode::invalid);
}
RC_GTEST_PROP(CodecProperty, every_cut_is_refused, (const std::vector<std::string>& value)) {
    const auto encoded = encode(value);
    for (std::size_t cut = 0; cut < encoded.size(); ++cut) {
        RC_ASSERT(!decode<std::vector<std::string>>(BytesView(encoded).first(cut)));
    }
}

}  // namespace
}  // namespace rafted
