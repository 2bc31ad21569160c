// When a group's own snapshot is due, and its way to the disk (D11), beside the running value:
//
//   idle ──due──► freezing ──frozen──► writing ──written──► held ──hooks ran──► committing ──► idle
//                 (value lane)        (own lane)    (until the leader hooks of everything it covers
//                                                    have run: what is compacted cannot be
//                                                    replayed)
//   1. One at a time.   2. A failure is logged, and tried again when due once more.
#pragma once

#include <memory>
#include <optional>

#include "core/log.hpp"
#include "host/services.hpp"
#include "rafted/machine.hpp"

namespace rafted::host {

class Snapshotter {
public:
    using Saved = std::function<void(const Result<core::SnapshotMeta>&)>;
    /// `saved` is called on the loop when a snapshot is in place, or could not be made.
    Snapshotter(Services& services, ports::Slot slot, Saved saved);

    /// Whether the value should be frozen now; if so, the caller asks for it.
    bool is_due(const core::Log& log, Index applied, const GroupConfig& config);
    /// Somebody waits for one that covers this entry: due as soon as it is applied. 0: nobody does.
    void want(Index upto) { wanted_ = upto; }
    /// The newest one is damaged: due at once, even if it would cover no more.
    void renew() { renews_ = true; }
    /// Why the last try failed, until another is made.
    const std::optional<Error>& failure() const { return failure_; }
    /// The same, also while another is made.
    const std::optional<Error>& trouble() const { return trouble_; }
    /// After one that failed: when to ask is_due() again, should nothing happen before.
    core::Time retry_at() const { return retry_at_; }
    /// The value as frozen; begins to write it.
    void write(std::unique_ptr<Frozen> frozen, const core::SnapshotMeta& meta);
    /// The value could not be frozen.
    void give_up(const Error& why);
    /// Leader hooks have run up to here: a snapshot held back for them may be committed.
    void hooks_ran(Index upto);
    /// The value has loaded one that came from elsewhere, or was found at the start.
    void has_snapshot(std::uint64_t bytes) { last_bytes_ = bytes; }

private:
    enum class Stage : std::uint8_t { idle, freezing, writing, held, committing };
    struct Work;
    void written(std::shared_ptr<Work> work);
    void commit();
    void finished(const core::SnapshotMeta& meta, const Result<void>& result, std::uint64_t bytes);

    Services& services_;
    ports::Slot slot_;
    Saved saved_;
    ports::Lane lane_;
    Stage stage_ = Stage::idle;
    std::uint64_t last_bytes_ = 0;
    Index wanted_;
    bool renews_ = false;
    std::optional<Error> failure_;
    std::optional<Error> trouble_;
    Index hooks_ran_;
    core::Time retry_at_ = core::never;
    unsigned failures_ = 0;  ///< In a row.
    std::shared_ptr<Work> held_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::host
