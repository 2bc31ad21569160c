// The member: one replica of one group, as a pure machine. Inputs in, effects out; no I/O, clock,
// thread, log line or exception. Everything it knows is a regular value, so it can be copied,
// compared and hashed, and therefore searched.
//   1. Effects must be performed in field order, and when_durable returned, or nothing holds.
//   2. step() with an empty batch, or TimePassed too early, is harmless.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/effects.hpp"
#include "core/state.hpp"

namespace rafted::core {

/// What a member starts from: nothing (it joins), a founding entry, or what it had written.
struct Start {
    NodeId self;
    std::uint64_t seed = 0;
    GroupConfig config;  ///< Until the log says otherwise.
    HardState hard_state;
    std::optional<SnapshotMeta> snapshot;
    std::vector<Entry> entries;
    /// It may have heard a leader before it stopped, so it refuses votes for one election timeout.
    bool restarted = false;
    bool is_log_lost = false;     ///< RecoveredGroup::is_log_lost; without snapshot and entries.
    std::vector<NodeId> peers{};  ///< Then: who else was in the newest list that can be read.
};

class Member {
public:
    Member(Start start, Time now);

    /// Takes all inputs in order, then settles once: one set of effects for the whole batch.
    /// requires: `effects` are new or cleared.
    void step(Time now, std::span<const Input> inputs, Effects& effects);
    [[nodiscard]] Effects step(Time now, std::span<const Input> inputs) {
        Effects effects;
        step(now, inputs, effects);
        return effects;
    }
    [[nodiscard]] Effects step(Time now, const Input& input) { return step(now, {&input, 1}); }

    /// Whether this input, if none has been given since the last step, may wait until there is
    /// another or wake_at has come: a step with it alone would have no effect.
    bool can_wait(const Input& input) const;

    NodeId id() const { return state_.self; }
    const State& state() const { return state_; }
    Role role() const;
    Term term() const { return state_.hard.term; }
    bool leads() const { return role() == Role::leader; }
    /// Leads, and may answer a read from its own state now.
    bool has_lease(Time now) const;
    /// Voters and learners a leader has not heard for two election timeouts.
    std::vector<NodeId> unresponsive(Time now) const;

    /// Stops the process if a rule about one state is broken.
    void check() const;
    /// Stops the process if something changed that may not change between two moments.
    void check_step(const Member& before) const;

    bool operator==(const Member&) const = default;
    /// Equal members have equal digests.
    std::uint64_t digest() const;

private:
    State state_;
};

/// Entry 1 of a group: its founder is its only member.
Entry founding_entry(const Peer& founder, const GroupConfig& config, LogTime time);

}  // namespace rafted::core
