// Maps from digests to small numbers and sets of digests: one flat array each, nothing is ever
// taken out. Two different things with the same 128 bits would be taken for one; among n things
// that has a chance of about n * n / 2^129.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "explore/digest.hpp"

namespace rafted::explore {

/// Open addressing over slots that know their key and whether they are free.
template <class Slot>
class Slots {
public:
    Slots() : slots_(1024) {}

    Slot& at(const Digest& key) { return slots_[place_of(key)]; }
    const Slot& at(const Digest& key) const { return slots_[place_of(key)]; }
    /// To be called after a free slot has been filled.
    void filled() {
        if (++size_ * 4 > slots_.size() * 3) grow();
    }
    std::size_t size() const { return size_; }
    std::size_t bytes() const { return slots_.size() * sizeof(Slot); }
    /// What it takes, for a moment, when it grows next.
    std::size_t bytes_when_growing() const { return bytes() * 3; }
    bool grows_within(std::size_t more) const { return (size_ + more) * 4 > slots_.size() * 3; }

private:
    std::size_t place_of(const Digest& key) const {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = key.low & mask;
        while (!slots_[at].is_free() && !(slots_[at].key == key)) at = (at + 1) & mask;
        return at;
    }
    void grow() {
        std::vector<Slot> old(slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (!slot.is_free()) slots_[place_of(slot.key)] = slot;
        }
    }

    std::vector<Slot> slots_;
    std::size_t size_ = 0;
};

/// A set of digests. The digest of all zeros stands for nothing and is never in it.
class DigestSet {
public:
    /// Whether it was not in before.
    bool insert(const Digest& key) {
        Slot& slot = slots_.at(key);
        if (!slot.is_free()) return false;
        slot.key = key;
        slots_.filled();
        return true;
    }
    std::size_t bytes() const { return slots_.bytes(); }
    std::size_t bytes_when_growing() const { return slots_.bytes_when_growing(); }
    bool grows_within(std::size_t more) const { return slots_.grows_within(more); }

private:
    struct Slot {
        Digest key;
        bool is_free() const { return key == Digest{}; }
    };
    Slots<Slot> slots_;
};

class Table {
public:
    static constexpr std::uint32_t none = 0xffffffff;

    /// The number under this key; `none` if there is none.
    std::uint32_t find(const Digest& key) const { return slots_.at(key).value; }
    /// requires: value != none. Returns the number that was there before, or `none`.
    std::uint32_t insert(const Digest& key, std::uint32_t value) {
        Slot& slot = slots_.at(key);
        if (!slot.is_free()) return slot.value;
        slot = {key, value};
        slots_.filled();
        return none;
    }
    std::size_t bytes() const { return slots_.bytes(); }

private:
    struct Slot {
        Digest key;
        std::uint32_t value = none;
        bool is_free() const { return value == none; }
    };
    Slots<Slot> slots_;
};

}  // namespace rafted::explore
