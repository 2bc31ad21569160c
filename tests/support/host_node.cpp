#include "support/host_node.hpp"

#include <utility>

#include "core/check.hpp"
#include "disk/memory_storage.hpp"

namespace rafted::test {

class HostNode::Clock final : public ports::Clock {
public:
    explicit Clock(const VirtualLoop& loop) : loop_(loop) {}
    core::Time steady() override { return loop_.now(); }
    core::LogTime wall() override {
        return std::chrono::duration_cast<core::LogTime>(loop_.now().time_since_epoch());
    }

private:
    const VirtualLoop& loop_;
};

/// The real storage, whose writer works when the world says so.
class HostNode::Storage final : public ports::Storage {
public:
    Storage(World& world, const Start& start) : world_(world) {
        if (!start.disk->durable) {
            memory_ = std::make_unique<disk::MemoryStorage>(start.id);
            return;
        }
        disk::DiskOptions options;
        options.own_thread = false;
        options.new_node = start.id;
        auto opened = disk::DiskStorage::open(start.disk->files, "node", options);
        CHECK(opened.has_value(), to_string(opened.error()).c_str());
        disk_ = std::move(*opened);
    }
    Result<ports::Recovered> recover() override { return below().recover(); }
    Result<void> set_cluster(ClusterId cluster) override { return below().set_cluster(cluster); }
    void write(ports::Batch batch, ports::Done done) override {
        below().write(std::move(batch), std::move(done));
        if (disk_ && !held_ && !std::exchange(scheduled_, true)) schedule();
    }
    Result<std::unique_ptr<ports::SnapshotSink>> save_snapshot(
        ports::Slot slot, const core::SnapshotMeta& meta) override {
        return below().save_snapshot(slot, meta);
    }
    Result<std::unique_ptr<ports::SnapshotSource>> open_snapshot(ports::Slot slot) override {
        return below().open_snapshot(slot);
    }
    DiskState state() const override { return disk_ ? disk_->state() : DiskState::memory_only; }
    void close() override { below().close(); }

    void hold(bool held) {
        held_ = held;
        if (disk_ && !held_ && !std::exchange(scheduled_, true)) schedule();
    }

private:
    ports::Storage& below() {
        if (disk_) return *disk_;
        return *memory_;
    }
    void schedule() {
        world_.loop.call_in(world_.up_to(world_.pace.most_disk),
                            [this, alive = std::weak_ptr(alive_)] {
                                if (alive.expired()) return;
                                scheduled_ = false;
                                if (!held_) (void)disk_->write_pending();
                            });
    }

    World& world_;
    std::unique_ptr<disk::DiskStorage> disk_;
    std::unique_ptr<disk::MemoryStorage> memory_;
    bool scheduled_ = false;
    bool held_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class HostNode::Transport final : public ports::Transport {
public:
    Transport(World& world, std::string own) : world_(world), own_(std::move(own)) {}
    void send(ports::Envelope envelope) override {
        const auto to = book_.find(envelope.message.to);
        if (to != book_.end()) world_.carry(own_, to->second, std::move(envelope));
    }
    void set_address(NodeId node, const std::string& address) override { book_[node] = address; }
    void flush() override {}

    /// A node has come from here; whether that was news.
    bool learn(NodeId node, const std::string& address) {
        return std::exchange(book_[node], address) != address;
    }

private:
    World& world_;
    std::string own_;
    std::map<NodeId, std::string> book_;
};

class HostNode::Workers final : public ports::Workers {
public:
    Workers(World& world, const std::map<LaneKind, Slower>& slower)
        : world_(world), slower_(slower) {}
    ports::Lane open_lane() override {
        lanes_.emplace_back();
        return lanes_.size() - 1;
    }
    void post(ports::Lane lane, std::function<void()> job) override {
        lanes_[lane].push_back(std::move(job));
        if (lanes_[lane].size() == 1) schedule(lane);
    }

private:
    void schedule(ports::Lane lane) {
        core::Duration time = world_.up_to(world_.pace.most_job);
        const auto slower = slower_.find(static_cast<LaneKind>(lane % 4));
        if (slower != slower_.end() && slower->second.group.value_or(lane / 4) == lane / 4) {
            time += slower->second.by;
        }
        world_.loop.call_in(time, [this, lane, alive = std::weak_ptr(alive_)] {
            if (!alive.expired()) run(lane);
        });
    }
    void run(ports::Lane lane) {
        lanes_[lane].front()();
        lanes_[lane].pop_front();
        if (!lanes_[lane].empty()) schedule(lane);
    }

    World& world_;
    const std::map<LaneKind, Slower>& slower_;
    std::deque<std::deque<std::function<void()>>> lanes_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

HostNode::HostNode(World& world, Start start)
    : world_(world),
      start_(std::move(start)),
      clock_(std::make_unique<Clock>(world.loop)),
      storage_(std::make_unique<Storage>(world, start_)),
      transport_(std::make_unique<Transport>(world, start_.address)),
      workers_(std::make_unique<Workers>(world, slower_)) {
    auto recovered = storage_->recover();
    CHECK(recovered.has_value(), to_string(recovered.error()).c_str());
    CHECK(recovered->node == start_.id, "a disk belongs to one node");
    host_ = std::make_unique<host::Host>(
        host::Ports{*storage_, *transport_, *clock_, *workers_,
                    [this] { wake_in(world_.up_to(world_.pace.most_wake)); },
                    [this] { return world_.random.next(); },
                    [this](LogLevel, const std::string& line) {
                        world_.log.push_back(start_.address + ": " + line);
                    },
                    [] { return ClusterId(1); }},
        host::HostIdentity{start_.id, start_.address});
    host_->adopt(std::move(recovered->groups));
}

HostNode::~HostNode() {
    alive_.reset();
    storage_->close();
    host_.reset();
}

void HostNode::arrive(const std::string& from, ports::Envelope envelope) {
    const NodeId sender = envelope.message.from;
    if (transport_->learn(sender, from)) host_->heard_address(sender, from);
    host_->receive(std::move(envelope));
}

void HostNode::wake_in(core::Duration time) {
    const core::Time at = world_.loop.now() + time;
    if (next_turn_.number != 0 && next_turn_.at <= at) return;
    world_.loop.cancel(next_turn_);
    next_turn_ = world_.loop.call_at(at, [this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) turn();
    });
}

void HostNode::turn() {
    world_.loop.cancel(std::exchange(next_turn_, {}));
    const core::Time next = host_->turn();
    if (next == core::never) return;
    // Time passes with every turn, or two nodes could keep each other awake within one moment.
    constexpr auto least = std::chrono::microseconds(1);
    const core::Time now = world_.loop.now();
    wake_in(next <= now + least ? core::Duration(least) : next - now);
}

void HostNode::hold_disk(bool held) { storage_->hold(held); }

}  // namespace rafted::test
