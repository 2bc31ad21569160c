// The log of one group as its journal holds it: entries, and holes where a journal that is being
// read has said that there are entries but has not come to them. Not what any of it means.
//   1. A hole takes no memory, however many of them a record claims: all memory is for entries
//      that were found.
//   2. Without holes it is one deque.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>

#include "core/entry.hpp"

namespace rafted::disk {

struct HeldEntry {
    core::Entry entry;  ///< An outline: its block is damaged. Null: it cannot be read.
    std::size_t bytes = 0;
    std::uint64_t segment = 0;
    bool is_hole() const { return bytes == 0; }
};

/// Places count from 0.
class HeldLog {
public:
    std::uint64_t size() const { return gap_ + dense_.size(); }
    bool empty() const { return size() == 0; }
    std::uint64_t holes() const { return gap_ - sparse_.size(); }
    /// requires: at < size().
    const HeldEntry& operator[](std::uint64_t at) const;
    /// The first place from here on that is (or is not) a hole; size() if there is none.
    std::uint64_t next_hole(std::uint64_t at) const;
    std::uint64_t next_held(std::uint64_t at) const;

    void push_back(HeldEntry held) { dense_.push_back(std::move(held)); }
    void add_holes(std::uint64_t count);
    /// requires: at < size().
    void put(std::uint64_t at, HeldEntry held);
    /// Both call gone(held) for every entry dropped. requires: count <= size().
    template <class Gone>
    void drop_front(std::uint64_t count, const Gone& gone);
    template <class Gone>
    void drop_back(std::uint64_t count, const Gone& gone);

private:
    using Sparse = std::map<std::uint64_t, HeldEntry>;

    std::uint64_t gap_end() const { return dropped_ + gap_; }
    template <class Gone>
    void drop_sparse(Sparse::iterator from, Sparse::iterator to, const Gone& gone);
    void close_gap();

    // The first gap_ places are in sparse_, by place + dropped_; what is not there is a hole.
    Sparse sparse_;
    std::uint64_t gap_ = 0;
    std::uint64_t dropped_ = 0;
    std::deque<HeldEntry> dense_;
};

template <class Gone>
void HeldLog::drop_sparse(Sparse::iterator from, Sparse::iterator to, const Gone& gone) {
    for (auto at = from; at != to; ++at) gone(at->second);
    sparse_.erase(from, to);
}

template <class Gone>
void HeldLog::drop_front(std::uint64_t count, const Gone& gone) {
    const std::uint64_t n = std::min(count, gap_);
    drop_sparse(sparse_.begin(), sparse_.lower_bound(dropped_ + n), gone);
    dropped_ += n;
    gap_ -= n;
    for (count -= n; count > 0; --count) {
        gone(dense_.front());
        dense_.pop_front();
    }
    close_gap();
}

template <class Gone>
void HeldLog::drop_back(std::uint64_t count, const Gone& gone) {
    for (; count > 0 && !dense_.empty(); --count) {
        gone(dense_.back());
        dense_.pop_back();
    }
    gap_ -= count;
    drop_sparse(sparse_.lower_bound(gap_end()), sparse_.end(), gone);
    close_gap();
}

}  // namespace rafted::disk
