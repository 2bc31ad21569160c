// Reads one segment of the journal, frame by frame, and says how it ends. Not what the frames mean
// (image.hpp).
//   1. What a frame says is verified, from one of the two places where it stands; an entry whose
//      block does not verify is given as an outline.
//   2. Torn: the last write did not finish; some of its sectors were never written, and nothing
//      follows. It may be cut off, for nobody was promised anything about it.
//   3. Damaged: what the frame said is in neither place. It may have been promised and is never cut
//      off.
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

/// What is wrong, and where.
struct Damage {
    std::uint64_t offset = 0;
    std::string what;
    std::optional<ports::Slot> slot;  ///< Whose, if that can still be told...
    Index index;                      ///< ...and which entry; 0 if it is none.
};

struct Frame {
    std::uint64_t position = 0;
    FrameHead head;
    std::vector<Record> records;
    std::vector<core::Entry> entries;  ///< In the order of the records' references.
    std::vector<Damage> damages;       ///< Of what can be done without, or fetched.
    /// What should stand there, for what stands twice and is damaged once.
    struct Mend {
        std::uint64_t offset = 0;
        Bytes bytes;
    };
    std::vector<Mend> mends;
};

class SegmentReader {
public:
    struct Place {
        std::string path;
        std::optional<NodeId> node;  ///< None: whatever the header says.
        std::uint64_t number = 0;
    };
    /// Fails with corrupt or wrong_version if the header is not that of this place. A damaged one
    /// is done without if the node is known: head() then knows no previous_end.
    static Result<SegmentReader> open(const ports::File& file, Place place);

    enum class Found { frame, end, torn, damaged };
    /// The next frame, or why there is none. Fails only if the file cannot be read.
    Result<Found> next(Frame& frame);
    /// After torn or damaged.
    const Damage& damage() const { return damage_; }
    /// After damage: to the next whole frame; false if there is none.
    Result<bool> resume();

    const SegmentHead& head() const { return head_; }
    bool head_is_damaged() const { return head_is_damaged_; }
    /// Where the next frame begins, or the bad one.
    std::uint64_t position() const { return position_; }
    std::uint64_t file_size() const { return window_.size(); }
    /// After the last frame of a journal: whether the file ends sooner than the journal leaves it,
    /// which keeps room for a frame's head behind each frame.
    bool ends_too_soon() const;
    /// "it has been cut short, to 4711 bytes".
    std::string cut_short() const;
    /// After the last byte from here on that is not zero.
    Result<std::uint64_t> written_end(std::uint64_t from);

private:
    struct Region {
        std::uint64_t from = 0;  ///< Within the frame.
        std::uint64_t to = 0;
        Damage damage;
    };
    using Body = std::shared_ptr<std::byte[]>;
    /// A frame's bytes as they were read, and what of them is bad.
    struct Read {
        Body body;
        std::span<std::byte> all;
        std::vector<Region> bad;
        std::uint32_t zero_sectors = 0;  ///< As many should read as zero.
    };

    SegmentReader(Window window, SegmentHead head, bool head_is_damaged)
        : window_(std::move(window)), head_(head), head_is_damaged_(head_is_damaged) {}
    static Result<SegmentReader> without_header(const Window& window, const Place& place,
                                                const Error& error);
    std::uint64_t seed(std::uint64_t position) const;
    Result<std::optional<FrameHead>> find_foot();
    Result<Found> no_frame(std::uint64_t written_end);
    Result<bool> is_torn(const Frame& frame, const Read& read);
    void parse(Read& read, Frame& frame) const;
    void check_ends(Read& read, Frame& frame) const;
    bool take_records(Read& read, Frame& frame) const;
    std::uint64_t take_blocks(Read& read, Frame& frame) const;
    Result<std::optional<std::uint64_t>> find_frame(std::uint64_t from);
    Found damaged(Damage damage);

    Window window_;
    SegmentHead head_;
    bool head_is_damaged_ = false;
    std::uint64_t position_ = segment_head_bytes;
    std::uint64_t search_from_ = 0;
    std::uint32_t ordinal_ = 0;
    Damage damage_;
};

}  // namespace rafted::disk
