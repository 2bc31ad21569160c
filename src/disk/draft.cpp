#include "disk/draft.hpp"

#include <algorithm>
#include <ranges>

#include "core/checksum.hpp"
#include "disk/sectors.hpp"

namespace rafted::disk {
namespace {

using ports::GroupWrite;

std::unexpected<Error> refused(const GroupWrite& write, const std::string& what) {
    return fail(ErrorCode::invalid,
                "write to slot " + std::to_string(write.slot) + " refused: " + what);
}

}  // namespace

Result<void> Draft::add(const ports::Batch& batch, std::span<const ReceivedSnapshot> received) {
    const std::size_t records = records_.size();
    const std::size_t entries = entries_.size();
    const std::uint64_t bytes = entry_bytes_;
    const bool heavy = heavy_;
    const bool urgent = urgent_;
    Outlooks outlooks = outlooks_;
    for (const GroupWrite& write : batch) {
        auto fits = check(write, received, outlooks);
        if (fits) continue;
        records_.resize(records);
        entries_.resize(entries);
        entry_bytes_ = bytes;
        heavy_ = heavy;
        urgent_ = urgent;
        return fits;
    }
    outlooks_ = std::move(outlooks);
    return {};
}

Result<Draft::Outlook*> Draft::outlook(const GroupWrite& write, Outlooks& outlooks) const {
    if (const auto found = outlooks.find(write.slot); found != outlooks.end()) {
        return &found->second;
    }
    const GroupImage* image = image_->find(write.slot);
    if (image == nullptr && !write.record) return refused(write, "it belongs to no group");
    const Outlook now = image == nullptr ? Outlook{Index(1), Index(0), Index(0), false}
                                         : Outlook{image->first, image->last(), image->last(),
                                                   image->record.removed};
    return &outlooks.emplace(write.slot, now).first->second;
}

/// Checks one group's share and adds its records, in field order.
Result<void> Draft::check(const GroupWrite& write, std::span<const ReceivedSnapshot> received,
                          Outlooks& outlooks) {
    const auto found = outlook(write, outlooks);
    if (!found) return std::unexpected(found.error());
    Outlook& outlook = **found;
    if (write.record) {
        if (write.record->slot != write.slot) return refused(write, "its record names another");
        records_.emplace_back(GroupChanged{*write.record});
        outlook.removed = write.record->removed;
        if (outlook.removed) outlook = {Index(1), Index(0), Index(0), true};
        heavy_ = true;
    }
    if (write.moved) records_.emplace_back(MembersMoved{write.slot, *write.moved});
    if (write.hard_state) records_.emplace_back(HardStateSet{write.slot, *write.hard_state});
    if (write.let_go_log) {
        records_.emplace_back(Truncated{write.slot, outlook.first});
        records_.emplace_back(LogRange{write.slot, Index(1), 0, Index(), Term()});
        outlook = {Index(1), Index(0), Index(0), outlook.removed};
        heavy_ = true;
    }
    if (auto fits = check_log(write, outlook); !fits) return fits;
    if (write.truncate_from && *write.truncate_from <= outlook.last) {
        records_.emplace_back(Truncated{write.slot, *write.truncate_from});
        outlook.last = *write.truncate_from - 1;
        outlook.kept = std::min(outlook.kept, outlook.last);
        heavy_ = true;
    }
    if (!write.append.empty()) {
        add_entries(write.slot, write.append, false);
        outlook.last = write.append.back().index();
    }
    if (auto fits = check_repair(write, outlook); !fits) return fits;
    add_entries(write.slot, write.repair, true);
    for (const ReceivedSnapshot& snapshot : received) {
        if (snapshot.slot == write.slot && !write.pieces.empty()) add_snapshot(snapshot, outlook);
    }
    if (!write.compact_below || *write.compact_below <= outlook.first) return {};
    if (*write.compact_below > outlook.last + 1) {
        return refused(write, "compaction below " + to_string(*write.compact_below) +
                                  " of a log that ends at " + to_string(outlook.last));
    }
    records_.emplace_back(Compacted{write.slot, *write.compact_below});
    outlook.first = *write.compact_below;
    heavy_ = true;
    return {};
}

Result<void> Draft::check_log(const GroupWrite& write, Outlook& outlook) const {
    const bool has_log = write.truncate_from || !write.append.empty() || !write.pieces.empty();
    if (outlook.removed && has_log) return refused(write, "its group was removed");
    Index next = outlook.last + 1;
    if (write.truncate_from && *write.truncate_from <= outlook.last) {
        next = *write.truncate_from;
        if (next < outlook.first) {
            return refused(write, "truncation at " + to_string(next) + " of a log that begins at " +
                                      to_string(outlook.first));
        }
    }
    for (const core::Entry& entry : write.append) {
        if (entry.index() != next) {
            return refused(write, "entry " + to_string(entry.index()) + " where " +
                                      to_string(next) + " should follow");
        }
        ++next;
    }
    return {};
}

/// Only the very entry may stand in for a damaged one.
Result<void> Draft::check_repair(const GroupWrite& write, const Outlook& outlook) const {
    const GroupImage* image = image_->find(write.slot);
    for (const core::Entry& entry : write.repair) {
        const Index index = entry.index();
        const bool is_kept = image != nullptr && image->holds(index) && index >= outlook.first &&
                             index <= outlook.kept;
        if (!is_kept || !image->at(index).entry.is_same_as(entry)) {
            return refused(write, "entry " + to_string(index) + " is not the one that is damaged");
        }
    }
    return {};
}

bool Draft::log_holds(ports::Slot slot, const Outlook& outlook, Index index, Term term) const {
    if (index < outlook.first) return true;  // compacted: it was committed, as the snapshot is
    if (index > outlook.last) return false;
    for (auto entry = entries_.rbegin(); const Record& record : records_ | std::views::reverse) {
        const auto* appended = std::get_if<Appended>(&record);
        if (appended == nullptr) continue;
        const auto count = appended->blocks.size();
        if (appended->slot == slot && index >= appended->first && index < appended->first + count) {
            const auto back = appended->first + (count - 1) - index;
            return (entry + static_cast<std::ptrdiff_t>(back))->term() == term;
        }
        entry += static_cast<std::ptrdiff_t>(count);
    }
    const GroupImage* image = image_->find(slot);
    return image != nullptr && image->holds(index) && image->at(index).entry.term() == term;
}

void Draft::add_snapshot(const ReceivedSnapshot& received, Outlook& outlook) {
    const auto& meta = received.meta;
    const bool restarts = !log_holds(received.slot, outlook, meta.index, meta.term);
    records_.emplace_back(SnapshotInstalled{received.slot, meta.index, meta.term, restarts});
    heavy_ = true;
    if (restarts) outlook = {meta.index + 1, meta.index, Index(0), false};
}

void Draft::restart_after(ports::Slot slot, const core::SnapshotMeta& snapshot) {
    records_.emplace_back(SnapshotInstalled{slot, snapshot.index, snapshot.term, true});
}

void Draft::let_go_below(ports::Slot slot, Index below) {
    records_.emplace_back(Compacted{slot, below});
}

void Draft::add_entries(ports::Slot slot, std::span<const core::Entry> entries, bool again) {
    const std::size_t since = records_.size();
    for (const core::Entry& entry : entries) add_entry(slot, entry, again, since);
}

/// Entries that follow each other in one term share a record, if that is not older than `since`.
void Draft::add_entry(ports::Slot slot, const core::Entry& entry, bool again, std::size_t since) {
    auto* last = records_.size() > since ? std::get_if<Appended>(&records_.back()) : nullptr;
    const bool follows = last != nullptr && last->slot == slot && last->again == again &&
                         last->term == entry.term() &&
                         last->first + last->blocks.size() == entry.index();
    if (!follows) {
        records_.emplace_back(Appended{slot, entry.index(), entry.term(), again, {}});
        last = std::get_if<Appended>(&records_.back());
    }
    last->blocks.push_back(
        {entry.kind(), static_cast<std::uint32_t>(entry.size()), entry.checksum()});
    entries_.push_back(entry);
    entry_bytes_ += entry.size();
    heavy_ = true;
    urgent_ = urgent_ || (entry.kind() == core::EntryKind::elected && !again);
}

void Draft::add_again(ports::Slot slot, Index index) {
    // What a batch in this frame drops or replaces needs no moving, and must not come back.
    const auto found = outlooks_.find(slot);
    const bool dropped =
        found != outlooks_.end() && (index < found->second.first || index > found->second.kept);
    const core::Entry& entry = image_->find(slot)->at(index).entry;
    if (!dropped && entry.is_whole()) add_entry(slot, entry, true, 0);
}

void Draft::add_checkpoint() { records_ = image_->checkpoint(); }

Result<Draft::Sealed> Draft::seal(const Place& place) {
    auto sealed = lay_out(place);
    if (!sealed || zero_sectors(place.position, sealed->pieces) == 0) return sealed;
    // It says so itself, in a record whose size does not depend on the number.
    records_.emplace(records_.begin(), ZeroSectors{});
    sealed = lay_out(place);
    if (!sealed) return sealed;
    std::get<ZeroSectors>(records_.front()).count = zero_sectors(place.position, sealed->pieces);
    return lay_out(place);
}

Result<Draft::Sealed> Draft::lay_out(const Place& place) {
    Writer out;
    out.raw(std::array<std::byte, frame_head_bytes>{});
    for (const Record& record : records_) encode(out, record);
    const std::size_t records_bytes = out.size() - frame_head_bytes;
    const std::uint64_t content = out.size() + entry_bytes_ + records_bytes + frame_foot_bytes;
    const std::uint64_t units = (content + frame_unit - 1) / frame_unit;
    if (units * frame_unit > max_frame_bytes || records_bytes > UINT32_MAX) {
        return fail(ErrorCode::too_large,
                    "a write of " + std::to_string(content) + " bytes is over the journal's limit");
    }
    front_ = out.take();
    const auto records = BytesView(front_).subspan(frame_head_bytes);
    FrameHead head;
    head.records_checksum = core::checksum(records, place.seed);
    head.records_bytes = static_cast<std::uint32_t>(records_bytes);
    head.units = static_cast<std::uint32_t>(units);
    head.ordinal = place.ordinal;
    const auto first = encode(head, FrameEnd::head, place.seed);
    std::copy(first.begin(), first.end(), front_.begin());
    const auto foot = encode(head, FrameEnd::foot, place.seed);
    back_.assign(static_cast<std::size_t>(units * frame_unit - content), std::byte{0});
    back_.insert(back_.end(), records.begin(), records.end());
    back_.insert(back_.end(), foot.begin(), foot.end());

    Sealed sealed{{}, units * frame_unit};
    sealed.pieces.reserve(entries_.size() + 2);
    sealed.pieces.emplace_back(front_);
    for (const core::Entry& entry : entries_) sealed.pieces.push_back(entry.block());
    sealed.pieces.emplace_back(back_);
    return sealed;
}

}  // namespace rafted::disk
