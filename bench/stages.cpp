// The stages of a command's way, one by one, without threads, sockets or disk. Times by Google
// Benchmark; `--stage NAME --times N` runs one that often and ends, for who counts instructions
// (bench/count); `--list` prints each one's name and how many items one time is; `--allocations`
// prints how often each item asks for memory once the stage is warm.
#include <sys/uio.h>

#include <charconv>
#include <functional>
#include <iostream>
#include <span>
#include <string>

#include "counted_new.hpp"
#include "host/mailbox.hpp"
#include "net/wire.hpp"
#include "rafted/typed.hpp"
#include "trio.hpp"
#include "value/applier.hpp"

namespace rafted::bench {
namespace {

constexpr std::size_t payload_bytes = 256;
constexpr std::size_t many = 64;
constexpr std::size_t max_frame = std::size_t{1} << 20;

struct Stage {
    std::string name;
    std::size_t items = 1;  ///< Done by one run.
    std::function<std::function<void()>()> prepare;
};

std::vector<Entry> entries(std::size_t count, BytesView payload) {
    std::vector<Entry> all;
    for (std::uint64_t i = 1; i <= count; ++i) {
        all.push_back(Entry::make({Term(1), Index(i), EntryKind::command, {}}, payload));
    }
    return all;
}

Message append_of(std::size_t count) {
    AppendRequest request;
    request.entries = entries(count, Bytes(payload_bytes));
    return {NodeId(1), NodeId(2), Term(1), std::move(request)};
}

std::function<void()> core_steps(std::size_t batch) {
    return [trio = std::make_shared<Trio>(), batch, payload = Bytes(payload_bytes)] {
        trio->commit(batch, payload);
    };
}

std::function<void()> make_entries() {
    return [payload = Bytes(payload_bytes), index = std::uint64_t{0}]() mutable {
        benchmark::DoNotOptimize(Entry::make({Term(1), Index(++index)}, payload));
    };
}

std::function<void()> encode_appends() {
    return [message = append_of(many)] { benchmark::DoNotOptimize(core::encode(message)); };
}

std::function<void()> decode_appends() {
    const auto encoded = core::encode(append_of(many));
    auto bytes = std::make_shared<Bytes>(encoded.head);
    for (const Entry& entry : encoded.blocks) {
        bytes->insert(bytes->end(), entry.block().begin(), entry.block().end());
    }
    return [bytes] { benchmark::DoNotOptimize(core::decode_message(bytes, *bytes)); };
}

/// As a connection does, with write() in place of the socket.
template <class Write>
void write_all(net::OutQueue& queue, const Write& write) {
    std::array<iovec, 64> slots{};
    while (!queue.empty()) {
        std::size_t bytes = 0;
        for (const iovec& slot : std::span(slots).first(queue.gather(slots))) {
            write(slot);
            bytes += slot.iov_len;
        }
        queue.written(bytes);
    }
}

/// Answers to a client, framed, queued on a connection and written to it.
std::function<void()> write_frames() {
    return [queue = std::make_shared<net::OutQueue>(), body = Bytes(payload_bytes)] {
        for (std::uint64_t id = 0; id < many; ++id) {
            queue->push(net::encode_response(id, body));
        }
        write_all(*queue, [](const iovec& slot) { benchmark::DoNotOptimize(slot.iov_base); });
    };
}

struct CountFrames final : net::FrameSink {
    std::uint64_t requests = 0;
    Result<void> take(const net::Frame& frame) override {
        requests += net::decode_request(frame.body.subspan(1)).has_value() ? 1U : 0U;
        return {};
    }
};

/// As they come from a socket: many frames in one piece.
std::function<void()> read_frames() {
    Bytes stream;
    net::OutQueue queue;
    for (std::uint64_t id = 0; id < many; ++id) {
        queue.push(net::encode_request(
            id, {RequestKind::command, "group", std::chrono::seconds(1), Bytes(payload_bytes)}));
    }
    write_all(queue, [&](const iovec& slot) {
        const auto* from = static_cast<const std::byte*>(slot.iov_base);
        stream.insert(stream.end(), from, from + slot.iov_len);
    });
    return [stream, reader = std::make_shared<net::FrameReader>(max_frame),
            sink = std::make_shared<CountFrames>()] {
        if (!reader->received(0, stream, *sink)) std::abort();
        benchmark::DoNotOptimize(sink->requests);
    };
}

std::function<void()> fill_mailbox() {
    return [mailbox = std::make_shared<host::Mailbox>([] {})] {
        for (std::size_t i = 0; i < many; ++i) {
            mailbox->put(host::Call{{RequestKind::command, "group", {}, {}}, {}});
        }
        benchmark::DoNotOptimize(mailbox->take());
    };
}

struct Sum {
    using Command = std::uint64_t;
    using Query = Unit;
    std::uint64_t total = 0;
    std::uint64_t command(std::uint64_t by) { return total += by; }
    std::uint64_t query(Unit) const { return total; }
};

/// An applier with a session; entries get their index when they are applied.
struct Applying {
    Applying() {
        const std::vector<Entry> opening{
            Entry::make({Term(1), Index(1), EntryKind::open_session, {}}, rafted::encode(7UL))};
        session = *decode<std::uint64_t>(*applier.apply(opening)[0].answer);
    }
    void apply(std::size_t count, std::uint64_t first_sequence) {
        std::vector<Entry> all;
        for (std::uint64_t i = 0; i < count; ++i) {
            const value::SessionId id{session, first_sequence + i, first_sequence};
            all.push_back(Entry::make({Term(1), applier.applied() + 1 + i},
                                      value::seal(id, rafted::encode(i))));
        }
        benchmark::DoNotOptimize(applier.apply(all));
    }
    value::Applier applier{[] { return std::make_unique<Typed<Sum>>(); }, {}};
    std::uint64_t session = 0;
};

/// Commands of a session, each for the first time.
std::function<void()> apply_commands() {
    return [applying = std::make_shared<Applying>(), next = std::uint64_t{1}]() mutable {
        applying->apply(many, next);
        next += many;
    };
}

/// The same commands again and again: what a retry costs.
std::function<void()> recall_answers() {
    return [applying = std::make_shared<Applying>()] { applying->apply(many, 1); };
}

std::function<void()> query_value() {
    return [applying = std::make_shared<Applying>(), query = rafted::encode(Unit{})] {
        benchmark::DoNotOptimize(applying->applier.query(query));
    };
}

std::vector<Stage> stages() {
    std::vector<Stage> all;
    for (const std::size_t batch : {1U, 8U, 64U, 512U}) {
        all.push_back(
            {"core_step/" + std::to_string(batch), batch, [batch] { return core_steps(batch); }});
    }
    all.push_back({"entry_made", 1, make_entries});
    all.push_back({"append_encoded", many, encode_appends});
    all.push_back({"append_decoded", many, decode_appends});
    all.push_back({"frames_written", many, write_frames});
    all.push_back({"frames_read", many, read_frames});
    all.push_back({"mailbox", many, fill_mailbox});
    all.push_back({"commands_applied", many, apply_commands});
    all.push_back({"answers_recalled", many, recall_answers});
    all.push_back({"query", 1, query_value});
    return all;
}

void measure(benchmark::State& state, const Stage& stage) {
    const auto run = stage.prepare();
    for (auto _ : state) run();
    const auto items = static_cast<double>(state.iterations()) * static_cast<double>(stage.items);
    state.counters["per_item"] =
        benchmark::Counter(items, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

int list() {
    for (const Stage& stage : stages()) std::cout << stage.name << ' ' << stage.items << '\n';
    return 0;
}

int run_times(std::string_view name, std::string_view times) {
    std::uint64_t left = 0;
    const auto [end, error] = std::from_chars(times.data(), times.data() + times.size(), left);
    if (error != std::errc() || end != times.data() + times.size()) return 2;
    for (const Stage& stage : stages()) {
        if (stage.name != name) continue;
        const auto run = stage.prepare();
        for (; left > 0; --left) run();
        return 0;
    }
    return 2;
}

/// Whole: that of a round number of items, far from the beginning.
int print_allocations() {
    constexpr std::size_t items = 16'384;
    for (const Stage& stage : stages()) {
        const auto run = stage.prepare();
        const std::size_t times = items / stage.items;
        for (std::size_t i = 0; i < times; ++i) run();
        const std::uint64_t before = allocations;
        for (std::size_t i = 0; i < times; ++i) run();
        const auto asked = static_cast<double>(allocations - before);
        std::cout << stage.name << ' ' << asked / static_cast<double>(items) << '\n';
    }
    return 0;
}

}  // namespace
}  // namespace rafted::bench

int main(int argc, char** argv) {
    using namespace rafted::bench;
    const std::span args(argv, static_cast<std::size_t>(argc));
    if (argc == 2 && std::string_view(args[1]) == "--list") return list();
    if (argc == 2 && std::string_view(args[1]) == "--allocations") return print_allocations();
    if (argc == 5 && std::string_view(args[1]) == "--stage" &&
        std::string_view(args[3]) == "--times") {
        return run_times(args[2], args[4]);
    }
    const auto all = stages();
    for (const Stage& stage : all) {
        benchmark::RegisterBenchmark(stage.name.c_str(),
                                     [&stage](benchmark::State& state) { measure(state, stage); });
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
