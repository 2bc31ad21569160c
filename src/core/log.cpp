#include "core/log.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace rafted::core {

Log::Log(Index snapshot, Term snapshot_term, std::vector<Entry> entries)
    : base_(snapshot), base_term_(snapshot_term) {
    // A leader may have saved what its own disk had not taken yet: such a log adds nothing.
    if (!entries.empty() && entries.back().index() < snapshot) entries.clear();
    auto kept = entries.begin();
    if (!entries.empty() && entries.front().index() <= snapshot) {
        // The oldest kept entry only serves to know its term: what came before it is gone.
        base_ = kept->index();
        base_term_ = kept->term();
        ++kept;
    }
    for (; kept != entries.end(); ++kept) append(std::move(*kept));
    snapshot_ = applied_ = committed_ = snapshot;
    stable_ = written_ = last();
    for (const Slot& slot : entries_) {
        if (!slot.entry.is_whole()) owed_.emplace(slot.entry.index(), Owed::missing);
    }
    check();
}

bool Log::misses_some() const {
    return std::ranges::any_of(owed_,
                               [](const auto& owed) { return owed.second == Owed::missing; });
}

std::vector<Entry> Log::missing(std::size_t most) const {
    std::vector<Entry> out;
    for (const auto& [index, owed] : owed_) {
        if (out.size() == most) break;
        if (owed == Owed::missing) out.push_back(at(index));
    }
    return out;
}

bool Log::fill(const Entry& entry) {
    const auto owed = owed_.find(entry.index());
    if (owed == owed_.end() || owed->second != Owed::missing || !entry.is_whole()) return false;
    Slot& slot = entries_[slot_of(entry.index())];
    if (!slot.entry.is_same_as(entry)) return false;
    slot.entry = entry;
    owed->second = Owed::found;
    return true;
}

void Log::repaired(const std::vector<Index>& indexes) {
    for (const Index index : indexes) {
        const auto owed = owed_.find(index);
        if (owed != owed_.end() && owed->second == Owed::written) owed_.erase(owed);
    }
}

std::optional<Term> Log::term_at(Index index) const {
    if (index == base_) return base_term_;
    if (!reaches(index)) return std::nullopt;
    return entries_[slot_of(index)].entry.term();
}

const Entry& Log::at(Index index) const {
    CHECK(index >= first() && index <= last(), "the log was asked for an entry it does not hold");
    return entries_[slot_of(index)].entry;
}

std::uint64_t Log::end_of(Index index) const {
    if (index <= base_) return base_end_;
    return entries_[slot_of(std::min(index, last()))].end;
}

std::uint64_t Log::bytes_between(Index after, Index upto) const {
    if (entries_.empty() || upto <= after) return 0;
    return end_of(upto) - end_of(after);
}

std::vector<Entry> Log::slice(Index from, std::uint64_t max_bytes) const {
    CHECK(from >= first(), "the log was asked for an entry it has let go");
    std::vector<Entry> out;
    if (from > last()) return out;
    const std::uint64_t limit = end_of(from - 1) + max_bytes;
    const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(slot_of(from));
    const auto end = std::partition_point(begin + 1, entries_.end(),
                                          [limit](const Slot& slot) { return slot.end <= limit; });
    out.reserve(static_cast<std::size_t>(end - begin));
    for (auto slot = begin; slot != end; ++slot) out.push_back(slot->entry);
    return out;
}

Index Log::newest_with_term_upto(Index from, Term term) const {
    Index index = std::min(from, last());
    while (index > base_ && *term_at(index) > term) index = index - 1;
    return index;
}

Index Log::index_keeping(std::uint64_t bytes, Index upto) const {
    const std::uint64_t end = end_of(upto);
    const auto enough = std::ranges::partition_point(
        entries_, [&](const Slot& slot) { return slot.end + bytes < end; });
    const auto index = base_ + static_cast<std::uint64_t>(enough - entries_.begin());
    return std::min(index, upto);
}

void Log::append(Entry entry) {
    CHECK(entry.index() == last() + 1, "an entry does not follow the log's last");
    const std::uint64_t end = end_of(last()) + entry.size();
    entries_.push_back({std::move(entry), end});
}

