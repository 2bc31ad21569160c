// A log as an onlooker keeps it: which entry stands where, not what it holds. Kept for each node
// twice, as it is in memory and as it is on disk, apart from the code that is looked at.
//   1. Entries are contiguous from first(); base is the place before it.
#pragma once

#include <deque>
#include <optional>
#include <span>

#include "core/entry.hpp"

namespace rafted::sim {

struct EntryMark {
    Index index;
    Term term;
    std::uint64_t checksum = 0;  ///< Of the whole entry: equal marks are equal entries.
    core::EntryKind kind = core::EntryKind::command;
    core::LogTime time{};
    bool operator==(const EntryMark&) const = default;
};

inline EntryMark mark_of(const core::Entry& entry) {
    return {entry.index(), entry.term(), entry.checksum(), entry.kind(), entry.time()};
}

class LogImage {
public:
    Index first() const { return base_ + 1; }
    Index last() const { return base_ + entries_.size(); }
    Term last_term() const { return entries_.empty() ? base_term_ : entries_.back().term; }
    Index base() const { return base_; }
    Term base_term() const { return base_term_; }
    /// Nothing if the log does not reach there; known for base(), too.
    std::optional<Term> term_at(Index index) const {
        if (index == base_) return base_term_;
        const EntryMark* entry = find(index);
        return entry == nullptr ? std::nullopt : std::optional(entry->term);
    }
    const EntryMark* find(Index index) const {
        if (index < first() || index > last()) return nullptr;
        return &entries_[static_cast<std::size_t>(index - first())];
    }
    bool holds(const EntryMark& mark) const {
        const EntryMark* found = find(mark.index);
        return found != nullptr && *found == mark;
    }

    /// Nothing but what comes before this place.
    void restart(Index base, Term base_term) {
        base_ = base;
        base_term_ = base_term;
        entries_.clear();
    }
    /// False, and nothing is done, if it would leave a gap.
    bool append(const EntryMark& entry) {
        if (entry.index != last() + 1) return false;
        entries_.push_back(entry);
        return true;
    }
    void truncate_from(Index from) {
        while (!entries_.empty() && entries_.back().index >= from) entries_.pop_back();
    }
    /// What comes before this place is another entry than was held there; what follows stays.
    void replace_base(Index base, Term base_term) {
        drop_below(base + 1);
        base_ = base;
        base_term_ = base_term;
    }
    void drop_below(Index keep_from) {
        while (!entries_.empty() && entries_.front().index < keep_from) {
            base_ = entries_.front().index;
            base_term_ = entries_.front().term;
            entries_.pop_front();
        }
    }
    bool operator==(const LogImage&) const = default;

private:
    Index base_;
    Term base_term_;
    std::deque<EntryMark> entries_;
};

}  // namespace rafted::sim
