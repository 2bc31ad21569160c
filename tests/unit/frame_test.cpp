// Frames and what they carry: any cutting of the stream gives the same frames, and no bytes from
// outside can make the reader allocate, trust or pass on what it should not.
#include "net/frame.hpp"

#include <gtest/gtest.h>

#include "net/wire.hpp"

namespace rafted::net {
namespace {

Bytes bytes_of(std::string_view text) { return copy_of(view_of(text)); }

/// All that an OutQueue would write, written in steps of `step` bytes with `slots` gather slots.
Bytes drain(OutQueue& queue, std::size_t step, std::size_t slots) {
    Bytes out;
    std::vector<iovec> parts(slots);
    while (!queue.empty()) {
        const auto used = queue.gather(parts);
        std::size_t left = step;
        for (std::size_t i = 0; i < used && left > 0; ++i) {
            const auto n = std::min(left, parts[i].iov_len);
            const auto* from = static_cast<const std::byte*>(parts[i].iov_base);
            out.insert(out.end(), from, from + n);
            left -= n;
        }
        queue.written(step - left);
    }
    return out;
}

struct Collected final : FrameSink {
    Result<void> take(const Frame& frame) override {
        bodies.push_back(copy_of(frame.body));
        return {};
    }
    std::vector<Bytes> bodies;
};

/// Gives the bytes in pieces, the way a connection does: rest() first.
Result<void> feed(FrameReader& reader, BytesView bytes, std::size_t piece, FrameSink& sink) {
    while (!bytes.empty()) {
        auto part = bytes.first(std::min(piece, bytes.size()));
        bytes = bytes.subspan(part.size());
        const auto rest = reader.rest();
        const auto direct = std::min(rest.size(), part.size());
        std::copy_n(part.begin(), direct, rest.begin());
        if (auto done = reader.received(direct, part.subspan(direct), sink); !done) return done;
    }
    return {};
}

core::Entry entry(std::size_t payload) {
    return core::Entry::make({.term = Term(3), .index = Index(4)}, Bytes(payload, std::byte{7}));
}

std::vector<Bytes> sample(OutQueue& queue) {
    const auto block = entry(900);
    const auto large = entry(5000);
    queue.push({.head = bytes_of("a"), .body = {}, .blocks = {}});
    queue.push({.head = bytes_of("head"), .body = bytes_of("body"), .blocks = {}});
    queue.push({.head = bytes_of("big"), .body = Bytes(5000, std::byte{1}), .blocks = {}});
    queue.push({.head = bytes_of("entries"), .body = bytes_of("x"), .blocks = {block, block}});
    queue.push({.head = bytes_of("large"), .body = bytes_of("y"), .blocks = {large, large}});
    queue.push({.head = bytes_of("last"), .body = {}, .blocks = {}});
    std::vector<Bytes> bodies{bytes_of("a"),        bytes_of("headbody"), bytes_of("big"),
                              bytes_of("entriesx"), bytes_of("largey"),   bytes_of("last")};
    bodies[2].resize(5003, std::byte{1});
    for (int i = 0; i < 2; ++i) {
        bodies[3].insert(bodies[3].end(), block.block().begin(), block.block().end());
        bodies[4].insert(bodies[4].end(), large.block().begin(), large.block().end());
    }
    return bodies;
}

TEST(Frame, AnyCuttingGivesTheSameFrames) {
    for (const std::size_t step : {1u, 3u, 8u, 100u, 4096u, 100'000u}) {
        OutQueue queue;
        const auto expected = sample(queue);
        const auto total = queue.bytes();
        const auto wire = drain(queue, step, step == 3 ? 1 : 16);
        EXPECT_EQ(wire.size(), total);
        for (const std::size_t piece : {1u, 2u, 7u, 9u, 1000u, 100'000u}) {
            FrameReader reader(1 << 20);
            Collected got;
            ASSERT_TRUE(feed(reader, wire, piece, got));
            EXPECT_EQ(got.bodies, expected) << "step " << step << ", piece " << piece;
            EXPECT_TRUE(reader.between_frames());
        }
    }
}

TEST(Frame, LargeEntriesAreNotCopiedOnTheWayOut) {
    OutQueue queue;
    const auto block = entry(10'000);
    queue.push({.head = bytes_of("h"), .body = {}, .blocks = {block}});
    std::array<iovec, 4> slots;
    ASSERT_EQ(queue.gather(slots), 2u);
    EXPECT_EQ(slots[1].iov_base, block.block().data());
}

TEST(Frame, SmallEntriesLieInOnePieceWithTheirHead) {
    OutQueue queue;
    const auto block = entry(300);
    queue.push({.head = bytes_of("h"), .body = {}, .blocks = {block, block}});
    queue.push({.head = bytes_of("i"), .body = bytes_of("body"), .blocks = {}});
    std::array<iovec, 4> slots;
    ASSERT_EQ(queue.gather(slots), 1u);
    EXPECT_EQ(slots[0].iov_len, queue.bytes());
}

TEST(Frame, OneThatArrivesInOneReadIsNotCopied) {
    OutQueue queue;
    queue.push({.head = bytes_of("hello"), .body = {}, .blocks = {}});
    const auto wire = drain(queue, 1000, 4);
    struct Sink final : FrameSink {
        Result<void> take(const Frame& frame) override {
            at = frame.body.data();
            owner = frame.owner.get();
            return {};
        }
        const std::byte* at = nullptr;
        const void* owner = nullptr;
    } sink;
    FrameReader reader(100);
    ASSERT_TRUE(reader.received(0, wire, sink));
    EXPECT_EQ(sink.at, wire.data() + frame_header_bytes);
    EXPECT_EQ(sink.owner, nullptr);
}

TEST(Frame, LengthZeroIsRefused) {
    FrameReader reader(100);
    Collected got;
    const auto result = reader.received(0, Bytes(8), got);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
}

TEST(Frame, ALengthOverTheLimitIsRefusedBeforeAnythingIsAllocated) {
    for (const std::uint32_t length : {101u, 1u << 30, 0xffff'ffffu}) {
        Writer out;
        out.number(length);
        out.number(0u);
        FrameReader reader(100);
        Collected got;
        const auto result = reader.received(0, out.view(), got);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::too_large);
        EXPECT_NE(result.error().message.find(std::to_string(length)), std::string::npos);
        EXPECT_TRUE(reader.rest().empty());
    }
}

TEST(Frame, EveryFlippedBitOfABodyIsNoticed) {
    OutQueue queue;
    queue.push({.head = bytes_of("some body"), .body = {}, .blocks = {}});
    const auto wire = drain(queue, 1000, 4);
    for (std::size_t bit = 32; bit < wire.size() * 8; ++bit) {
        auto damaged = wire;
        damaged[bit / 8] ^= std::byte(1 << (bit % 8));
        FrameReader reader(100);
        Collected got;
        const auto result = reader.received(0, damaged, got);
        ASSERT_FALSE(result) << bit;
        EXPECT_EQ(result.error().code, ErrorCode::corrupt);
        EXPECT_TRUE(got.bodies.empty());
    }
}

TEST(Frame, WhatTheSinkRefusesEndsTheStream) {
    struct Sink final : FrameSink {
        Result<void> take(const Frame&) override {
            ++count;
            return fail(ErrorCode::invalid, "no");
        }
        int count = 0;
    } sink;
    OutQueue queue;
    sample(queue);
    const auto wire = drain(queue, 100'000, 16);
    FrameReader reader(1 << 20);
    EXPECT_FALSE(reader.received(0, wire, sink));
    EXPECT_EQ(sink.count, 1);
}

TEST(Wire, HelloRoundTripAndCutting) {
    const Hello hello{.version = protocol_version,
                      .kind = HelloKind::peer,
                      .cluster = ClusterId(1),
                      .node = NodeId(2),
                      .address = "host:1"};
    const auto body = encode(hello);
    EXPECT_LE(body.size(), max_hello_bytes);
    EXPECT_EQ(decode_hello(BytesView(body).subspan(1)).value(), hello);
    for (std::size_t n = 1; n < body.size(); ++n) {
        EXPECT_FALSE(decode_hello(BytesView(body).subspan(1, n - 1))) << n;
    }
}

TEST(Wire, AnotherVersionIsToldByBothNumbersWhateverFollowsIt) {
    Writer out;
    out.number(protocol_magic);
    out.number(std::uint32_t{77});
    out.text("whatever version 77 has here");
    const auto hello = decode_hello(out.view());
    ASSERT_TRUE(hello);
    const auto result = check_hello(*hello, ClusterId(1));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::wrong_version);
    EXPECT_NE(result.error().message.find("77"), std::string::npos);
    EXPECT_NE(result.error().message.find(std::to_string(protocol_version)), std::string::npos);
}

TEST(Wire, ClustersMustAgreeUnlessOneSideHasNone) {
    Hello hello;
    hello.cluster = ClusterId(5);
    EXPECT_TRUE(check_hello(hello, ClusterId(5)));
    EXPECT_TRUE(check_hello(hello, ClusterId()));
    EXPECT_EQ(check_hello(hello, ClusterId(6)).error().code, ErrorCode::wrong_cluster);
    hello.cluster = {};
    EXPECT_TRUE(check_hello(hello, ClusterId(6)));
}

TEST(Wire, ErrorsKeepCodeTextAndHint) {
    Error error{ErrorCode::not_leader, "try there", LeaderHint{NodeId(9), "there:1"}};
    const auto body = encode_refusal(error);
    EXPECT_EQ(decode_refusal(BytesView(body).subspan(1)), error);
    for (std::size_t n = 0; n + 1 < body.size(); ++n) {
        EXPECT_FALSE(decode_refusal(BytesView(body).subspan(1, n)).has_value()) << n;
    }
    error.message.assign(100'000, 'x');
    EXPECT_LE(encode_refusal(error).size(), max_hello_bytes);
}

TEST(Wire, RequestsAndResponses) {
    auto frame = encode_request(42, {.kind = RequestKind::query,
                                     .group = "g",
                                     .timeout = std::chrono::milliseconds(1500),
                                     .body = bytes_of("ask")});
    frame.head.insert(frame.head.end(), frame.body.begin(), frame.body.end());
    const auto request = decode_request(BytesView(frame.head).subspan(1));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->id, 42u);
    EXPECT_EQ(request->request.kind, RequestKind::query);
    EXPECT_EQ(request->request.group, "g");
    EXPECT_EQ(request->request.timeout, std::chrono::milliseconds(1500));
    EXPECT_EQ(request->request.body, bytes_of("ask"));

    auto ok = encode_response(43, Result<Bytes>(bytes_of("answer")));
    ok.head.insert(ok.head.end(), ok.body.begin(), ok.body.end());
    const auto answer = decode_response(BytesView(ok.head).subspan(1));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->id, 43u);
    EXPECT_EQ(answer->answer.value(), bytes_of("answer"));

    const auto no = encode_response(44, fail(ErrorCode::busy, "full"));
    const auto error = decode_response(BytesView(no.head).subspan(1));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->answer.error().code, ErrorCode::busy);
    EXPECT_EQ(error->answer.error().message, "full");
}

TEST(Wire, ARequestOfAKindThatIsNotKnownHereCanBeAnswered) {
    Writer unknown;
    unknown.number(std::uint64_t{7});
    unknown.number(request_kind_count);
    unknown.number(std::uint64_t{1});
    unknown.text("g");
    const auto frame = decode_request(unknown.view());
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->id, 7U);
    EXPECT_EQ(static_cast<std::uint8_t>(frame->request.kind), request_kind_count);
}

TEST(Wire, RequestsThatMakeNoSenseAreNothing) {
    EXPECT_FALSE(decode_request({}));
    Writer lying;
    lying.number(std::uint64_t{1});
    lying.number(std::uint8_t{0});
    lying.number(std::uint64_t{1});
    lying.number(std::uint32_t{0xffff'fff0});
    EXPECT_FALSE(decode_request(lying.view()));
}

}  // namespace
}  // namespace rafted::net
