// Reads one segment of the journal, frame by frame, and says how it ends. Not what the frames mean
// (image.hpp).
//   1. A frame is given whole and verified, or not at all.
//   2. Torn: the last write did not finish; some of its sectors were never written, and nothing
//      follows. It may be cut off, for nobody was promised anything about it.
//   3. Damaged: anything else. It may have been promised and is never cut off.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "disk/format.hpp"
#include "ports/files.hpp"

namespace rafted::disk {

/// A file read through a window, so that many small reads cost one large one.
class Window {
public:
    Window(const ports::File& file, std::uint64_t size) : file_(&file), size_(size) {}
    /// Up to n bytes at the offset, less only at the end; valid until the next call.
    Result<BytesView> at(std::uint64_t offset, std::size_t n);
    /// Reads past the window, into memory of the caller's.
    Result<void> read(std::uint64_t offset, std::span<std::byte> into);
    std::uint64_t size() const { return size_; }

private:
    const ports::File* file_;
    std::uint64_t size_;
    std::uint64_t start_ = 0;
    Bytes bytes_;
};

struct Frame {
    std::uint64_t position = 0;
    FrameHead head;
    std::vector<Record> records;
    std::vector<core::Entry> entries;  ///< In the order of the records' references.
};

/// What is wrong, and where.
struct Damage {
    std::uint64_t offset = 0;
    std::string what;
    std::optional<ports::Slot> slot;  ///< Whose, if that can still be told...
    Index index;                      ///< ...and which entry; 0 if it is none.
};

class SegmentReader {
public:
    struct Place {
        std::string path;
        std::optional<NodeId> node;  ///< None: whatever the header says.
        std::uint64_t number = 0;
    };
    /// Fails with corrupt or wrong_version if the header is not that of this place.
    static Result<SegmentReader> open(const ports::File& file, Place place);

    enum class Found { frame, end, torn, damaged };
    /// The next frame, or why there is none. Fails only if the file cannot be read.
    Result<Found> next(Frame& frame);
    /// After torn or damaged.
    const Damage& damage() const { return damage_; }
    /// After damage: to the next whole frame; false if there is none.
    Result<bool> resume();

    const SegmentHead& head() const { return head_; }
    /// Where the next frame begins, or the bad one.
    std::uint64_t position() const { return position_; }
    std::uint64_t file_size() const { return window_.size(); }
    /// After the last byte from here on that is not zero.
    Result<std::uint64_t> written_end(std::uint64_t from);

private:
    struct Region {
        std::uint64_t from = 0;  ///< Within the frame.
        std::uint64_t to = 0;
        Damage damage;
    };
    using Body = std::shared_ptr<std::byte[]>;

    SegmentReader(Window window, SegmentHead head) : window_(std::move(window)), head_(head) {}
    std::uint64_t seed(std::uint64_t position) const;
    Result<Found> no_head(BytesView bytes);
    Result<Found> judge(const FrameHead& head, BytesView frame, const std::vector<Region>& bad);
    std::vector<Region> parse(const Body& body, Frame& frame) const;
    Region take_blocks(const Body& body, Frame& frame, std::vector<Region>& bad) const;
    Result<std::optional<std::uint64_t>> find_frame(std::uint64_t from);
    Found damaged(Damage damage);

    Window window_;
    SegmentHead head_;
    std::uint64_t position_ = segment_head_bytes;
    std::uint64_t search_from_ = 0;
    std::uint32_t ordinal_ = 0;
    Damage damage_;
};

}  // namespace rafted::disk
