// One seat on a stand: the test is its loop, its disk and its worker threads, and plays the other
// members by hand. Nothing runs and no write is answered before the test says so. Not a node: the
// disk is a memory, of which only the snapshots count.
//   1. Writes are answered in the order given, as every storage does.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "disk/memory_storage.hpp"
#include "host/seat.hpp"

namespace rafted::test {

class SeatStand {
public:
    /// A follower of a group of three, a, b and c (member_stand.hpp), that plays a.
    explicit SeatStand(const GroupConfig& config = {});
    ~SeatStand();

    // The loop.
    /// Takes what has come in and steps the seat; what it writes then waits.
    void turn();
    void receive(NodeId from, Term term, core::Body body);
    void hear(NodeId node, const std::string& address) {
        seat_.heard_address(node, address);
        turn();
    }
    void pass(core::Duration time) {
        clock_.now += time;
        turn();
    }

    // The disk.
    /// Writes that wait for their answer, the oldest first.
    const std::deque<ports::GroupWrite>& writes() const { return writes_; }
    /// The received snapshots of the oldest write get in place; it is not answered yet.
    void install();
    /// The oldest write is answered, and the seat's turn comes.
    void answer(Result<void> result = {});
    /// All writes are, also those that come of it.
    void answer_all();
    void refuse() { answer(fail(ErrorCode::disk_full, "no space")); }
    /// No snapshot of its own finds room any more, or does again.
    void let_saves_fail(bool fail) { storage_.fails = fail; }

    // The workers.
    /// What the value has to do is done, and the seat hears of it.
    void run_value() { run(value_lane); }
    void run_snapshots() { run(snapshot_lane); }
    void run_backups() {
        if (workers_.lanes.size() > backup_lane) run(backup_lane);
    }

    // A client.
    void request(ports::ClientRequest request, ports::Reply reply) {
        seat_.request(std::move(request), std::move(reply));
        turn();
    }
    void stop() { seat_.stop({ErrorCode::stopped, "the test stops it", std::nullopt}); }

    const core::State& state() const { return seat_.member().state(); }
    /// As far as the seat was told by its value.
    std::vector<std::string> alarms() const { return seat_.status(clock_.now).alarms; }
    Index applied() const { return seat_.status(clock_.now).applied; }
    /// The newest snapshot on disk, or none.
    Index snapshot_on_disk();
    /// What was said since forget() and is of this kind.
    template <class T>
    std::vector<T> said() const {
        std::vector<T> all;
        for (const core::Message& message : transport_.sent) {
            if (const auto* body = std::get_if<T>(&message.body)) all.push_back(*body);
        }
        return all;
    }
    void forget() { transport_.sent.clear(); }
    /// Where it looks for a node.
    const std::string& address_of(NodeId node) { return transport_.book[node]; }

private:
    /// In the order in which a seat opens its lanes; the last one with its first backup.
    enum LaneNumber : ports::Lane { hook_lane, snapshot_lane, piece_lane, value_lane, backup_lane };

    struct Clock final : ports::Clock {
        core::Time steady() override { return now; }
        core::LogTime wall() override { return core::LogTime(1'000); }
        core::Time now{std::chrono::hours(1)};
    };
    struct Transport final : ports::Transport {
        void send(ports::Envelope envelope) override {
            sent.push_back(std::move(envelope.message));
        }
        void beat(NodeId, const ports::Beat&) override {}
        void set_address(NodeId node, const std::string& address) override { book[node] = address; }
        bool can_be_at(const std::string& address) const override { return !address.empty(); }
        void announce(NodeId) override {}
        void flush() override {}
        std::vector<core::Message> sent;
        std::map<NodeId, std::string> book;
    };
    struct Workers final : ports::Workers {
        ports::Lane open_lane(ports::Urgency) override {
            lanes.emplace_back();
            return lanes.size() - 1;
        }
        void post(ports::Lane lane, ports::Job job) override {
            lanes.at(lane).push_back(std::move(job));
        }
        std::vector<std::vector<ports::Job>> lanes;
    };

    /// A memory whose snapshots may find no room.
    struct Disk final : ports::Storage {
        explicit Disk(NodeId node) : memory(node) {}
        Result<ports::Recovered> recover() override { return memory.recover(); }
        Result<void> set_cluster(ClusterId id) override { return memory.set_cluster(id); }
        void write(ports::Batch batch, ports::Done done) override {
            memory.write(std::move(batch), std::move(done));
        }
        Result<std::unique_ptr<ports::SnapshotSink>> save_snapshot(
            ports::Slot of, const core::SnapshotMeta& meta) override {
            if (fails) return fail(ErrorCode::disk_full, "no space");
            return memory.save_snapshot(of, meta);
        }
        Result<std::unique_ptr<ports::SnapshotSource>> open_snapshot(ports::Slot of) override {
            return memory.open_snapshot(of);
        }
        ports::Scrubbed scrub(std::size_t bytes) override { return memory.scrub(bytes); }
        DiskState state() const override { return memory.state(); }
        void close() override { memory.close(); }
        disk::MemoryStorage memory;
        bool fails = false;
    };

    void run(ports::Lane lane);

    Disk storage_;
    Transport transport_;
    Clock clock_;
    Workers workers_;
    host::Mailbox mailbox_;
    Metrics metrics_;
    host::Services services_;
    host::Seat seat_;
    std::deque<ports::GroupWrite> writes_;
};

/// A value's command at this place, as all others that are made here: adds one.
core::Entry addition(Term term, Index index);
/// Additions of one term from `first` to `last`.
std::vector<core::Entry> additions(Term term, Index first, Index last);
/// The snapshot of that group after the founding entry and additions of one term up to `last`, as
/// a leader sends it: in one piece.
core::SnapshotPiece snapshot_upto(Term term, Index last, const GroupConfig& config = {});

}  // namespace rafted::test
