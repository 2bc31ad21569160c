// The one journal of a node, for all its groups: segments of frames, one frame and one sync per
// commit. Reading it back is journal_open.cpp.
//   1. A commit that has returned without an error survives; one that has not leaves no trace
//      (disk_full) or fences the journal for good (disk_failed).
//   2. A segment begins with a checkpoint, so the ones before it matter only for their entries.
//   3. A segment goes, or becomes the spare, as soon as nothing lives in it. Live entries of the
//      oldest one are moved when the whole is larger than twice what lives plus three segments; so
//      it stays below twice that plus five segments, and the spare.
//   4. Of the current segment everything behind the last frame is zero or was never written.
//   5. A frame is begun only where the file's length is durable, with room for another one's head
//      behind it: a file that ends sooner has been cut short.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "disk/draft.hpp"
#include "disk/spare.hpp"
#include "ports/files.hpp"

namespace rafted::disk {

struct JournalOptions {
    /// A segment is closed when it has grown to this. 16 KiB to 1 GiB.
    std::uint64_t segment_bytes = std::uint64_t{64} << 20;
    /// Zeros written ahead of the end at a time, so that most syncs change no metadata; begins with
    /// a quarter of it. Once a segment has this much in it, the next one is written full of zeros
    /// beside it. 4 KiB to 64 MiB.
    std::uint64_t prewrite_bytes = std::uint64_t{4} << 20;
    /// Of the pre-written bytes only hard states may use these, and of a half of them what a leader
    /// begins with: votes and reads go on when the disk is full. 4 KiB to 16 MiB.
    std::uint64_t reserve_bytes = std::uint64_t{256} << 10;
    /// Entries of an old segment moved along with a frame, at least. 4 KiB to 16 MiB.
    std::uint64_t move_bytes = std::uint64_t{256} << 10;

    /// Fails with invalid: names the field, its value and the allowed range.
    Result<void> validate() const;
};

/// Where a journal lives.
struct JournalHome {
    ports::Files* files = nullptr;
    std::string dir;  ///< Of the segments.
    NodeId node;
    JournalOptions options;
};

class Journal {
public:
    /// The first segment of a new journal.
    static Result<std::unique_ptr<Journal>> create(JournalHome home);
    /// Reads it back. Adds to the notes what a human should know. Entries that are damaged become
    /// outlines; what stands twice and is damaged once is mended. Fails with corrupt, naming file,
    /// offset, group and index, if anything else but an unfinished write is wrong.
    static Result<std::unique_ptr<Journal>> open(JournalHome home, std::vector<std::string>& notes);

    const Image& image() const { return image_; }
    Draft draft() const { return Draft(image_); }
    /// Fails with disk_full or too_large: nothing is written, the journal goes on; with
    /// disk_failed: nothing will ever be written again.
    Result<void> commit(Draft& draft);
    /// After a refusal: whether there is room again, for more than the least. Fails as commit().
    Result<void> find_space();
    /// Bytes of all segments, and of the spare.
    std::uint64_t disk_bytes() const;
    /// The next segment's file, to be prepared beside all else by whoever owns the journal.
    Spare& spare() { return spare_; }

    /// Up to where a segment's frames reach.
    struct Written {
        std::uint64_t number = 0;
        std::uint64_t end = 0;
    };
    /// All segments, the oldest first; from any thread.
    std::vector<Written> written() const;
    /// Writes some of what lives in segments up to this one again, behind them: once nothing lives
    /// there they go. Returns whether there is more to do. Fails as commit() does.
    Result<bool> write_again(std::uint64_t upto);

private:
    struct Segment {
        std::uint64_t number = 0;
        std::uint64_t bytes = 0;
        std::uint64_t end = 0;  ///< Of its frames, once it is closed.
    };
    struct Current {
        std::unique_ptr<ports::File> file;
        std::uint64_t number = 0;
        std::uint64_t position = 0;  ///< Of the next frame.
        std::uint64_t written = 0;   ///< Everything up to here has been written before.
        std::uint64_t length = 0;    ///< The file is at least so long, whatever happens.
        std::uint32_t ordinal = 0;
    };
    struct Tail {
        std::uint64_t number = 0;
        std::uint64_t last_frame = 0;
        std::uint64_t end = 0;
        std::uint64_t written_end = 0;
        std::uint32_t ordinal = 0;
    };
    struct Cursor {
        std::uint64_t segment = 0;
        ports::Slot slot = 0;
        Index index;
    };

    explicit Journal(JournalHome home);
    std::string path_of(std::uint64_t number) const;
    Draft::Place place_of_next() const;
    std::unexpected<Error> fence(Error error);

    bool is_prepared() const;
    Result<void> rotate_if_full();
    Result<void> rotate();
    Result<std::uint64_t> close_segment();
    Result<void> begin_segment(Current& made, const std::string& temporary) const;
    std::uint64_t reserve_beside(const Draft& draft) const;
    Result<void> make_room(std::uint64_t frame_bytes, std::uint64_t reserve_bytes);
    Result<void> write_ahead(std::uint64_t frame_bytes, std::uint64_t least);
    Result<void> write_frame(const Draft::Sealed& sealed);
    Result<void> write(Draft& draft);
    bool is_too_large() const;
    void move_old_entries(Draft& draft);
    void ask_for_spare();
    void drop_dead_segments();

    class Reading;
    Result<void> continue_after(const Tail& tail);

    JournalHome home_;
    Image image_;
    std::deque<Segment> segments_;  // oldest first; the last is the current one
    Current current_;
    mutable std::mutex places_;  ///< Of segments_ and current_, for written().
    std::uint64_t step_ = 0;
    bool full_ = false;
    Cursor cursor_;
    std::optional<Error> fenced_;
    Spare spare_;
};

}  // namespace rafted::disk
