#include "disk/image.hpp"

#include <algorithm>

#include "core/codec.hpp"

namespace rafted::disk {
namespace {

using core::max_index;

/// A wider gap is not bridged by holes: the log begins anew behind it.
constexpr std::uint64_t max_gap = std::uint64_t{1} << 20;
/// Where a log begins, at the highest: behind the last entry that there can be.
constexpr Index max_first = max_index + 1;

std::unexpected<Error> unfit(const GroupImage& group, const std::string& what) {
    return fail(ErrorCode::corrupt, "group '" + group.record.name + "': " + what);
}

std::string range_text(Index first, Index last) {
    return to_string(first) + ".." + to_string(last);
}

}  // namespace

const GroupImage* Image::find(ports::Slot slot) const {
    const auto found = groups_.find(slot);
    return found == groups_.end() ? nullptr : &found->second;
}

Result<GroupImage*> Image::group(ports::Slot slot) {
    const auto found = groups_.find(slot);
    if (found != groups_.end()) return &found->second;
    if (!lenient_) {
        return fail(ErrorCode::corrupt,
                    "slot " + std::to_string(slot) + " belongs to no group that is known");
    }
    auto& made = groups_[slot];
    made.record.slot = slot;
    return &made;
}

Result<void> Image::apply(const News& news) {
    taken_ = 0;
    for (const Record& record : news.records) {
        auto done = std::visit([&](const auto& body) { return take(body, news); }, record);
        if (!done) return done;
    }
    return {};
}

Result<void> Image::take(const CheckpointBegins&, const News&) {
    has_checkpoint_ = true;
    return {};
}

Result<void> Image::take(const SegmentClosed&, const News&) { return {}; }
Result<void> Image::take(const ZeroSectors&, const News&) { return {}; }

Result<void> Image::take(const GroupChanged& record, const News&) {
    auto& group = groups_[record.record.slot];
    group.record = record.record;
    if (record.record.removed) {
        drop_from(group, group.first);
        group.first = Index(1);
        group.installed = Index();
        group.installed_term = Term();
        group.moved.clear();
    }
    return {};
}

Result<void> Image::take(const HardStateSet& record, const News&) {
    const auto found = group(record.slot);
    if (!found) return std::unexpected(found.error());
    (*found)->hard_state = record.state;
    return {};
}

Result<void> Image::take(const MembersMoved& record, const News&) {
    const auto found = group(record.slot);
    if (!found) return std::unexpected(found.error());
    (*found)->moved = record.moved;
    return {};
}

Result<void> Image::take(const LogRange& record, const News&) {
    const auto found = group(record.slot);
    if (!found) return std::unexpected(found.error());
    auto& held = **found;
    if (record.installed > max_index) return unfit(held, "its snapshot's index makes no sense");
    held.installed = record.installed;
    held.installed_term = record.installed_term;
    if (held.first == record.first && held.log.size() == record.count) return {};
    if (!lenient_ && !held.log.empty()) {
        return unfit(held, "the log ends with " + range_text(held.first, held.last()) +
                               " in one segment and goes on with " +
                               range_text(record.first, record.first + record.count - 1) +
                               " in the next");
    }
    const bool sane = record.first > Index(0) && record.first <= max_first &&
                      record.count <= max_first - record.first;
    if (!sane) return unfit(held, "the log's range makes no sense");
    drop_from(held, held.first);
    held.first = record.first;
    held.log.add_holes(record.count);
    return {};
}

Result<void> Image::take(const Truncated& record, const News&) {
    const auto found = group(record.slot);
    if (!found) return std::unexpected(found.error());
    if (!lenient_ && record.from < (*found)->first) {
        return unfit(**found, "truncated at " + to_string(record.from) + ", below its log");
    }
    drop_from(**found, record.from);
    return {};
}

Result<void> Image::take(const Compacted& record, const News&) {
    const auto found = group(record.slot);
    if (!found) return std::unexpected(found.error());
    if (record.below > (*found)->last() + 1) {
        if (!lenient_ || record.below > max_index) {
            return unfit(**found, "compacted below " + to_string(record.below) +
                                      ", but the log ends at " + to_string((*found)->last()));
        }
        drop_from(**found, (*found)->first);
        (*found)->first = record.below;
        return {};
    }
    drop_below(**found, record.below);
    return {};
}

Result<void> Image::take(const SnapshotInstalled& record, const News&) {
    const auto found = group(record.slot);
    if (!found) return std::unexpected(found.error());
    if (record.index > max_index) return unfit(**found, "its snapshot's index makes no sense");
    (*found)->installed = record.index;
    (*found)->installed_term = record.term;
    if (!record.restarts) return {};
    drop_from(**found, (*found)->first);
    (*found)->first = record.index + 1;
    return {};
}

/// Lets the log have `index` as an old or as its next entry.
Result<void> Image::make_room(GroupImage& group, Index index) {
    if (index >= group.first && index <= group.last() + 1) return {};
    if (!lenient_) {
        return unfit(group, "entry " + to_string(index) + " does not follow its log " +
                                range_text(group.first, group.last()));
    }
    const bool far = index < group.first || index - group.last() > max_gap;
    if (far || group.log.empty()) {
        drop_from(group, group.first);
        group.first = index;
    }
    group.log.add_holes(index - group.first - group.log.size());
    return {};
}

Result<void> Image::take(const Appended& record, const News& news) {
    const auto found = group(record.slot);
    if (!found) return std::unexpected(found.error());
    auto& held = **found;
    const bool sane = record.first > Index(0) && record.first <= max_first &&
                      record.blocks.size() <= max_first - record.first;
    if (!sane) return unfit(held, "entry " + to_string(record.first) + " cannot be");
    Index index = record.first;
    for (const BlockRef& block : record.blocks) {
        if (auto room = make_room(held, index); !room) return room;
        HeldEntry entry{{}, block.size, news.segment};
        if (taken_ < news.entries.size() && news.entries[taken_].index() == index) {
            entry.entry = news.entries[taken_++];
        } else if (!lenient_) {
            return unfit(held, "entry " + to_string(index) + " is missing from its frame");
        }
        const bool is_next = index == held.last() + 1;
        if (is_next == record.again && !lenient_) {
            return unfit(held, "entry " + to_string(index) + " stands in the wrong place");
        }
        count(entry);
        if (is_next) {
            held.log.push_back(std::move(entry));
        } else {
            forget(held.at(index));
            held.log.put(index - held.first, std::move(entry));
        }
        ++index;
    }
    return {};
}

void Image::count(const HeldEntry& held) {
    auto& live = live_[held.segment];
    ++live.entries;
    live.bytes += held.bytes;
}

void Image::forget(const HeldEntry& held) {
    if (held.is_hole()) return;
    const auto found = live_.find(held.segment);
    --found->second.entries;
    found->second.bytes -= held.bytes;
    if (found->second.entries == 0) live_.erase(found);
}

void Image::drop_from(GroupImage& group, Index index) {
    if (group.log.empty() || group.last() < index) return;
    const std::uint64_t kept = index <= group.first ? 0 : index - group.first;
    group.log.drop_back(group.log.size() - kept, [this](const auto& held) { forget(held); });
}

void Image::drop_below(GroupImage& group, Index index) {
    if (index <= group.first) return;
    const std::uint64_t count = std::min(index - group.first, group.log.size());
    group.log.drop_front(count, [this](const auto& held) { forget(held); });
    group.first = group.first + count;
}

Image::Live Image::live(std::uint64_t segment) const {
    const auto found = live_.find(segment);
    return found == live_.end() ? Live{} : found->second;
}

std::uint64_t Image::live_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [segment, live] : live_) sum += live.bytes;
    return sum;
}

std::vector<Record> Image::checkpoint() const {
    std::vector<Record> records{CheckpointBegins{}};
    for (const auto& [slot, group] : groups_) {
        records.emplace_back(GroupChanged{group.record});
        records.emplace_back(HardStateSet{slot, group.hard_state});
        records.emplace_back(
            LogRange{slot, group.first, group.log.size(), group.installed, group.installed_term});
        if (!group.moved.empty()) records.emplace_back(MembersMoved{slot, group.moved});
    }
    return records;
}

Result<void> Image::check_whole() const {
    for (const auto& [slot, group] : groups_) {
        const std::uint64_t hole = group.log.next_hole(0);
        if (hole == group.log.size()) continue;
        const Index to = group.first + group.log.next_held(hole) - 1;
        return unfit(group, "entries " + range_text(group.first + hole, to) +
                                " are missing: an old segment of the journal is gone");
    }
    return {};
}

}  // namespace rafted::disk
