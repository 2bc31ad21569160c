// What the core costs per committed entry, without any I/O: three members in one loop, messages
// handed over as structs, every write durable at once. All three members' work is counted.
#include <benchmark/benchmark.h>

#include <array>
#include <deque>

#include "core/codec.hpp"
#include "core/member.hpp"

namespace {

using namespace rafted;
using namespace rafted::core;

class Trio {
public:
    Trio() {
        const GroupConfig config = limits();
        std::vector<Peer> peers;
        for (std::uint64_t id = 1; id <= 3; ++id) peers.push_back({NodeId(id), "", {}});
        const Bytes founding = encode(Founding{Members(peers), config});
        for (std::uint64_t id = 1; id <= 3; ++id) {
            Start start;
            start.self = NodeId(id);
            start.seed = id;
            start.config = config;
            start.entries = {Entry::make({Term(), Index(1), EntryKind::founding, {}}, founding)};
            members_.emplace_back(std::move(start), now_);
        }
        while (!members_[0].leads()) {
            now_ += std::chrono::milliseconds(100);
            step(0, {TimePassed{}});
            settle();
        }
    }

    /// Proposes a batch to the leader and runs until everybody has committed it.
    void commit(std::size_t batch, const Bytes& payload) {
        std::vector<Input> inputs;
        inputs.reserve(batch);
        for (std::size_t i = 0; i < batch; ++i) {
            inputs.emplace_back(Propose{++request_, EntryKind::command, payload, {}});
        }
        now_ += std::chrono::microseconds(10);
        step(0, std::move(inputs));
        settle();
        if (members_[0].state().log.bytes() > compact_above) compact();
    }

    std::uint64_t committed() const { return members_[0].state().log.committed().value; }

private:
    static constexpr std::uint64_t compact_above = 16 << 20;

    static GroupConfig limits() {
        GroupConfig config;
        config.log_bytes_kept = 0;
        return config;
    }

    void step(std::size_t at, std::vector<Input> inputs) {
        Effects effects = members_[at].step(now_, inputs);
        for (auto* messages : {&effects.send_now, &effects.send_after_write}) {
            for (Message& message : *messages) wire_.push_back(std::move(message));
        }
        if (effects.when_durable) durable_.push_back({at, std::move(*effects.when_durable)});
        benchmark::DoNotOptimize(effects.committed);
    }

    /// Delivers per member everything that waits for it, as a host's turn does.
    void settle() {
        while (!wire_.empty() || !durable_.empty()) {
            std::array<std::vector<Input>, 3> inputs;
            for (Message& message : wire_) {
                const std::size_t to = message.to.value - 1;
                inputs[to].emplace_back(Received{std::move(message)});
            }
            wire_.clear();
            for (auto& [at, persisted] : durable_) inputs[at].emplace_back(std::move(persisted));
            durable_.clear();
            for (std::size_t at = 0; at < 3; ++at) {
                if (!inputs[at].empty()) step(at, std::move(inputs[at]));
            }
        }
    }

    void compact() {
        // Followers learn the newest commit by a heartbeat first.
        now_ += std::chrono::milliseconds(250);
        step(0, {TimePassed{}});
        settle();
        for (std::size_t at = 0; at < 3; ++at) {
            const State& state = members_[at].state();
            const Index index = state.log.applied();
            SnapshotMeta meta{
                index, *state.log.term_at(index), {}, state.members(), state.config()};
            step(at, {SnapshotSaved{std::move(meta)}});
        }
        settle();
    }

    Time now_{};
    std::vector<Member> members_;
    std::deque<Message> wire_;
    std::deque<std::pair<std::size_t, Persisted>> durable_;
    RequestId request_ = 0;
};

void per_committed_entry(benchmark::State& state) {
    Trio trio;
    const Bytes payload(256);
    const auto batch = static_cast<std::size_t>(state.range(0));
    const std::uint64_t before = trio.committed();
    for (auto _ : state) trio.commit(batch, payload);
    const auto entries = static_cast<double>(trio.committed() - before);
    state.counters["per_entry"] =
        benchmark::Counter(entries, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(per_committed_entry)->Arg(1)->Arg(8)->Arg(64)->Arg(512);

void encode_append(benchmark::State& state) {
    AppendRequest request;
    for (std::uint64_t i = 1; i <= 64; ++i) {
        request.entries.push_back(
            Entry::make({Term(1), Index(i), EntryKind::command, {}}, Bytes(256)));
    }
    const Message message{NodeId(1), NodeId(2), Term(1), request};
    for (auto _ : state) benchmark::DoNotOptimize(encode(message));
}
BENCHMARK(encode_append);

void decode_append(benchmark::State& state) {
    AppendRequest request;
    for (std::uint64_t i = 1; i <= 64; ++i) {
        request.entries.push_back(
            Entry::make({Term(1), Index(i), EntryKind::command, {}}, Bytes(256)));
    }
    const auto encoded = encode(Message{NodeId(1), NodeId(2), Term(1), request});
    auto frame = std::make_shared<Bytes>(encoded.head);
    for (const Entry& block : encoded.blocks) {
        frame->insert(frame->end(), block.block().begin(), block.block().end());
    }
    for (auto _ : state) benchmark::DoNotOptimize(decode_message(frame, *frame));
}
BENCHMARK(decode_append);

}  // namespace
