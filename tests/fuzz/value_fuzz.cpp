// Any bytes as a user's own types. First byte: 0 a struct with one of everything, 1 a type that
// contains itself, 2 a command, 3 a query, 4 a saved value. What is taken must survive being
// encoded and decoded again, nothing may throw, and memory is in proportion to the bytes.
#include <algorithm>

#include "core/check.hpp"
#include "fuzz/support/memory_limit.hpp"
#include "fuzz/support/values.hpp"
#include "rafted/typed.hpp"

namespace {

using namespace rafted;

/// A node of a map, or the first block of a deque, for a few bytes of input.
std::size_t worth(BytesView bytes) { return bytes.size() * 64 + 65'536; }

void check_error(const Error& error, std::initializer_list<ErrorCode> codes) {
    CHECK(std::ranges::find(codes, error.code) != codes.end(), "bad bytes have an error of theirs");
    CHECK(!error.message.empty(), "an error says what is wrong");
}

template <class T>
void decode_and_back(BytesView bytes) {
    const test::MemoryLimit limit(worth(bytes));
    const auto value = decode<T>(bytes);
    if (!value) return check_error(value.error(), {ErrorCode::invalid});
    Writer out;
    encode(out, *value);
    CHECK(!out.failed() && out.size() == bytes.size(), "what was decoded can be encoded");
    const auto again = decode<T>(out.view());
    // Compared by their bytes: a double may be no number, unlike itself.
    CHECK(again.has_value(), "what was encoded can be decoded");
    CHECK(std::ranges::equal(encode(*again), out.view()), "and is the same then");
}

Bytes saved(const Typed<test::Store>& machine) {
    Bytes all;
    const auto frozen = machine.freeze();
    CHECK(frozen.has_value(), "a value can always be frozen");
    const auto done = (*frozen)->save([&](BytesView piece) -> Result<void> {
        all.insert(all.end(), piece.begin(), piece.end());
        return {};
    });
    CHECK(done.has_value(), "and saved");
    return all;
}

void load_and_back(const Typed<test::Store>& machine) {
    const Bytes bytes = saved(machine);
    Typed<test::Store> twin;
    CHECK(twin.load(bytes).has_value(), "what was saved can be loaded");
    CHECK(saved(twin) == bytes, "and is the same then");
}

void command(BytesView bytes) {
    const test::MemoryLimit limit(worth(bytes));
    Typed<test::Store> machine;
    const auto answered = machine.command({Index(1), Term(1)}, bytes);
    if (!answered.answer) {
        check_error(answered.answer.error(), {ErrorCode::invalid, ErrorCode::value_threw});
    }
    load_and_back(machine);
}

void query(BytesView bytes) {
    const test::MemoryLimit limit(worth(bytes));
    const Typed<test::Store> machine;
    const auto answered = machine.query(bytes);
    if (answered.answer) return;
    check_error(answered.answer.error(), {ErrorCode::invalid, ErrorCode::value_threw});
}

void load(BytesView bytes) {
    const test::MemoryLimit limit(worth(bytes));
    Typed<test::Store> machine;
    const auto loaded = machine.load(bytes);
    if (!loaded) return check_error(loaded.error(), {ErrorCode::corrupt});
    load_and_back(machine);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
    switch (data[0]) {
        case 0: decode_and_back<test::Everything>(bytes); break;
        case 1: decode_and_back<test::Tree>(bytes); break;
        case 2: command(bytes); break;
        case 3: query(bytes); break;
        case 4: load(bytes); break;
        default: break;
    }
    return 0;
}
