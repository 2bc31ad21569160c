// Three members in one loop, without any I/O: messages handed over as structs, every write durable
// at once.
#pragma once

#include <benchmark/benchmark.h>

#include <array>
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
            inputs_[0].emplace_back(TimePassed{});
            settle();
        }
    }

    /// Proposes a batch to the leader and runs until everybody has committed it.
    void commit(std::size_t batch, const Bytes& payload) {
        for (std::size_t i = 0; i < batch; ++i) {
            inputs_[0].emplace_back(Propose{++request_, EntryKind::command, payload, {}});
        }
        now_ += std::chrono::microseconds(10);
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

    /// A turn of one member, as its host does it: everything that waits for it at once. What it
    /// writes is durable when it has been said, before it hears anything else.
    void step(std::size_t at) {
        turn_.swap(inputs_[at]);
        effects_.clear();
        members_[at].step(now_, turn_, effects_);
        turn_.clear();
        for (auto* messages : {&effects_.send_now, &effects_.send_after_write}) {
            for (Message& message : *messages) {
                const std::size_t to = message.to.value - 1;
                inputs_[to].emplace_back(Received{std::move(message)});
            }
        }
        if (effects_.when_durable) inputs_[at].emplace_back(std::move(*effects_.when_durable));
        benchmark::DoNotOptimize(effects_.committed);
    }

    void settle() {
        for (bool goes_on = true; goes_on;) {
            goes_on = false;
            for (std::size_t at = 0; at < members_.size(); ++at) {
                const auto& waiting = inputs_[at];
                if (waiting.empty()) continue;
                if (waiting.size() == 1 && members_[at].can_wait(waiting.front())) continue;
                step(at);
                goes_on = true;
            }
        }
    }

    void compact() {
        // Followers learn the newest commit by a heartbeat first.
        now_ += std::chrono::milliseconds(250);
        inputs_[0].emplace_back(TimePassed{});
        settle();
        for (std::size_t at = 0; at < 3; ++at) {
            const State& state = members_[at].state();
            const Index index = state.log.applied();
            SnapshotMeta meta{
                index, *state.log.term_at(index), {}, state.members(), state.config()};
            inputs_[at].emplace_back(SnapshotSaved{std::move(meta)});
        }
        settle();
    }

    Time now_{};
    std::vector<Member> members_;
    std::array<std::vector<Input>, 3> inputs_;  ///< What waits for each.
    std::vector<Input> turn_;
    Effects effects_;
    RequestId request_ = 0;
};

}  // namespace rafted::bench
