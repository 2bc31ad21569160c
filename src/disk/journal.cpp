#include "disk/journal.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace rafted::disk {
namespace {

constexpr std::uint64_t large_frame_bytes = 128 << 10;
/// From here on the device gains more by an early begin than another system call costs.
constexpr std::uint64_t worth_a_hint_bytes = 32 << 10;

Result<void> check_range(const char* name, std::uint64_t value, std::uint64_t least,
                         std::uint64_t most) {
    if (value >= least && value <= most) return {};
    return fail(ErrorCode::invalid, std::string(name) + " is " + std::to_string(value) +
                                        ", allowed is " + std::to_string(least) + " to " +
                                        std::to_string(most));
}

/// What is on the disk is not known, be it for want of space.
std::unexpected<Error> cannot_be_undone(Error error) {
    error.code = ErrorCode::disk_failed;
    return std::unexpected(std::move(error));
}

}  // namespace

Result<void> JournalOptions::validate() const {
    constexpr std::uint64_t kib = 1024, mib = kib * 1024;
    auto fits = check_range("segment_bytes", segment_bytes, 16 * kib, 1024 * mib);
    if (fits) fits = check_range("prewrite_bytes", prewrite_bytes, 4 * kib, 64 * mib);
    if (fits) fits = check_range("reserve_bytes", reserve_bytes, 4 * kib, 16 * mib);
    if (fits) fits = check_range("move_bytes", move_bytes, 4 * kib, 16 * mib);
    return fits;
}

Journal::Journal(JournalHome home)
    : home_(std::move(home)),
      spare_({home_.files, home_.dir, home_.options.segment_bytes + home_.options.reserve_bytes}) {}

Result<std::unique_ptr<Journal>> Journal::create(JournalHome home) {
    std::unique_ptr<Journal> journal(new Journal(std::move(home)));
    if (auto begun = journal->rotate(); !begun) return std::unexpected(begun.error());
    return journal;
}

std::string Journal::path_of(std::uint64_t number) const {
    return home_.dir + "/" + segment_name(number);
}

Draft::Place Journal::place_of_next() const {
    return {current_.position, seed_of(home_.node, current_.number, current_.position),
            current_.ordinal};
}

std::unexpected<Error> Journal::fence(Error error) {
    error.code = ErrorCode::disk_failed;
    fenced_ = error;
    return std::unexpected(std::move(error));
}

std::uint64_t Journal::disk_bytes() const {
    std::uint64_t sum = spare_.bytes();
    for (const Segment& segment : segments_) sum += segment.bytes;
    return sum;
}

std::vector<Journal::Written> Journal::written() const {
    const std::lock_guard hold(places_);
    std::vector<Written> all;
    for (const Segment& segment : segments_) all.push_back({segment.number, segment.end});
    if (!all.empty()) all.back().end = current_.position;
    return all;
}

Result<void> Journal::commit(Draft& draft) {
    if (auto ready = rotate_if_full(); !ready) return ready;
    if (draft.is_heavy() && !full_ && is_too_large()) move_old_entries(draft);
    return write(draft);
}

Result<bool> Journal::write_again(std::uint64_t upto) {
    if (auto ready = rotate_if_full(); !ready) return std::unexpected(ready.error());
    if (current_.number <= upto) {
        if (auto rotated = rotate(); !rotated) return std::unexpected(rotated.error());
    }
    Draft again(image_);
    move_old_entries(again);
    if (again.empty()) return false;
    if (auto done = write(again); !done) return std::unexpected(done.error());
    if (segments_.front().number <= upto) return true;
    // Else a crash might bring it back. Should this fail, it is found once more.
    static_cast<void>(home_.files->sync_directory(home_.dir));
    return false;
}

/// Frames go into blocks that were written before, up to its end.
bool Journal::is_prepared() const { return current_.written >= home_.options.segment_bytes; }

/// A segment that grows as it is written is left as soon as there is a better one.
Result<void> Journal::rotate_if_full() {
    if (fenced_) return std::unexpected(*fenced_);
    const bool is_full = current_.position >= home_.options.segment_bytes;
    if (!is_full && (is_prepared() || !spare_.is_whole())) return {};
    // Without space or rights for a new segment the old one goes on for as long as it can.
    auto rotated = rotate();
    if (rotated || rotated.error().code != ErrorCode::disk_failed) return {};
    return fence(std::move(rotated).error());
}

