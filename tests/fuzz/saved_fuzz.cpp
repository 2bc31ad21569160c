// Any bytes as what a group saves of itself. First byte: 0 its sessions, then commands to use them;
// 1 a whole snapshot, value and sessions. What is loaded must be fit for use, and be the same after
// it has been saved and loaded again.
#include "core/check.hpp"
#include "fuzz/support/memory_limit.hpp"
#include "fuzz/support/values.hpp"
#include "rafted/typed.hpp"
#include "value/applier.hpp"

namespace {

using namespace rafted;

GroupConfig small_limits() {
    GroupConfig config;
    config.max_retained_command_results = 4;
    config.max_sessions = 4;
    config.max_results_per_session = 3;
    return config;
}

/// An empty deque takes half a kilobyte, and each session has one.
std::size_t worth(BytesView bytes) { return bytes.size() * 64 + 65'536; }

Bytes saved(const value::Sessions& sessions) {
    Writer out;
    sessions.save(out);
    return out.take();
}

value::Sessions load_again(const value::Sessions& sessions) {
    const Bytes bytes = saved(sessions);
    Reader in(bytes);
    auto again = value::Sessions::load(in, small_limits());
    CHECK(again && in.complete(), "sessions that were saved can be loaded");
    CHECK(saved(*again) == bytes, "and are the same then");
    return std::move(*again);
}

/// Runs commands by the envelopes that the bytes hold, each with its size in front.
void use(value::Sessions& sessions, Reader& in) {
    auto twin = load_again(sessions);
    while (!in.failed() && !in.at_end()) {
        const auto advanced = core::LogTime(in.number<std::uint16_t>());
        const auto envelope = value::open(in.raw(in.number<std::uint8_t>()));
        if (!envelope) break;
        for (value::Sessions* each : {&sessions, &twin}) {
            each->advance(advanced);
            if (each->recall(envelope->id)) continue;
            each->remember(envelope->id, copy_of(envelope->command));
            const auto* named = std::get_if<CommandId>(&envelope->id);
            if (named != nullptr) CHECK(each->recall(*named).has_value(), "it runs once");
        }
        CHECK(saved(sessions) == saved(twin), "what was loaded goes on as what was saved");
    }
    load_again(sessions);
}

void load_sessions(BytesView bytes) {
    const test::MemoryLimit limit(worth(bytes));
    Reader in(bytes);
    auto sessions = value::Sessions::load(in, small_limits());
    if (!sessions) return;
    CHECK(!in.failed(), "what was loaded was all there");
    CHECK(sessions->size() <= 4 && sessions->retained() <= 4, "limits hold after loading");
    use(*sessions, in);
}

value::Applier make_applier() {
    return {[] { return std::make_unique<Typed<test::Store>>(); }, small_limits()};
}

core::SnapshotMeta meta() {
    core::SnapshotMeta meta;
    meta.index = Index(9);
    meta.term = Term(2);
    meta.config = small_limits();
    return meta;
}

Bytes saved(const value::Applier& applier) {
    Bytes all;
    const auto frozen = applier.freeze();
    CHECK(frozen.has_value(), "an applier can always be frozen");
    const auto done = (*frozen)->save([&](BytesView piece) -> Result<void> {
        all.insert(all.end(), piece.begin(), piece.end());
        return {};
    });
    CHECK(done.has_value(), "and saved");
    return all;
}

void load_snapshot(BytesView bytes) {
    const test::MemoryLimit limit(worth(bytes));
    auto applier = make_applier();
    const Bytes empty = saved(applier);
    const auto loaded = applier.load(meta(), bytes);
    if (!loaded) {
        const ErrorCode code = loaded.error().code;
        CHECK(code == ErrorCode::corrupt || code == ErrorCode::wrong_version, "it is named");
        CHECK(loaded.error().message.contains("snapshot at index 9"), "and so is the snapshot");
        CHECK(saved(applier) == empty && applier.applied() == Index(), "nothing has changed");
        return;
    }
    const Bytes first = saved(applier);
    auto twin = make_applier();
    CHECK(twin.load(meta(), first).has_value(), "a snapshot that was saved can be loaded");
    CHECK(saved(twin) == first, "and is the same then");
    const auto next = core::Entry::make(
        {Term(2), Index(10)}, value::seal(value::SessionId{1, 5, 2}, encode(std::uint8_t{0})));
    applier.apply({&next, 1});
    twin.apply({&next, 1});
    CHECK(saved(twin) == saved(applier), "what was loaded goes on as what was saved");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
    if (data[0] == 0) load_sessions(bytes);
    if (data[0] == 1) load_snapshot(bytes);
    return 0;
}
