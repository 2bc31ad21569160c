// The log in memory: entries first..last, above the point up to which a snapshot stands in.
// One chain of pointers, checked by check():
//
//     first - 1 <= snapshot <= applied <= committed        stable <= last
//
//   first..last  entries held; snapshot may lie inside: entries below it are kept for followers
//   committed    known to be committed      applied  handed out to be applied
//   stable       known to be on disk (a write may be under way beyond it)
//   written      handed to the storage; what lies beyond goes with the next write
//   1. Entries at or below committed are never truncated.   2. Indexes have no gap.
//   3. Nothing from the first owed entry on is committed here: committed <= whole_upto().
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "core/entry.hpp"

namespace rafted::core {

class Log {
public:
    Log() = default;
    /// A log as recovered: everything in `entries` is on disk; committed up to the snapshot.
    /// requires: entries have no gap and begin right after the snapshot or earlier.
    Log(Index snapshot, Term snapshot_term, std::vector<Entry> entries);

    Index first() const { return base_ + 1; }
    Index last() const { return base_ + entries_.size(); }
    Term last_term() const { return *term_at(last()); }
    Index snapshot() const { return snapshot_; }
    Index committed() const { return committed_; }
    Index applied() const { return applied_; }
    Index stable() const { return stable_; }

    /// Whether the log knows the term of the entry at `index`: it holds it, or begins after it.
    bool reaches(Index index) const { return index >= base_ && index <= last(); }
    /// That term, or nothing.
    std::optional<Term> term_at(Index index) const;
    bool holds(Index index, Term term) const { return term_at(index) == term; }
    /// requires: first <= index <= last.
    const Entry& at(Index index) const;
    /// Entries from `from` on, at most `max_bytes` of them but at least one if there is one.
    std::vector<Entry> slice(Index from, std::uint64_t max_bytes) const;
    /// Bytes of the entries with indexes in (after, upto].
    std::uint64_t bytes_between(Index after, Index upto) const;
    std::uint64_t bytes() const { return bytes_between(base_, last()); }
    /// The newest index <= `from` whose term is <= `term`: where two logs may still agree.
    Index newest_with_term_upto(Index from, Term term) const;
    /// The last index at or below committed whose log from there on exceeds `bytes`.
    Index index_keeping(std::uint64_t bytes, Index upto) const;

    /// Owed: entries whose bytes the disk has damaged. Each is missing until a copy of it comes
    /// from another member, and owed until that is on disk.
    bool owes() const { return !owed_.empty(); }
    /// What may be acknowledged and committed: all before the first owed entry.
    Index whole_upto() const { return owed_.empty() ? last() : owed_.begin()->first - 1; }
    /// Some of it has not come yet.
    bool misses_some() const;
    /// The outlines in the log, oldest first, at most `most`.
    std::vector<Entry> missing(std::size_t most) const;
    /// Takes the entry's bytes if they are missing here. Returns whether they were.
    bool fill(const Entry& entry);
    /// These are on disk again.
    void repaired(const std::vector<Index>& indexes);

    void append(Entry entry);
    /// requires: committed < from <= last + 1.
    void truncate_from(Index from);
    /// requires: index <= last. Never goes back.
    void commit_to(Index index);
    /// Hands out what is committed and not yet applied, behind what `out` holds.
    void take_committed(std::vector<Entry>& out);

    /// What the storage has not been given: drop from `truncate_from`, then append.
    struct Unwritten {
        std::optional<Index> truncate_from;
        std::vector<Entry> append;
        std::vector<Entry> repair;  ///< In place of the damaged ones.
    };
    Unwritten take_unwritten();
    /// What is not stable was not written after all: take_unwritten() gives it out again.
    void unwrite();
    /// A write is durable up to here; counts only if the entry there is still that one.
    void stable_to(Index index, Term term);

    /// A snapshot now stands for everything up to `index`; entries below `keep_from` are let go.
    /// requires: index <= applied, keep_from <= index + 1.
    void compact(Index index, Term term, Index keep_from);
    /// The log becomes what follows a received snapshot: entries after it stay if the log holds the
    /// snapshot's last entry, else none. requires: index > committed.
    void restore(Index index, Term term);

    void check() const;
    bool operator==(const Log&) const = default;

private:
    struct Slot {
        Entry entry;
        std::uint64_t end = 0;  ///< Bytes of all entries up to this one, since the log was made.
        bool operator==(const Slot&) const = default;
    };
    std::uint64_t end_of(Index index) const;
    std::size_t slot_of(Index index) const { return static_cast<std::size_t>(index - first()); }
    void drop_below(Index keep_from);
    /// The entries with indexes in (after, upto].
    void copy_to(std::vector<Entry>& out, Index after, Index upto) const;

    enum class Owed : std::uint8_t { missing, found, written };
    Index base_;  // first - 1
    Term base_term_;
    std::uint64_t base_end_ = 0;
    std::deque<Slot> entries_;
    Index snapshot_;
    Index applied_;
    Index committed_;
    Index stable_;
    Index written_;
    std::optional<Index> truncated_;  // the storage has not been told yet
    std::map<Index, Owed> owed_;
};

}  // namespace rafted::core
