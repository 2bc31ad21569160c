// What the journal's frames add up to: every group's record, hard state and log, with the segment
// each live entry lies in. The same code builds it as frames are written and as they are read back.
//   1. A group's log has no gap: entries first..last, some of which may be holes while a journal
//      is being read (they lay in segments that are gone and must turn up again, or be dropped).
//   2. live(segment) counts exactly the entries that would be lost with that segment.
//   3. Memory is in proportion to the entries found, whatever a record claims; indexes do not wrap.
#pragma once

#include <map>
#include <span>

#include "disk/format.hpp"
#include "disk/held_log.hpp"

namespace rafted::disk {

struct GroupImage {
    ports::GroupRecord record;
    core::HardState hard_state;
    Index first{1};
    HeldLog log;
    Index installed;  ///< The newest snapshot received.
    Term installed_term;
    std::vector<ports::Moved> moved;

    Index last() const { return first + log.size() - 1; }
    bool holds(Index index) const { return index >= first && index <= last(); }
    const HeldEntry& at(Index index) const { return log[index - first]; }
};

class Image {
public:
    using Groups = std::map<ports::Slot, GroupImage>;
    /// A frame's worth of news, found in (or just written to) this segment.
    struct News {
        std::span<const Record> records;
        std::span<const core::Entry> entries;
        std::uint64_t segment = 0;
    };
    /// Lenient: what does not fit together leaves holes instead of being refused (inspection).
    explicit Image(bool lenient = false) : lenient_(lenient) {}

    /// Fails with corrupt, saying which group and index do not fit; must not be used after.
    Result<void> apply(const News& news);

    const Groups& groups() const { return groups_; }
    const GroupImage* find(ports::Slot slot) const;
    bool has_checkpoint() const { return has_checkpoint_; }
    /// Everything but the entries, as a segment begins with it.
    std::vector<Record> checkpoint() const;

    struct Live {
        std::uint64_t entries = 0;
        std::uint64_t bytes = 0;
    };
    Live live(std::uint64_t segment) const;
    std::uint64_t live_bytes() const;
    /// Fails with corrupt if an entry is still missing.
    Result<void> check_whole() const;

private:
    Result<void> take(const CheckpointBegins& record, const News& news);
    Result<void> take(const GroupChanged& record, const News& news);
    Result<void> take(const HardStateSet& record, const News& news);
    Result<void> take(const LogRange& record, const News& news);
    Result<void> take(const MembersMoved& record, const News& news);
    Result<void> take(const Truncated& record, const News& news);
    Result<void> take(const Compacted& record, const News& news);
    Result<void> take(const SnapshotInstalled& record, const News& news);
    Result<void> take(const Appended& record, const News& news);
    Result<void> take(const SegmentClosed& record, const News& news);
    Result<void> take(const ZeroSectors& record, const News& news);
    Result<GroupImage*> group(ports::Slot slot);
    Result<void> make_room(GroupImage& group, Index index);
    void count(const HeldEntry& held);
    void forget(const HeldEntry& held);
    void drop_from(GroupImage& group, Index index);
    void drop_below(GroupImage& group, Index index);

    bool lenient_;
    bool has_checkpoint_ = false;
    std::size_t taken_ = 0;  // entries of the news in hand
    Groups groups_;
    std::map<std::uint64_t, Live> live_;
};

}  // namespace rafted::disk
