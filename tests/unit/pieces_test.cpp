// Values that are saved and loaded in pieces: the same bytes as in one, and never all of them held.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "rafted/typed.hpp"

namespace rafted {
namespace {

/// Remembers what it was given, and the largest piece.
class Gather final : public ByteSink {
public:
    bool take(BytesView piece) override {
        if (++pieces > most) return false;
        all.insert(all.end(), piece.begin(), piece.end());
        largest = std::max(largest, piece.size());
        return true;
    }
    Bytes all;
    std::size_t largest = 0;
    std::size_t pieces = 0;
    std::size_t most = SIZE_MAX;
};

/// Gives bytes in pieces of a size, from memory that does not outlive the next piece.
class Drip final : public ByteSource {
public:
    Drip(BytesView bytes, std::size_t size) : rest_(bytes), size_(size) {}
    BytesView next() override {
        const auto part = rest_.first(std::min(size_, rest_.size()));
        rest_ = rest_.subspan(part.size());
        std::ranges::fill(piece_, std::byte{0xEE});
        piece_ = copy_of(part);
        return piece_;
    }

private:
    BytesView rest_;
    std::size_t size_;
    Bytes piece_;
};

template <class T>
Bytes encoded_in_pieces(const T& value) {
    Gather sink;
    Writer out(sink);
    encode(out, value);
    out.flush();
    EXPECT_FALSE(out.failed());
    EXPECT_EQ(out.size(), sink.all.size());
    return sink.all;
}

/// Takes both of its parts as views before it copies either.
struct Pair {
    std::string key;
    Bytes value;
    void save(Writer& out) const {
        out.text(key);
        out.blob(value);
    }
    void load(Reader& in) {
        const auto first = in.blob();
        const auto second = in.blob();
        key = text_of(first);
        value = copy_of(second);
    }
    bool operator==(const Pair&) const = default;
};

struct Everything {
    std::vector<std::string> texts;
    std::map<int, std::vector<double>> numbers;
    std::unordered_map<std::string, std::unordered_set<std::string>> tags;
    std::unordered_multimap<std::uint8_t, std::string> words;
    std::unordered_set<Unit, decltype([](Unit) { return std::size_t{0}; })> units;
    std::vector<Pair> pairs;
    std::optional<std::string> last;
    bool operator==(const Everything&) const = default;
};

Everything some_value() {
    Everything value;
    for (int i = 0; i < 60; ++i) {
        const auto name = "a name with much in common " + std::to_string(i * 7919 % 61);
        value.texts.push_back(name);
        value.numbers[i] = std::vector<double>(static_cast<std::size_t>(i), 0.5);
        value.tags[name] = {name + "x", name + "y", "z"};
        value.tags[std::to_string(i)] = {};
        value.words.emplace(static_cast<std::uint8_t>(i % 4), name);
        value.pairs.push_back({name, Bytes(static_cast<std::size_t>(i), std::byte{7})});
    }
    value.units.insert(Unit{});
    value.last = "the end";
    return value;
}

TEST(Pieces, a_value_has_the_same_bytes_in_pieces_and_in_one) {
    const auto value = some_value();
    EXPECT_EQ(encoded_in_pieces(value), encode(value));
}

RC_GTEST_PROP(Pieces, unordered_elements_come_in_the_same_order, ()) {
    using Map = std::unordered_map<std::string, std::string>;
    const auto ordered = *rc::gen::arbitrary<std::map<std::string, std::string>>();
    const Map map(ordered.begin(), ordered.end());
    RC_ASSERT(encoded_in_pieces(map) == encode(map));
    const auto numbers = *rc::gen::arbitrary<std::set<int>>();
    const std::unordered_set<int> set(numbers.begin(), numbers.end());
    RC_ASSERT(encoded_in_pieces(set) == encode(set));
}

TEST(Pieces, a_value_is_read_from_pieces_of_any_size) {
    const auto value = some_value();
    const auto bytes = encode(value);
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{3}, std::size_t{1000}, bytes.size()}) {
        Drip source(bytes, size);
        Reader in(source, bytes.size());
        Everything back;
        decode_into(in, back);
        EXPECT_TRUE(in.complete()) << size;
        EXPECT_EQ(back, value) << size;
        EXPECT_EQ(in.parts(), 0u) << "what an element's load() took by view is still kept";
    }
}

TEST(Pieces, bad_bytes_get_the_same_verdict_in_pieces_and_in_one) {
    Everything value;
    value.texts = {"a", "b"};
    value.numbers[3] = {0.5, 0.25};
    value.tags["t"] = {"u", "v"};
    value.pairs = {{"key", Bytes(3)}};
    value.last = "end";
    const auto good = encode(value);
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const int bit : {0, 1, 7}) {
            auto bad = good;
            bad[at] ^= static_cast<std::byte>(1 << bit);
            Reader whole(bad);
            Everything one;
            decode_into(whole, one);
            Drip source(bad, 5);
            Reader in(source, bad.size());
            Everything other;
            decode_into(in, other);
            ASSERT_EQ(in.complete(), whole.complete()) << at << " " << bit;
            if (!whole.complete()) continue;
            ++accepted;
            ASSERT_EQ(one, other) << at << " " << bit;
        }
    }
    EXPECT_GT(accepted, 10u) << "other letters are other values";
    EXPECT_LT(accepted, 3 * good.size() / 2) << "lengths are not";
}

