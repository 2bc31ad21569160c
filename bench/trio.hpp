// Three members in one loop, without any I/O: messages handed over as structs, every write durable
// at once.
#pragma once

#include <benchmark/benchmark.h>

#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "core/codec.hpp"
#include "core/member.hpp"

namespace rafted::bench {

using namespace core;

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

}  // namespace rafted::bench