void Log::truncate_from(Index from) {
    CHECK(from > committed_, "a committed entry would be truncated (§5.3)");
    if (from > last()) return;
    owed_.erase(owed_.lower_bound(from), owed_.end());
    entries_.resize(slot_of(from));
    if (from <= written_) {
        truncated_ = truncated_ ? std::min(*truncated_, from) : from;
        written_ = from - 1;
    }
    stable_ = std::min(stable_, from - 1);
}

void Log::commit_to(Index index) {
    CHECK(index <= last(), "an entry that is not here would be committed");
    committed_ = std::max(committed_, index);
}

void Log::copy_to(std::vector<Entry>& out, Index after, Index upto) const {
    if (upto <= after) return;
    CHECK(after >= base_ && upto <= last(), "the log was asked for entries it does not hold");
    out.reserve(out.size() + (upto - after));
    auto slot = entries_.begin() + static_cast<std::ptrdiff_t>(after - base_);
    for (std::uint64_t left = upto - after; left > 0; --left, ++slot) out.push_back(slot->entry);
}

void Log::take_committed(std::vector<Entry>& out) {
    copy_to(out, applied_, committed_);
    applied_ = committed_;
}

Log::Unwritten Log::take_unwritten() {
    Unwritten out;
    out.truncate_from = std::exchange(truncated_, std::nullopt);
    copy_to(out.append, written_, last());
    written_ = last();
    for (auto& [index, owed] : owed_) {
        if (owed != Owed::found) continue;
        owed = Owed::written;
        out.repair.push_back(at(index));
    }
    return out;
}

void Log::unwrite() {
    // What the disk holds beyond may be older than any of this.
    truncated_ = stable_ + 1;
    written_ = stable_;
    for (auto& [index, owed] : owed_) {
        if (owed == Owed::written) owed = Owed::found;
    }
}

void Log::stable_to(Index index, Term term) {
    if (index > stable_ && index <= written_ && holds(index, term)) stable_ = index;
}

void Log::drop_below(Index keep_from) {
    if (keep_from <= first()) return;
    const Index new_base = keep_from - 1;
    base_term_ = *term_at(new_base);
    base_end_ = end_of(new_base);
    const auto count = static_cast<std::ptrdiff_t>(new_base - base_);
    entries_.erase(entries_.begin(), entries_.begin() + count);
    base_ = new_base;
}

void Log::compact(Index index, Term term, Index keep_from) {
    CHECK(index <= applied_, "a snapshot covers what was not applied");
    CHECK(keep_from <= index + 1, "more would be let go than the snapshot covers");
    if (index <= snapshot_) return;
    CHECK(holds(index, term), "a snapshot disagrees with the log about its last entry");
    snapshot_ = index;
    // What is still on its way to the disk is not let go.
    drop_below(std::min(keep_from, stable_ + 1));
}

void Log::restore(Index index, Term term) {
    CHECK(index > committed_, "a snapshot older than what is committed would be installed");
    if (!holds(index, term)) {
        entries_.clear();
        owed_.clear();
        base_ = index;
        base_term_ = term;
        stable_ = written_ = index;
        truncated_.reset();
    } else {
        const Index was_stable = stable_;
        drop_below(index + 1);
        owed_.erase(owed_.begin(), owed_.upper_bound(index));
        stable_ = std::max(was_stable, index);
        written_ = std::max(written_, index);
    }
    snapshot_ = applied_ = committed_ = index;
}

void Log::check() const {
    CHECK(base_ <= snapshot_, "log chain: first - 1 <= snapshot");
    CHECK(snapshot_ <= applied_, "log chain: snapshot <= applied");
    CHECK(applied_ <= committed_, "log chain: applied <= committed");
    CHECK(committed_ <= whole_upto(), "log chain: committed <= last, and before what is owed");
    CHECK(stable_ <= written_ && written_ <= last(), "log chain: stable <= written <= last");
    CHECK(base_ <= stable_, "log chain: first - 1 <= stable");
}

}  // namespace rafted::core