TEST(Pieces, a_writer_holds_one_piece_at_most) {
    Gather sink;
    Writer out(sink);
    std::size_t most = 0;
    for (int i = 0; i < 300'000; ++i) {
        out.number(std::uint64_t{7});
        most = std::max(most, out.view().size());
    }
    out.raw(Bytes(5 * Writer::piece_bytes + 1, std::byte{1}));
    most = std::max(most, out.view().size());
    out.flush();
    EXPECT_LT(most, Writer::piece_bytes);
    EXPECT_LT(sink.largest, Writer::piece_bytes + sizeof(std::uint64_t));
    EXPECT_EQ(sink.all.size(), 300'000 * 8 + 5 * Writer::piece_bytes + 1);
    EXPECT_EQ(out.size(), sink.all.size());
}

TEST(Pieces, after_the_sink_has_refused_nothing_is_kept) {
    Gather sink;
    sink.most = 1;
    Writer out(sink);
    out.raw(Bytes(10 * Writer::piece_bytes));
    EXPECT_TRUE(out.failed());
    EXPECT_EQ(sink.pieces, 2u);
    EXPECT_LT(out.view().size(), Writer::piece_bytes);
}

TEST(Pieces, views_stay_until_the_reader_ends) {
    const Bytes bytes = encode(std::vector<std::string>{"first", "second"});
    Drip source(bytes, 2);
    Reader in(source, bytes.size());
    EXPECT_EQ(in.number<std::uint32_t>(), 2u);
    const auto first = in.blob();
    const auto rest = in.rest();
    EXPECT_EQ(rest.size(), 4u + 6u);
    const auto second = in.blob();
    EXPECT_EQ(text_of(first), "first");
    EXPECT_EQ(text_of(second), "second");
    EXPECT_TRUE(in.complete());
}

TEST(Pieces, lengths_are_checked_before_memory_is_taken) {
    Writer out;
    out.number(std::uint32_t{0xFFFFFFFF});
    for (int i = 0; i < 5; ++i) {
        Drip source(out.view(), 1);
        Reader in(source, out.size());
        if (i == 0) static_cast<void>(in.blob());
        if (i == 1) in.text();
        if (i == 2) in.blob_copy();
        std::vector<std::uint64_t> numbers;
        if (i == 3) decode_into(in, numbers);
        std::vector<std::string> texts;
        if (i == 4) decode_into(in, texts);
        EXPECT_TRUE(in.failed());
        EXPECT_EQ(numbers.capacity() + texts.capacity(), 0u);
    }
}

struct Notes {
    using Command = std::string;
    using Query = Unit;
    std::vector<std::string> all;
    void command(const std::string& note) { all.push_back(note); }
    std::size_t query(Unit) const { return all.size(); }
};

TEST(Pieces, a_source_that_ends_early_is_corrupt) {
    Typed<Notes> notes;
    EXPECT_TRUE(notes.command({}, encode(std::string(100, 'x'))).answer);
    const auto bytes = encode(notes.value());
    for (const std::size_t missing : {std::size_t{1}, std::size_t{50}, bytes.size()}) {
        Drip source(BytesView(bytes).first(bytes.size() - missing), 10);
        Reader in(source, bytes.size());
        Typed<Notes> other;
        EXPECT_EQ(other.load(in).error().code, ErrorCode::corrupt) << missing;
    }
}

TEST(Pieces, a_large_value_leaves_in_pieces) {
    Typed<Notes> notes;
    for (int i = 0; i < 40; ++i) {
        EXPECT_TRUE(notes.command({}, encode(std::string(100'000, 'x'))).answer);
    }
    std::size_t largest = 0;
    std::size_t total = 0;
    ASSERT_TRUE((*notes.freeze())->save([&](BytesView piece) -> Result<void> {
        largest = std::max(largest, piece.size());
        total += piece.size();
        return {};
    }));
    EXPECT_EQ(total, encode(notes.value()).size());
    EXPECT_LE(largest, Writer::piece_bytes + sizeof(std::uint64_t));
}

/// Puts the length in front of what it has written.
struct Patches {
    using Command = Unit;
    using Query = Unit;
    std::size_t size = 10;
    void command(Unit) { size = 2 * Writer::piece_bytes; }
    Unit query(Unit) const { return {}; }
    void save(Writer& out) const {
        const auto at = out.size();
        out.number(std::uint64_t{0});
        out.raw(Bytes(size));
        std::memcpy(out.written_from(at).data(), &size, sizeof size);
    }
    void load(Reader& in) {
        size = in.number<std::uint64_t>();
        in.raw(size);
    }
};

TEST(Pieces, what_has_been_given_away_cannot_be_changed) {
    Typed<Patches> value;
    const auto ignore = [](BytesView) -> Result<void> { return {}; };
    EXPECT_TRUE((*value.freeze())->save(ignore));
    EXPECT_TRUE(value.command({}, {}).answer);
    EXPECT_EQ((*value.freeze())->save(ignore).error().code, ErrorCode::value_threw);
}

}  // namespace
}  // namespace rafted
