#include "disk/memory_storage.hpp"

#include <algorithm>
#include <utility>

#include "disk/directory.hpp"
#include "disk/snapshots.hpp"

namespace rafted::disk {

struct MemoryStorage::Snapshot {
    core::SnapshotMeta meta;
    Bytes bytes;
    std::uint64_t checksum = 0;
};

/// The snapshots of all groups; sinks put in from other threads.
class MemoryStorage::Shelf {
public:
    void put(ports::Slot slot, std::shared_ptr<const Snapshot> snapshot) {
        const std::lock_guard hold(mutex_);
        auto& kept = slots_[slot];
        const auto place = [](const auto& s) { return std::pair(s->meta.index, s->meta.term); };
        std::erase_if(kept, [&](const auto& s) { return place(s) == place(snapshot); });
        kept.push_back(std::move(snapshot));
        std::ranges::sort(kept, std::greater{}, place);
        if (kept.size() > Snapshots::kept) kept.resize(Snapshots::kept);
    }
    std::shared_ptr<const Snapshot> newest(ports::Slot slot) const {
        const std::lock_guard hold(mutex_);
        const auto found = slots_.find(slot);
        return found == slots_.end() ? nullptr : found->second.front();
    }
    bool has(ports::Slot slot, const core::SnapshotMeta& meta) const {
        const std::lock_guard hold(mutex_);
        const auto found = slots_.find(slot);
        return found != slots_.end() &&
               std::ranges::any_of(found->second, [&](const auto& s) { return s->meta == meta; });
    }
    void remove(ports::Slot slot) {
        const std::lock_guard hold(mutex_);
        slots_.erase(slot);
    }

private:
    mutable std::mutex mutex_;
    std::map<ports::Slot, std::vector<std::shared_ptr<const Snapshot>>> slots_;  // newest first
};

class MemoryStorage::Sink final : public ports::SnapshotSink {
public:
    Sink(std::shared_ptr<Shelf> shelf, ports::Slot slot, const core::SnapshotMeta& meta)
        : shelf_(std::move(shelf)), slot_(slot) {
        snapshot_.meta = meta;
    }
    Result<void> write(BytesView piece) override {
        snapshot_.bytes.insert(snapshot_.bytes.end(), piece.begin(), piece.end());
        return {};
    }
    Result<void> commit() override {
        StreamChecksum sum;
        sum.add(snapshot_.bytes);
        snapshot_.checksum = sum.value();
        shelf_->put(slot_, std::make_shared<const Snapshot>(std::move(snapshot_)));
        return {};
    }

private:
    std::shared_ptr<Shelf> shelf_;
    ports::Slot slot_;
    Snapshot snapshot_;
};

class MemoryStorage::Source final : public ports::SnapshotSource {
public:
    explicit Source(std::shared_ptr<const Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}
    const core::SnapshotMeta& meta() const override { return snapshot_->meta; }
    std::uint64_t size() const override { return snapshot_->bytes.size(); }
    std::uint64_t checksum() const override { return snapshot_->checksum; }
    Result<Bytes> read(std::uint64_t offset, std::size_t max) override {
        const BytesView bytes = snapshot_->bytes;
        if (offset >= bytes.size()) return Bytes{};
        const auto rest = bytes.subspan(static_cast<std::size_t>(offset));
        return copy_of(rest.first(std::min(rest.size(), max)));
    }
    std::uint64_t packed_size() const override { return size() + blocks() * BlockHead::bytes; }
    Result<Bytes> read_packed(std::uint64_t offset, std::size_t max) override {
        constexpr std::uint64_t stride = BlockHead::bytes + snapshot_block_bytes;
        const std::uint64_t before = offset % stride;
        Writer out;
        for (auto block = offset / stride; block < blocks() && out.size() < before + max; ++block) {
            const auto rest = BytesView(snapshot_->bytes).subspan(block * snapshot_block_bytes);
            const auto bytes = rest.first(std::min(rest.size(), snapshot_block_bytes));
            out.number(BlockHead{static_cast<std::uint32_t>(bytes.size()), false}.encoded());
            out.raw(bytes);
        }
        if (out.size() <= before) return Bytes{};
        const auto bytes = out.view().subspan(before);
        return copy_of(bytes.first(std::min(bytes.size(), max)));
    }

private:
    std::uint64_t blocks() const {
        return (size() + snapshot_block_bytes - 1) / snapshot_block_bytes;
    }
    std::shared_ptr<const Snapshot> snapshot_;
};

struct MemoryStorage::Receiving {
    Arrival arrival;
    StreamChecksum sum;
    std::unique_ptr<Sink> sink;

