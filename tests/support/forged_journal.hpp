// Segments of a journal with any records in them, whether they make sense or not, but with right
// checksums: what gets past them is for the readers behind to refuse.
#pragma once

#include <span>

#include "disk/format.hpp"

namespace rafted::test {

struct ForgedFrame {
    Bytes records;                     ///< As they stand in the frame.
    std::vector<core::Entry> entries;  ///< The blocks behind them.
};

Bytes bytes_of(std::span<const disk::Record> records);

/// A whole segment: header, frames, and a stretch of zeros.
Bytes forged_segment(const disk::SegmentHead& head, std::span<const ForgedFrame> frames);
/// Where the last of these frames ends in a segment: what the next one's header calls previous_end.
std::uint64_t end_of(std::span<const ForgedFrame> frames);

}  // namespace rafted::test
