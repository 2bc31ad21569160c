// The un-synced bytes of one file: what was there before each write since the last sync, so that
// any legal part of those writes can be taken back.
//   1. A sector (512 bytes) has one of the versions it had since the last sync, whole.
//   2. The size is at least the synced one and reaches what is kept; behind it nothing is left.
//   3. A file that was emptied counts as durably empty: that is done to left-overs alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orders.hpp"

namespace rafted::faults {

class Contents {
public:
    static constexpr std::uint64_t sector_bytes = 512;

    /// Takes over the descriptor, which can read and write.
    explicit Contents(int descriptor);
    ~Contents();
    Contents(const Contents&) = delete;
    Contents& operator=(const Contents&) = delete;

    void before_write(std::uint64_t offset, std::uint64_t bytes);
    void synced();
    bool is_clean() const { return writes_.empty(); }
    std::uint64_t size() const;
    /// Leaves what this loss leaves of it. Returns "kept 2 of 5 sectors".
    std::string lose(Loss loss, Chance& chance);

private:
    struct Write {
        std::uint64_t first_sector = 0;
        std::uint64_t sectors = 0;
        std::string before;  ///< Of the sectors; shorter if the file ended.
    };
    void undo(const Write& write, std::uint64_t sector) const;

    int descriptor_;
    std::uint64_t synced_size_;
    std::vector<Write> writes_;
};

}  // namespace rafted::faults
