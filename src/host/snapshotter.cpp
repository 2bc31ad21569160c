#include "host/snapshotter.hpp"

#include <algorithm>
#include <utility>

namespace rafted::host {
namespace {

/// After a failure, twice as long after each further one: what stands in the way (a full disk, as a
/// rule) is mended by time, not by a log that grows. At most the last step.
constexpr auto first_pause = std::chrono::milliseconds(250);
constexpr unsigned most_doublings = 5;

}  // namespace

struct Snapshotter::Work {
    core::SnapshotMeta meta;
    std::unique_ptr<Frozen> frozen;
    std::unique_ptr<ports::SnapshotSink> sink;
    std::uint64_t bytes = 0;
    Result<void> result{};
};

Snapshotter::Snapshotter(Services& services, ports::Slot slot, Saved saved)
    : services_(services),
      slot_(slot),
      saved_(std::move(saved)),
      lane_(services.workers.open_lane(ports::Urgency::background)) {}

bool Snapshotter::is_due(const core::Log& log, Index applied, const GroupConfig& config) {
    if (retry_at_ != core::never && services_.clock.steady() < retry_at_) return false;
    retry_at_ = core::never;
    const bool covers_more = applied > log.snapshot();
    const bool covers_as_much = renews_ && applied == log.snapshot() && applied > Index();
    if (stage_ != Stage::idle || (!covers_more && !covers_as_much)) return false;
    // A load takes the newest snapshot on disk, which may be there before the member is told of it.
    // Nothing is saved of a value that is ahead in this way: no log reaches there, and what would
    // be saved is on disk already. Nor can it get ahead until it is frozen: once it is past
    // log.snapshot(), and not ahead, it has done every load it was given.
    if (applied > log.committed()) return false;
    const std::uint64_t bytes = log.bytes_between(log.snapshot(), applied);
    const double wanted = config.log_file_expansion_factor * static_cast<double>(last_bytes_);
    const bool has_grown =
        static_cast<double>(bytes) > wanted && bytes >= config.snapshot_floor_bytes;
    const bool is_large = bytes >= config.max_log_bytes / 2;
    const bool is_wanted = wanted_ > log.snapshot() && wanted_ <= applied;
    if (!has_grown && !is_large && !is_wanted && !renews_) return false;
    stage_ = Stage::freezing;
    failure_.reset();
    return true;
}

void Snapshotter::write(std::unique_ptr<Frozen> frozen, const core::SnapshotMeta& meta) {
    if (stage_ != Stage::freezing) return;
    stage_ = Stage::writing;
    auto work = std::make_shared<Work>();
    work->meta = meta;
    work->frozen = std::move(frozen);
    auto job = [this, work, alive = std::weak_ptr(alive_), slot = slot_, &services = services_] {
        auto sink = services.storage.save_snapshot(slot, work->meta);
        if (sink) {
            work->sink = std::move(*sink);
            work->result = work->frozen->save([&](BytesView piece) {
                work->bytes += piece.size();
                return work->sink->write(piece);
            });
        } else {
            work->result = std::unexpected(sink.error());
        }
        work->frozen.reset();
        services.mailbox.put(Completion([this, work, alive] {
            if (!alive.expired()) written(work);
        }));
    };
    services_.workers.post(lane_, std::move(job));
}

void Snapshotter::written(std::shared_ptr<Work> work) {
    if (!work->result) return finished(work->meta, work->result, 0);
    stage_ = Stage::held;
    held_ = std::move(work);
    commit();
}

void Snapshotter::hooks_ran(Index upto) {
    hooks_ran_ = std::max(hooks_ran_, upto);
    commit();
}

void Snapshotter::commit() {
    if (stage_ != Stage::held || hooks_ran_ < held_->meta.index) return;
    stage_ = Stage::committing;
    auto work = std::exchange(held_, nullptr);
    services_.workers.post(lane_,
                           [this, work, alive = std::weak_ptr(alive_), &services = services_] {
                               work->result = work->sink->commit();
                               work->sink.reset();
                               services.mailbox.put(Completion([this, work, alive] {
                                   if (!alive.expired())
                                       finished(work->meta, work->result, work->bytes);
                               }));
                           });
}

void Snapshotter::give_up(const Error& why) {
    stage_ = Stage::idle;
    failure_ = trouble_ = why;
    retry_at_ =
        services_.clock.steady() + first_pause * (1U << std::min(failures_++, most_doublings));
    saved_(std::unexpected(why));
}

void Snapshotter::finished(const core::SnapshotMeta& meta, const Result<void>& result,
                           std::uint64_t bytes) {
    if (!result) {
        services_.log(LogLevel::error,
                      "a snapshot could not be saved: " + to_string(result.error()));
        return give_up(result.error());
    }
    stage_ = Stage::idle;
    failures_ = 0;
    trouble_.reset();
    renews_ = false;
    last_bytes_ = bytes;
    saved_(meta);
}

}  // namespace rafted::host