    Result<void> add(const core::SnapshotPiece& piece) {
        auto done = arrival.add(piece.data, [this](const Arrival::Block& block) {
            sum.add(block.value);
            return sink->write(block.value);
        });
        return done && piece.last ? arrival.verify(sum.value()) : done;
    }
};

MemoryStorage::MemoryStorage(std::optional<NodeId> node)
    : node_(node ? *node : NodeId(random_id())), shelf_(std::make_shared<Shelf>()) {}
MemoryStorage::~MemoryStorage() = default;

Result<ports::Recovered> MemoryStorage::recover() {
    return ports::Recovered{node_, cluster_, {}, {}};
}

Result<void> MemoryStorage::set_cluster(ClusterId cluster) {
    if (cluster_ && cluster_ != cluster) {
        return fail(ErrorCode::wrong_cluster, "this node belongs to cluster " +
                                                  to_string(cluster_) + ", not to " +
                                                  to_string(cluster));
    }
    cluster_ = cluster;
    return {};
}

void MemoryStorage::write(ports::Batch batch, ports::Done done) {
    if (closed_) {
        done(fail(ErrorCode::stopped, "the storage is closed"));
        return;
    }
    Result<void> answer;
    std::vector<std::unique_ptr<Sink>> whole;
    for (const ports::GroupWrite& write : batch) {
        if (write.record && write.record->removed) {
            receiving_.erase(write.slot);
            shelf_->remove(write.slot);
        }
        for (const core::SnapshotPiece& piece : write.pieces) {
            auto received = receive(write.slot, piece);
            if (!received) answer = std::unexpected(std::move(received).error());
            if (received && *received) whole.push_back(std::move(*received));
        }
    }
    for (const auto& sink : whole) {
        if (answer) answer = sink->commit();
    }
    done(std::move(answer));
}

/// The snapshot as it would be put in place, once it is whole.
Result<std::unique_ptr<MemoryStorage::Sink>> MemoryStorage::receive(
    ports::Slot slot, const core::SnapshotPiece& piece) {
    if (piece.offset == 0) {
        receiving_.erase(slot);
        auto sink = std::make_unique<Sink>(shelf_, slot, piece.meta);
        receiving_.emplace(slot, Receiving{Arrival(piece), {}, std::move(sink)});
    }
    const auto found = receiving_.find(slot);
    const bool in_place = found != receiving_.end() && found->second.arrival.is_next(piece);
    if (!in_place && piece.last && !shelf_->has(slot, piece.meta)) {
        return std::unexpected(Arrival::incomplete(piece));
    }
    if (!in_place) return nullptr;
    auto added = found->second.add(piece);
    if (added && !piece.last) return nullptr;
    auto ended = std::move(receiving_.extract(found).mapped());
    if (!added) return std::unexpected(std::move(added).error());
    return std::move(ended.sink);
}

Result<std::unique_ptr<ports::SnapshotSink>> MemoryStorage::save_snapshot(
    ports::Slot slot, const core::SnapshotMeta& meta) {
    return std::make_unique<Sink>(shelf_, slot, meta);
}

Result<std::unique_ptr<ports::SnapshotSource>> MemoryStorage::open_snapshot(ports::Slot slot) {
    auto newest = shelf_->newest(slot);
    if (newest == nullptr) {
        return fail(ErrorCode::no_such_group, "slot " + std::to_string(slot) + " has no snapshot");
    }
    return std::make_unique<Source>(std::move(newest));
}

void MemoryStorage::close() { closed_ = true; }

}  // namespace rafted::disk