Result<void> Journal::write(Draft& draft) {
    const auto sealed = draft.seal(place_of_next());
    if (!sealed) return std::unexpected(sealed.error());
    auto written = make_room(sealed->size, reserve_beside(draft));
    if (written) written = write_frame(*sealed);
    if (!written) {
        if (written.error().code != ErrorCode::disk_full) {
            return fence(std::move(written).error());
        }
        full_ = true;
        return written;
    }
    // While the device works the image takes what it will hold; a journal that it fails is fenced.
    if (sealed->size >= worth_a_hint_bytes) {
        current_.file->expect_sync(current_.position, sealed->size);
    }
    const auto applied = image_.apply(draft.news(current_.number));
    CHECK(applied.has_value(), "the journal took a write that does not fit its own image");
    if (auto synced = current_.file->sync(); !synced) return fence(std::move(synced).error());
    if (draft.is_heavy() && !draft.is_urgent()) full_ = false;
    {
        const std::lock_guard hold(places_);
        current_.position += sealed->size;
        ++current_.ordinal;
        current_.written = std::max(current_.written, current_.position);
        current_.length = current_.written;
        segments_.back().bytes = current_.written;
    }
    drop_dead_segments();
    ask_for_spare();
    return {};
}

/// What must be left of the reserve behind it.
std::uint64_t Journal::reserve_beside(const Draft& draft) const {
    if (!draft.is_heavy()) return 0;
    return draft.is_urgent() ? home_.options.reserve_bytes / 2 : home_.options.reserve_bytes;
}

Result<void> Journal::find_space() {
    if (auto ready = rotate_if_full(); !ready) return ready;
    // Not the least that there could be: it would be gone with the next command. And written even
    // where it has been before, for it may be that which the device refuses.
    const std::uint64_t reserve = home_.options.reserve_bytes;
    const std::uint64_t target = current_.position + 2 * reserve;
    auto found = write_zeros(*current_.file, current_.position, target);
    if (found) {
        current_.written = std::max(current_.written, target);
        full_ = false;
        // And ahead, as commits do: who has more than the others of its group is alone with it.
        found = make_room(2 * reserve, reserve);
        if (!found && found.error().code == ErrorCode::disk_full) found = {};
    }
    if (found || found.error().code == ErrorCode::disk_full) return found;
    return fence(std::move(found).error());
}

/// In time to have it when this segment is full. A journal that stays small has none.
void Journal::ask_for_spare() {
    const auto& options = home_.options;
    const std::uint64_t begin = std::min(options.prewrite_bytes, options.segment_bytes / 2);
    if (current_.position >= begin) spare_.want(current_.number);
}

/// Zeros need no sync of their own, as what a crash leaves out there reads as zeros too, but where
/// the frame would lie beyond the file's length without them.
Result<void> Journal::make_room(std::uint64_t frame_bytes, std::uint64_t reserve_bytes) {
    const std::uint64_t least = frame_bytes + frame_unit;
    auto done = write_ahead(frame_bytes, std::max(frame_bytes + reserve_bytes, least));
    if (!done || current_.position + least <= current_.length) return done;
    if (auto synced = current_.file->sync(); !synced) return cannot_be_undone(synced.error());
    current_.length = current_.written;
    return {};
}

/// Zeros behind the frame, if the frame comes near the end of what was written before.
Result<void> Journal::write_ahead(std::uint64_t frame_bytes, std::uint64_t least) {
    const auto& options = home_.options;
    const std::uint64_t end = current_.position + frame_bytes;
    const std::uint64_t needed = current_.position + least;
    if (needed <= current_.written) return {};
    step_ = std::min(options.prewrite_bytes,
                     std::max(step_ * 2, std::max<std::uint64_t>(options.prewrite_bytes / 4, 1)));
    const std::uint64_t most = options.segment_bytes + options.reserve_bytes;
    const std::uint64_t from = std::max(end, current_.written);
    // A large frame gains less from zeros than it costs to write as many bytes twice.
    const std::uint64_t ahead = frame_bytes < large_frame_bytes ? step_ : 0;
    std::uint64_t target = std::max(needed, std::min(needed + ahead, most));
    auto done = write_zeros(*current_.file, from, target);
    if (!done && done.error().code == ErrorCode::disk_full && target > needed) {
        target = needed;
        done = write_zeros(*current_.file, from, target);
    }
    if (done) current_.written = std::max(current_.written, target);
    return done;
}

/// A frame that does not fit is taken back, so that nothing of it is ever found.
Result<void> Journal::write_frame(const Draft::Sealed& sealed) {
    auto written = current_.file->write(current_.position, sealed.pieces);
    if (written || written.error().code != ErrorCode::disk_full) return written;
    const auto size = current_.file->size();
    if (!size) return std::unexpected(size.error());
    const std::uint64_t end = std::min(*size, current_.position + sealed.size);
    auto undone = write_zeros(*current_.file, current_.position, end);
    if (undone) undone = current_.file->sync();
    if (!undone) return cannot_be_undone(undone.error());
    return written;
}

