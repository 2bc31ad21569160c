#include "disk/image.hpp"

namespace rafted::disk {
namespace {

/// More entries than this in one log make no sense, and would not fit into memory.
constexpr std::uint64_t max_log_entries = std::uint64_t{1} << 26;
/// A wider gap is not bridged by holes: the log begins anew behind it.
constexpr std::uint64_t max_gap = std::uint64_t{1} << 20;

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
    held.installed = record.installed;
    held.installed_term = record.installed_term;
    if (held.first == record.first && held.log.size() == record.count) return {};
    if (!lenient_ && !held.log.empty()) {
        return unfit(held, "the log ends with " + range_text(held.first, held.last()) +
                               " in one segment and goes on with " +
                               range_text(record.first, record.first + record.count - 1) +
                               " in the next");
    }
    if (record.count > max_log_entries) return unfit(held, "the log's range makes no sense");
    drop_from(held, held.first);
    held.first = record.first;
    held.log.resize(static_cast<std::size_t>(record.count));
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
        if (!lenient_) {
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
    group.log.resize(static_cast<std::size_t>(index - group.first));
    return {};
}

Result<void> Image::take(const Appended& record, const News& news) {
    const auto found = group(record.slot);
    if (!found) return std::unexpected(found.error());
    auto& held = **found;
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
            held.log[static_cast<std::size_t>(index - held.first)] = std::move(entry);
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
    const auto found = live_.find(held.segment);
    if (found == live_.end()) return;  // a hole
    --found->second.entries;
    found->second.bytes -= held.bytes;
    if (found->second.entries == 0) live_.erase(found);
}

void Image::drop_from(GroupImage& group, Index index) {
    while (!group.log.empty() && group.last() >= index) {
        forget(group.log.back());
        group.log.pop_back();
    }
}

void Image::drop_below(GroupImage& group, Index index) {
    while (!group.log.empty() && group.first < index) {
        forget(group.log.front());
        group.log.pop_front();
        ++group.first;
    }
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
        for (Index index = group.first; index <= group.last(); ++index) {
            if (group.at(index).bytes != 0) continue;
            Index to = index;
            while (to < group.last() && group.at(to + 1).bytes == 0) ++to;
            return unfit(group, "entries " + range_text(index, to) +
                                    " are missing: an old segment of the journal is gone");
        }
    }
    return {};
}

}  // namespace rafted::disk
