#include "disk/held_log.hpp"

namespace rafted::disk {

const HeldEntry& HeldLog::operator[](std::uint64_t at) const {
    static const HeldEntry hole;
    if (at >= gap_) return dense_[static_cast<std::size_t>(at - gap_)];
    const auto found = sparse_.find(dropped_ + at);
    return found == sparse_.end() ? hole : found->second;
}

std::uint64_t HeldLog::next_hole(std::uint64_t at) const {
    if (at >= gap_) return size();
    std::uint64_t place = dropped_ + at;
    for (auto next = sparse_.lower_bound(place); next != sparse_.end() && next->first == place;) {
        ++next;
        ++place;
    }
    return place < gap_end() ? place - dropped_ : size();
}

std::uint64_t HeldLog::next_held(std::uint64_t at) const {
    if (at >= gap_) return at;
    const auto next = sparse_.lower_bound(dropped_ + at);
    return next == sparse_.end() ? gap_ : next->first - dropped_;
}

/// What stands before a hole is on the sparse side, too.
void HeldLog::add_holes(std::uint64_t count) {
    if (count == 0) return;
    for (HeldEntry& held : dense_) {
        sparse_.emplace_hint(sparse_.end(), gap_end(), std::move(held));
        ++gap_;
    }
    dense_.clear();
    gap_ += count;
}

void HeldLog::put(std::uint64_t at, HeldEntry held) {
    if (at >= gap_) {
        dense_[static_cast<std::size_t>(at - gap_)] = std::move(held);
        return;
    }
    sparse_.insert_or_assign(dropped_ + at, std::move(held));
    close_gap();
}

/// Without a hole left, all of it goes to the dense side.
void HeldLog::close_gap() {
    if (sparse_.size() < gap_) return;
    for (auto held = sparse_.rbegin(); held != sparse_.rend(); ++held) {
        dense_.push_front(std::move(held->second));
    }
    sparse_.clear();
    gap_ = 0;
}

}  // namespace rafted::disk