Result<void> Journal::rotate() {
    const std::uint64_t number = segments_.empty() ? 1 : current_.number + 1;
    Current made;
    made.number = number;
    made.file = spare_.take();
    const std::string temporary = made.file ? spare_.path() : path_of(number) + ".new";
    if (auto begun = begin_segment(made, temporary); !begun) {
        // What is left of it is of no use; the next try or start replaces it.
        static_cast<void>(home_.files->remove(temporary));
        return begun;
    }
    auto named = home_.files->rename(temporary, path_of(number));
    if (named) named = home_.files->sync_directory(home_.dir);
    // Half a rename cannot be taken back: whether the new name is there is not known.
    if (!named) return fence(std::move(named).error());
    const auto closed = close_segment();
    if (!closed && closed.error().code == ErrorCode::disk_failed) return fence(closed.error());
    {
        const std::lock_guard hold(places_);
        if (!segments_.empty()) segments_.back().end = closed.value_or(current_.position);
        current_ = std::move(made);
        segments_.push_back({number, current_.written, current_.position});
    }
    drop_dead_segments();
    return {};
}

/// Says in the old segment that there is a next one; returns where the old one ends now. Should
/// there be no space for it, only the loss of that whole file would go unnoticed.
Result<std::uint64_t> Journal::close_segment() {
    if (!current_.file) return 0;
    Draft closing(image_);
    closing.add_closing();
    const auto sealed = closing.seal(place_of_next());
    if (!sealed) return std::unexpected(sealed.error());
    auto done = make_room(sealed->size, 0);
    if (done) done = write_frame(*sealed);
    if (done) done = current_.file->sync();
    if (!done) return std::unexpected(done.error());
    return current_.position + sealed->size;
}

/// Header and checkpoint, in the spare or else in a new file.
Result<void> Journal::begin_segment(Current& made, const std::string& temporary) const {
    if (!made.file) {
        auto file = home_.files->open(temporary, ports::OpenMode::create);
        if (!file) return std::unexpected(file.error());
        made.file = std::move(*file);
    }
    const auto size = made.file->size();
    if (!size) return std::unexpected(size.error());
    Draft checkpoint(image_);
    checkpoint.add_checkpoint();
    const auto sealed = checkpoint.seal(
        {segment_head_bytes, seed_of(home_.node, made.number, segment_head_bytes), 0});
    if (!sealed) return std::unexpected(sealed.error());
    const Bytes head = encode(SegmentHead{home_.node, made.number, current_.position});

    made.position = segment_head_bytes + sealed->size;
    made.written = std::max(*size, made.position + home_.options.reserve_bytes);
    made.ordinal = 1;
    std::vector<BytesView> pieces{head};
    pieces.insert(pieces.end(), sealed->pieces.begin(), sealed->pieces.end());
    auto done = made.file->write(0, pieces);
    if (done) done = write_zeros(*made.file, std::max(*size, made.position), made.written);
    if (done) done = made.file->sync();
    made.length = made.written;
    return done;
}

/// For what lives in it.
bool Journal::is_too_large() const {
    const std::uint64_t allowed = 2 * image_.live_bytes() + 3 * home_.options.segment_bytes;
    return segments_.size() > 1 && disk_bytes() > allowed;
}

/// Adds live entries of the oldest segment to the frame.
void Journal::move_old_entries(Draft& draft) {
    const Segment& oldest = segments_.front();
    if (cursor_.segment != oldest.number) cursor_ = {oldest.number, 0, Index(0)};
    const std::uint64_t upto = draft.bytes() + std::max(home_.options.move_bytes, draft.bytes());
    const auto& groups = image_.groups();
    for (auto at = groups.lower_bound(cursor_.slot); at != groups.end(); ++at) {
        const auto& [slot, group] = *at;
        const bool same = slot == cursor_.slot;
        for (Index index = same ? std::max(group.first, cursor_.index) : group.first;
             index <= group.last(); ++index) {
            if (group.at(index).segment != oldest.number) continue;
            if (draft.bytes() >= upto) {
                cursor_ = {oldest.number, slot, index};
                return;
            }
            draft.add_again(slot, index);
        }
    }
    cursor_ = {};  // once more from the start, should anything have been left out
}

void Journal::drop_dead_segments() {
    while (segments_.size() > 1 && image_.live(segments_.front().number).entries == 0) {
        const Segment& dead = segments_.front();
        const std::string path = path_of(dead.number);
        // A segment that cannot be removed is tried again at the next start.
        if (!spare_.recycle(path, dead.bytes)) static_cast<void>(home_.files->remove(path));
        const std::lock_guard hold(places_);
        segments_.pop_front();
    }
}

}  // namespace rafted::disk
