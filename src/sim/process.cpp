#include "sim/process.hpp"

#include <deque>
#include <set>
#include <utility>

#include "core/checksum.hpp"
#include "disk/memory_storage.hpp"

namespace rafted::sim {

/// Passes a value's bytes on, and tells what stands in the storage once they are committed.
class Process::Sink final : public ports::SnapshotSink {
public:
    Sink(std::unique_ptr<ports::SnapshotSink> below, NodeId node, core::SnapshotMeta meta,
         Witness* witness)
        : below_(std::move(below)), fact_{node, std::move(meta), 0}, witness_(witness) {}
    Result<void> write(BytesView piece) override {
        whole_.insert(whole_.end(), piece.begin(), piece.end());
        return below_->write(piece);
    }
    Result<void> commit() override {
        auto result = below_->commit();
        if (result && witness_ != nullptr) {
            SyncReport saved;
            saved.node = fact_.node;
            saved.saved = fact_.meta;
            witness_->synced(saved);
            fact_.checksum = core::checksum(whole_);
            witness_->snapshotted(fact_);
        }
        return result;
    }

private:
    std::unique_ptr<ports::SnapshotSink> below_;
    Snapshotted fact_;
    Bytes whole_;
    Witness* witness_;
};

/// The real storage, whose writer works when the world says so.
class Process::Storage final : public ports::Storage {
public:
    explicit Storage(Process& process) : process_(process) {}

    Result<void> open() {
        const Start& start = process_.start_;
        if (!start.disk->durable) {
            memory_ = std::make_unique<disk::MemoryStorage>(start.id);
            return {};
        }
        disk::DiskOptions options;
        options.journal = start.journal;
        options.own_thread = false;
        options.new_node = start.id;
        auto opened = disk::DiskStorage::open(start.disk->files, "node", options);
        if (!opened) return std::unexpected(opened.error());
        disk_ = std::move(*opened);
        return {};
    }
    Result<ports::Recovered> recover() override { return below().recover(); }
    Result<void> set_cluster(ClusterId cluster) override { return below().set_cluster(cluster); }
    void write(ports::Batch batch, ports::Done done) override {
        if (process_.world_.witness != nullptr) done = told(batch, std::move(done));
        static_cast<void>(process_.may_act());
        below().write(std::move(batch), std::move(done));
        schedule();
    }
    Result<std::unique_ptr<ports::SnapshotSink>> save_snapshot(
        ports::Slot slot, const core::SnapshotMeta& meta) override {
        auto sink = below().save_snapshot(slot, meta);
        if (!sink) return sink;
        return std::make_unique<Sink>(std::move(*sink), process_.id(), meta,
                                      process_.world_.witness);
    }
    Result<std::unique_ptr<ports::SnapshotSource>> open_snapshot(ports::Slot slot) override {
        return below().open_snapshot(slot);
    }
    ports::Scrubbed scrub(std::size_t bytes) override {
        auto found = below().scrub(bytes);
        if (!found.damages.empty()) schedule();
        return found;
    }
    DiskState state() const override { return disk_ ? disk_->state() : DiskState::memory_only; }
    void close() override {
        if (disk_ || memory_) below().close();
    }

    void hold(bool held) {
        held_ = held;
        schedule();
    }

private:
    ports::Storage& below() {
        if (disk_) return *disk_;
        return *memory_;
    }
    /// A received snapshot is in place: what it holds.
    void tell_of_snapshot(ports::Slot slot) {
        const auto source = below().open_snapshot(slot);
        if (!source) return;
        const auto whole = (*source)->read(0, static_cast<std::size_t>((*source)->size()));
        if (!whole) return;
        process_.world_.witness->snapshotted(
            {process_.id(), (*source)->meta(), core::checksum(*whole)});
    }
    void schedule() {
        if (!disk_ || held_ || std::exchange(scheduled_, true)) return;
        process_.after(process_.up_to(process_.start_.pace.most_disk), [this] {
            scheduled_ = false;
            if (held_) return;
            ++write_;
            static_cast<void>(disk_->write_pending());
            static_cast<void>(disk_->prepare_segment());
        });
    }
    /// Who looks on hears of a batch once it is durable, before anybody acts upon it.
    ports::Done told(const ports::Batch& batch, ports::Done done) {
        std::vector<std::pair<ports::Slot, SyncReport>> reports;
        std::vector<ports::Slot> received;
        std::optional<ports::Slot> founded;
        for (const ports::GroupWrite& write : batch) {
            reports.emplace_back(write.slot, report_of(write));
            if (reports.back().second.restored) received.push_back(write.slot);
            if (write.record && !write.record->removed) founded = write.slot;
        }
        return [this, reports = std::move(reports), received = std::move(received), founded,
                done = std::move(done)](const Result<void>& result) mutable {
            const bool is_broken = !result && result.error().code == ErrorCode::corrupt;
            if (process_.world_.witness == nullptr) return done(result);
            if (result && founded) slot_ = std::max(slot_, *founded);
            for (auto& [slot, report] : reports) {
                // A seat that it has left may still have been writing when it took a new one.
                if (slot < slot_) continue;
                if (is_broken) report.restored.reset();
                report.write = write_;
                if (result || is_broken) process_.world_.witness->synced(report);
            }
            for (const ports::Slot slot : received) {
                if (result) tell_of_snapshot(slot);
            }
            done(result);
        };
    }
    SyncReport report_of(const ports::GroupWrite& write) const {
        SyncReport report;
        report.node = process_.id();
        report.hard = write.hard_state;
        report.truncated_from = write.let_go_log ? Index(1) : write.truncate_from;
        for (const core::Entry& entry : write.append) report.appended.push_back(mark_of(entry));
        for (const core::SnapshotPiece& piece : write.pieces) {
            if (piece.last) report.restored = piece.meta;
        }
        report.compact_below = write.compact_below;
        return report;
    }

