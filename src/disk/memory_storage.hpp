// Storage of a node that keeps nothing: a new node at each start. It takes writes and forgets them;
// only snapshots are kept, the newest two of each group, to be sent to others.
//   1. Everything completes at once, on the caller's thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "ports/storage.hpp"

namespace rafted::disk {

class MemoryStorage final : public ports::Storage {
public:
    /// Without an id: a random one.
    explicit MemoryStorage(std::optional<NodeId> node = std::nullopt);
    ~MemoryStorage() override;

    Result<ports::Recovered> recover() override;
    Result<void> set_cluster(ClusterId cluster) override;
    void write(ports::Batch batch, ports::Done done) override;
    Result<std::unique_ptr<ports::SnapshotSink>> save_snapshot(
        ports::Slot slot, const core::SnapshotMeta& meta) override;
    Result<std::unique_ptr<ports::SnapshotSource>> open_snapshot(ports::Slot slot) override;
    ports::Scrubbed scrub(std::size_t) override { return {0, 0, true, {}}; }
    DiskState state() const override { return DiskState::memory_only; }
    void close() override;

private:
    struct Snapshot;
    class Shelf;
    class Sink;
    class Source;
    struct Receiving;

    Result<std::unique_ptr<Sink>> receive(ports::Slot slot, const core::SnapshotPiece& piece);

    NodeId node_;
    ClusterId cluster_;
    bool closed_ = false;
    std::map<ports::Slot, Receiving> receiving_;  // used by whoever calls write()
    std::shared_ptr<Shelf> shelf_;
};

}  // namespace rafted::disk
