// The port to the disk of one node, shared by all its groups.
//   1. write() batches become durable in the order given; each is whole or absent after a crash,
//      except that a later one is never kept without the earlier ones.
//   2. A completion is called exactly once, on any thread, after the batch is durable or refused.
//      After a refusal with disk_failed every later write is refused too: the file is fenced.
//   3. What recover() returns is what was durable, in the state the last durable batch left it.
//   4. A snapshot is in place whole and verified, or not at all; the newest two are kept.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/hard_state.hpp"
#include "core/message.hpp"
#include "rafted/result.hpp"

namespace rafted::ports {

/// The number by which one node's storage knows a group; never used again for another.
using Slot = std::uint32_t;

struct GroupRecord {
    Slot slot = 0;
    std::string name;
    GroupId group;
    bool removed = false;  ///< Was removed from the group: only the hard state is kept.
    bool operator==(const GroupRecord&) const = default;
};

/// A member that said where it is, while the list of members says otherwise.
struct Moved {
    NodeId node;
    std::string listed;  ///< Where the list had it: once the list says something else, this is old.
    std::string heard;
    bool operator==(const Moved&) const = default;
};

/// One group's share of a batch, performed in field order.
struct GroupWrite {
    Slot slot = 0;
    std::optional<GroupRecord> record;        ///< Creates or changes the group's record.
    std::optional<std::vector<Moved>> moved;  ///< Instead of what was known to have moved before.
    std::optional<core::HardState> hard_state;
    bool let_go_log = false;  ///< Of the log nothing is kept, nor of its snapshots.
    std::optional<Index> truncate_from;
    std::vector<core::Entry> append;
    std::vector<core::Entry> repair;  ///< In place of damaged ones: the very same entries.
    /// Received pieces; the one with `last` verifies the whole and puts it in place. The log
    /// restarts after it, unless it holds the snapshot's last entry already. A piece at offset 0
    /// starts over; one out of place, or of a snapshot with another checksum, is ignored. If
    /// what came does not verify, the batch's answer is corrupt: of no snapshot in it anything is
    /// kept, all else of the batch is durable.
    std::vector<core::SnapshotPiece> pieces;
    std::optional<Index> compact_below;
};

using Batch = std::vector<GroupWrite>;
using Done = std::function<void(Result<void>)>;

struct RecoveredGroup {
    GroupRecord record;
    core::HardState hard_state;
    std::optional<core::SnapshotMeta> snapshot;
    /// Contiguous; may begin below the snapshot's index. Those that are damaged, and above it, are
    /// outlines: all else of them is as it was durable.
    std::vector<core::Entry> entries;
    std::vector<Moved> moved{};
    /// No whole snapshot reaches its log, which is left as it is, but cannot be used. Where it ends
    /// is in the hard state, as what was let go.
    bool is_log_lost = false;
    /// Then: the others of the newest list that can still be read, and counts for nothing else than
    /// to say to them where this node is.
    std::vector<core::Peer> peers{};
    bool operator==(const RecoveredGroup&) const = default;
};

struct Recovered {
    NodeId node;        ///< Made now if the directory is new.
    ClusterId cluster;  ///< None (zero) until set_cluster.
    std::vector<RecoveredGroup> groups;
    std::vector<std::string> notes;  ///< What a human should know, e.g. a torn tail cut off.
    bool operator==(const Recovered&) const = default;
};

/// Takes a value's bytes in pieces.
class SnapshotSink {
public:
    virtual ~SnapshotSink() = default;
    virtual Result<void> write(BytesView piece) = 0;
    /// Makes it durable and the newest snapshot. Without commit() nothing of it remains.
    virtual Result<void> commit() = 0;
};

/// Gives a stored snapshot's bytes (as the sink took them), from any offset. It stays readable
/// while this object lives, even if newer ones replace it.
class SnapshotSource {
public:
    virtual ~SnapshotSource() = default;
    virtual const core::SnapshotMeta& meta() const = 0;
    virtual std::uint64_t size() const = 0;
    /// Of all bytes, as computed when they were taken: travels with every piece (SnapshotPiece), so
    /// that the receiver verifies what the sender's value wrote.
    virtual std::uint64_t checksum() const = 0;
    /// Up to `max` bytes; fewer only at the end. Fails with corrupt if they do not verify.
    virtual Result<Bytes> read(std::uint64_t offset, std::size_t max) = 0;
    /// The same for the bytes that travel to another node: packed, as they are stored. Another
    /// storage may have packed the same value in another way.
    virtual std::uint64_t packed_size() const = 0;
    virtual Result<Bytes> read_packed(std::uint64_t offset, std::size_t max) = 0;
};

/// What a step of reading back has found.
struct Scrubbed {
    struct Damage {
        std::string text;  ///< What is damaged, where, and what becomes of it.
        std::optional<Slot> slot;
        bool needs_snapshot = false;  ///< Of this group: the newest one is damaged.
    };
    std::uint64_t bytes = 0;  ///< Read by this step.
    std::uint64_t total = 0;  ///< To be read in all, as it was when this reading began.
    bool is_over = false;     ///< All has been read; the next step begins anew.
    std::vector<Damage> damages;
};

class Storage {
public:
    virtual ~Storage() = default;
    /// Once, before anything else.
    virtual Result<Recovered> recover() = 0;
    virtual Result<void> set_cluster(ClusterId cluster) = 0;
    /// Never blocks. Gathers with what waits: one sync for all. Refused, with nothing kept: invalid
    /// (does not fit the group's log), too_large, disk_full (try again later), disk_failed,
    /// stopped. An empty batch writes nothing, but looks whether a full disk has room again.
    virtual void write(Batch batch, Done done) = 0;
    /// A new local snapshot; used in the background, beside running writes.
    virtual Result<std::unique_ptr<SnapshotSink>> save_snapshot(Slot slot,
                                                                const core::SnapshotMeta& meta) = 0;
    /// The newest whole snapshot; no_such_group if there is none.
    virtual Result<std::unique_ptr<SnapshotSource>> open_snapshot(Slot slot) = 0;
    /// Reads some more of all that is stored, about so many bytes, and verifies it. Blocks; by one
    /// thread at a time, beside all else. What of the log is damaged is written again, by itself.
    virtual Scrubbed scrub(std::size_t bytes) = 0;
    virtual DiskState state() const = 0;
    /// Finishes what was written, then stops; every write that waits is answered.
    virtual void close() = 0;
};

}  // namespace rafted::ports