    Process& process_;
    std::unique_ptr<disk::DiskStorage> disk_;
    std::unique_ptr<disk::MemoryStorage> memory_;
    bool scheduled_ = false;
    bool held_ = false;
    ports::Slot slot_ = 0;     ///< Of its newest seat, as far as it was founded by this process.
    std::uint64_t write_ = 0;  ///< What goes to the disk at once has one number.
};

class Process::Transport final : public ports::Transport {
public:
    explicit Transport(Process& process) : process_(process) {}
    void send(ports::Envelope envelope) override {
        const auto to = book_.find(envelope.message.to);
        if (to != book_.end() && process_.may_act())
            process_.world_.carry(to->second, std::move(envelope));
    }
    void beat(NodeId node, const ports::Beat& beat) override {
        const auto to = book_.find(node);
        if (to != book_.end() && process_.may_act()) process_.world_.beat(node, to->second, beat);
    }
    void set_address(NodeId node, const std::string& address) override { book_[node] = address; }
    bool can_be_at(const std::string& address) const override { return !address.empty(); }
    void announce(NodeId node) override {
        if (unheard_.insert(node).second) say_where(node);
    }
    void flush() override {}

    void was_heard(NodeId node) { unheard_.erase(node); }
    std::string address_of(NodeId node) const {
        const auto found = book_.find(node);
        return found == book_.end() ? std::string() : found->second;
    }
    /// A node has come from here; whether that was news.
    bool learn(NodeId node, const std::string& address) {
        const auto found = book_.find(node);
        if (found != book_.end() && found->second == address) return false;
        book_[node] = address;
        return true;
    }

private:
    void say_where(NodeId node) {
        constexpr auto again = std::chrono::milliseconds(500);
        const auto to = book_.find(node);
        if (to == book_.end() || !unheard_.contains(node) || !process_.has_power()) return;
        process_.world_.announce(node, to->second);
        process_.after(again, [this, node] { say_where(node); });
    }

    Process& process_;
    std::map<NodeId, std::string> book_;
    std::set<NodeId> unheard_;  ///< Who is to know where this node is.
};

class Process::Workers final : public ports::Workers {
public:
    explicit Workers(Process& process) : process_(process) {}
    ports::Lane open_lane(ports::Urgency) override {
        lanes_.emplace_back();
        return lanes_.size() - 1;
    }
    void post(ports::Lane lane, ports::Job job) override {
        lanes_[lane].push_back(std::move(job));
        if (lanes_[lane].size() == 1) schedule(lane);
    }

private:
    core::Duration slower_by(ports::Lane lane) const {
        // The scrubber's comes first; then each seat has four.
        const ports::Lane before = process_.start_.scrub.period > core::Duration::zero() ? 1 : 0;
        if (lane < before) return {};
        const ports::Lane of_seats = lane - before;
        const auto slower = process_.slower_.find(static_cast<LaneKind>(of_seats % 4));
        if (slower == process_.slower_.end()) return {};
        const bool is_meant = slower->second.group.value_or(of_seats / 4) == of_seats / 4;
        return is_meant ? slower->second.by : core::Duration();
    }
    void schedule(ports::Lane lane) {
        const core::Duration time = process_.up_to(process_.start_.pace.most_job);
        process_.after(time + slower_by(lane), [this, lane] { run(lane); });
    }
    void run(ports::Lane lane) {
        lanes_[lane].front()();
        lanes_[lane].pop_front();
        if (!lanes_[lane].empty()) schedule(lane);
    }

