// From committed entries to the user's value: sessions first, then the value. One applier per
// member, used by one thread at a time (the group's lane), never within a round of the loop.
//   1. Entries are applied in index order, each once; applied() is the last.
//   2. Every member's applier reaches the same value, sessions and answers from the same entries.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/message.hpp"
#include "rafted/config.hpp"
#include "rafted/machine.hpp"
#include "value/sessions.hpp"

namespace rafted::value {

/// What became of one entry: the answer for whoever waits, and the hook to run if we lead.
struct Applied {
    Index index;
    Term term;
    Result<Bytes> answer;
    HookCall hook;
};

class Applier {
public:
    /// Makes a fresh machine: at start, and again when a snapshot is loaded.
    using MachineFactory = std::function<std::unique_ptr<Machine>()>;

    Applier(MachineFactory factory, GroupConfig config);

    /// requires: entries follow applied() without a gap.
    std::vector<Applied> apply(std::span<const core::Entry> entries);
    Answered query(BytesView query) const;

    /// Value and sessions as they are now, detached; for a snapshot at applied().
    Result<std::unique_ptr<Frozen>> freeze() const;
    /// Becomes what a Frozen of freeze() saved. Fails with corrupt, or wrong_version if another
    /// program wrote it; then the applier is unchanged.
    Result<void> load(const core::SnapshotMeta& meta, Reader& saved);
    Result<void> load(const core::SnapshotMeta& meta, BytesView saved) {
        Reader in(saved);
        return load(meta, in);
    }

    Index applied() const { return applied_; }
    /// What a snapshot taken now would stand for.
    core::SnapshotMeta meta() const { return {applied_, term_, time_, members_, config_}; }
    std::uint64_t session_count() const { return sessions_.size(); }
    const Machine& machine() const { return *machine_; }

private:
    void apply_one(const core::Entry& entry, Applied& applied);
    Result<Bytes> apply_command(const core::Entry& entry, HookCall& hook);
    HookCall change_members(core::Members members);
    void take_config(const GroupConfig& config);

    MachineFactory factory_;
    std::unique_ptr<Machine> machine_;
    GroupConfig config_;     // as of applied_
    core::Members members_;  // as of applied_, to tell who came and who went
    Sessions sessions_;
    Index applied_;
    Term term_;  // of the entry at applied_
    core::LogTime time_{};
};

}  // namespace rafted::value
