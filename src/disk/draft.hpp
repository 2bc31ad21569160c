// A frame being made: batches are checked against what the journal will hold, become records, and
// at last bytes. Entries are not copied: the frame is a list of pieces to be gathered.
//   1. add() takes a batch whole or, with an error, not at all.
//   2. What add() has taken can be applied to the image without an error.
#pragma once

#include "disk/image.hpp"

namespace rafted::disk {

/// A received snapshot that is whole and waits in its temporary file.
struct ReceivedSnapshot {
    ports::Slot slot = 0;
    core::SnapshotMeta meta;
};

class Draft {
public:
    explicit Draft(const Image& image) : image_(&image) {}

    /// Fails with invalid if the batch does not fit the groups' logs.
    Result<void> add(const ports::Batch& batch, std::span<const ReceivedSnapshot> received);
    /// The log of a group goes on after a snapshot that is in place already.
    void restart_after(ports::Slot slot, const core::SnapshotMeta& snapshot);
    /// Entries of a log that only laggards would be sent.
    void let_go_below(ports::Slot slot, Index below);
    /// A live entry, once more, so that its old segment may go.
    void add_again(ports::Slot slot, Index index);
    void add_checkpoint();
    void add_closing() { records_.emplace_back(SegmentClosed{}); }

    bool empty() const { return records_.empty(); }
    /// Carries more than hard states: it must leave the reserve for them...
    bool is_heavy() const { return heavy_; }
    /// ...or half of it, if a leader cannot begin without what it carries.
    bool is_urgent() const { return urgent_; }
    /// Of the entries, roughly the frame's.
    std::uint64_t bytes() const { return entry_bytes_; }

    /// The frame at `position` of a segment; the pieces point into this object.
    struct Place {
        std::uint64_t position = 0;
        std::uint64_t seed = 0;
        std::uint32_t ordinal = 0;
    };
    struct Sealed {
        std::vector<BytesView> pieces;
        std::uint64_t size = 0;
    };
    Result<Sealed> seal(const Place& place);
    Image::News news(std::uint64_t segment) const { return {records_, entries_, segment}; }

private:
    /// What a group's log will look like.
    struct Outlook {
        Index first;
        Index last;
        Index kept;  ///< Entries of the image up to here are still those of the log.
        bool removed = false;
    };
    using Outlooks = std::map<ports::Slot, Outlook>;

    Result<void> check(const ports::GroupWrite& write, std::span<const ReceivedSnapshot> received,
                       Outlooks& outlooks);
    Result<Outlook*> outlook(const ports::GroupWrite& write, Outlooks& outlooks) const;
    Result<void> check_log(const ports::GroupWrite& write, Outlook& outlook) const;
    void add_snapshot(const ReceivedSnapshot& received, Outlook& outlook);
    bool log_holds(ports::Slot slot, const Outlook& outlook, Index index, Term term) const;
    void add_entries(ports::Slot slot, std::span<const core::Entry> entries, bool again);
    void add_entry(ports::Slot slot, const core::Entry& entry, bool again, std::size_t since);
    Result<void> check_repair(const ports::GroupWrite& write, const Outlook& outlook) const;
    Result<Sealed> lay_out(const Place& place);

    const Image* image_;
    Outlooks outlooks_;
    std::vector<Record> records_;
    std::vector<core::Entry> entries_;
    std::uint64_t entry_bytes_ = 0;
    bool heavy_ = false;
    bool urgent_ = false;
    Bytes front_;  // head and records
    Bytes back_;   // padding, records once more, foot
};

}  // namespace rafted::disk