    Process& process_;
    std::deque<std::deque<ports::Job>> lanes_;
};

Result<std::unique_ptr<Process>> Process::start(Surroundings surroundings, Start start) {
    auto process = std::unique_ptr<Process>(new Process(std::move(surroundings), std::move(start)));
    if (auto booted = process->boot(); !booted) return std::unexpected(booted.error());
    return process;
}

Process::Process(Surroundings surroundings, Start start)
    : world_(std::move(surroundings)),
      start_(std::move(start)),
      clock_(std::make_unique<SimClock>(world_.loop)),
      storage_(std::make_unique<Storage>(*this)),
      transport_(std::make_unique<Transport>(*this)),
      workers_(std::make_unique<Workers>(*this)) {}

Result<void> Process::boot() {
    if (auto opened = storage_->open(); !opened) return opened;
    auto recovered = storage_->recover();
    if (!recovered) return std::unexpected(recovered.error());
    if (recovered->node != start_.id) {
        return fail(ErrorCode::invalid, "the disk of node " + to_string(recovered->node) +
                                            " was given to node " + to_string(start_.id));
    }
    notes_ = std::move(recovered->notes);
    host_ = std::make_unique<host::Host>(
        host::Ports{*storage_, *transport_, *clock_, *workers_,
                    [this] { wake_in(up_to(start_.pace.most_wake)); },
                    [this] { return start_.random.next(); },
                    [this](LogLevel, const std::string& line) {
                        if (world_.witness != nullptr) {
                            world_.witness->log(start_.address + ": " + line);
                        }
                    },
                    [] { return ClusterId(1); }, world_.witness},
        host::HostIdentity{start_.id, start_.address, start_.max_waiting_requests,
                           host::HostIdentity{}.disk_patience, start_.scrub, start_.quiesce_after});
    host_->adopt(std::move(recovered->groups));
    return {};
}

Process::~Process() {
    alive_.reset();
    world_.witness = nullptr;
    storage_->close();
    host_.reset();
}

DiskState Process::disk_state() const { return storage_->state(); }

std::string Process::address_of(NodeId node) const { return transport_->address_of(node); }

void Process::arrive(const std::string& from, ports::Envelope envelope) {
    hear(envelope.message.from, from);
    host_->receive(std::move(envelope));
}

void Process::arrive(NodeId node, const std::string& from, const ports::Beat& beat) {
    hear(node, from);
    host_->heard_beat(node, beat);
}

void Process::hear(NodeId node, const std::string& from) {
    if (transport_->learn(node, from)) host_->heard_address(node, from);
}

void Process::was_heard(NodeId node) { transport_->was_heard(node); }

void Process::after(core::Duration time, std::function<void()> job) {
    world_.loop.call_in(time,
                        [this, alive = std::weak_ptr(alive_), job = std::move(job)]() mutable {
                            if (alive.expired()) return;
                            const core::Time now = world_.loop.now();
                            if (now < paused_until_)
                                return after(paused_until_ - now, std::move(job));
                            job();
                        });
}

void Process::wake_in(core::Duration time) {
    const core::Time at = std::max(world_.loop.now() + time, paused_until_);
    if (next_turn_.number != 0 && next_turn_.at <= at) return;
    world_.loop.cancel(next_turn_);
    next_turn_ = world_.loop.call_at(at, [this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) turn();
    });
}

void Process::turn() {
    world_.loop.cancel(std::exchange(next_turn_, {}));
    wanted_ = host_->turn();
    clock_changed();
}

void Process::clock_changed() {
    if (wanted_ == core::never) return;
    // Time passes with every turn, or two nodes could keep each other awake within one moment.
    constexpr core::Duration least = std::chrono::microseconds(1);
    const core::Duration left = clock_->until(wanted_);
    if (left != core::Duration::max()) wake_in(std::max(left, least));
}

bool Process::may_act() {
    if (effects_left_ && (*effects_left_)-- == 0) {
        effects_left_.reset();
        start_.disk->files.cut_power();
        on_power_cut_();
    }
    return has_power();
}

void Process::cut_power_after(std::uint64_t effects, std::function<void()> then) {
    effects_left_ = effects;
    on_power_cut_ = std::move(then);
}

void Process::hold_disk(bool held) { storage_->hold(held); }

void Process::pause_until(core::Time until) {
    paused_until_ = std::max(paused_until_, until);
    if (next_turn_.number == 0) return;
    world_.loop.cancel(std::exchange(next_turn_, {}));
    wake_in(core::Duration(0));
}

}  // namespace rafted::sim
