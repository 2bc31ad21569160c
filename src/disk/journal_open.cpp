// Reading a journal back: every segment in order, each checked against the next one's header, then
// the unfinished write at the end cut off.
#include <algorithm>

#include "disk/journal.hpp"
#include "disk/segment.hpp"

namespace rafted::disk {
namespace {

using Found = SegmentReader::Found;

/// "<path> is damaged at offset 4711: entry 12 does not verify (group 'hits')".
std::unexpected<Error> damaged(const std::string& path, const Damage& damage, const Image& image) {
    std::string text =
        path + " is damaged at offset " + std::to_string(damage.offset) + ": " + damage.what;
    if (damage.slot) {
        const GroupImage* group = image.find(*damage.slot);
        text += group != nullptr ? " (group '" + group->record.name + "')"
                                 : " (slot " + std::to_string(*damage.slot) + ")";
    }
    return fail(ErrorCode::corrupt, text + "; it may have been acknowledged, so it is not dropped");
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(JournalHome home, std::vector<std::string>& notes) {
    std::unique_ptr<Journal> journal(new Journal(std::move(home)));
    if (auto read = journal->read_back(notes); !read) return std::unexpected(read.error());
    return journal;
}

Result<void> Journal::read_back(std::vector<std::string>& notes) {
    const auto names = home_.files->list(home_.dir);
    if (!names) return std::unexpected(names.error());
    std::vector<std::uint64_t> numbers;
    for (const std::string& name : names->value_or(std::vector<std::string>{})) {
        if (const auto number = segment_number(name)) numbers.push_back(*number);
        if (!name.ends_with(".log.new")) continue;
        if (auto gone = home_.files->remove(home_.dir + "/" + name); !gone) return gone;
    }
    if (numbers.empty()) {
        return fail(ErrorCode::corrupt, home_.dir +
                                            " holds no segment, but the node has run: its "
                                            "journal has been lost");
    }
    // Segments are removed oldest first, but a crash may bring one back alone.
    std::size_t begin = numbers.size() - 1;
    while (begin > 0 && numbers[begin - 1] + 1 == numbers[begin]) --begin;
    std::vector<SegmentHead> heads;
    for (std::size_t i = begin; i < numbers.size(); ++i) {
        const auto file = home_.files->open(path_of(numbers[i]), ports::OpenMode::read);
        if (!file) return std::unexpected(file.error());
        const auto reader =
            SegmentReader::open(**file, {path_of(numbers[i]), home_.node, numbers[i]});
        if (!reader) return std::unexpected(reader.error());
        heads.push_back(reader->head());
    }
    for (std::size_t i = 0; i < heads.size(); ++i) {
        if (auto read = read_segment(heads, i, notes); !read) return read;
    }
    if (auto whole = image_.check_whole(); !whole) return whole;
    for (std::size_t i = 0; i < begin; ++i) {
        notes.push_back(path_of(numbers[i]) + " was left over and has been removed");
        if (auto gone = home_.files->remove(path_of(numbers[i])); !gone) return gone;
    }
    drop_dead_segments();
    return {};
}

Result<void> Journal::read_segment(const std::vector<SegmentHead>& heads, std::size_t at,
                                   std::vector<std::string>& notes) {
    const std::uint64_t number = heads[at].number;
    const bool is_last = at + 1 == heads.size();
    const std::string path = path_of(number);
    const auto file = home_.files->open(path, ports::OpenMode::read);
    if (!file) return std::unexpected(file.error());
    auto reader = SegmentReader::open(**file, {path, home_.node, number});
    if (!reader) return std::unexpected(reader.error());
    Frame frame;
    Tail tail;
    bool closed = false;
    std::uint64_t end = segment_head_bytes;
    for (;;) {
        const auto found = reader->next(frame);
        if (!found) return std::unexpected(found.error());
        if (*found == Found::damaged) return damaged(path, reader->damage(), image_);
        if (*found != Found::frame) break;
        closed = std::holds_alternative<SegmentClosed>(frame.records.back());
        if (!closed) end = reader->position();
        const bool is_first = frame.position == segment_head_bytes;
        const bool begins = std::holds_alternative<CheckpointBegins>(frame.records.front());
        auto applied = is_first == begins
                           ? image_.apply({frame.records, frame.entries, number})
                           : Result<void>(fail(ErrorCode::corrupt, "no checkpoint at its begin"));
        if (!applied) {
            return damaged(path, {frame.position, applied.error().message, {}, {}}, image_);
        }
        tail = {number, frame.position, reader->position(), 0, frame.head.ordinal + 1};
    }
    if (end == segment_head_bytes || (!is_last && end != heads[at + 1].previous_end)) {
        return damaged(path, {end, "the segment ends here, but should not", {}, {}}, image_);
    }
    if (is_last && closed) {
        return fail(ErrorCode::corrupt, path_of(number + 1) + " is missing: " + path +
                                            " says that the journal goes on there");
    }
    segments_.push_back({number, reader->file_size()});
    if (!is_last) return {};
    const auto written = reader->written_end(end);
    if (!written) return std::unexpected(written.error());
    if (*written > end) {
        notes.push_back(path + ": an unfinished write of " + std::to_string(*written - end) +
                        " bytes at offset " + std::to_string(end) +
                        " was cut off; it had not been acknowledged");
    }
    tail.written_end = *written;
    return continue_after(tail);
}

/// Goes on writing after the last frame. It may be here without being on the disk: the process
/// before was killed, or its sync failed and the system forgot that these pages are not clean. So
/// it is written once more, and what lies behind it is zeroed.
Result<void> Journal::continue_after(const Tail& tail) {
    auto file = home_.files->open(path_of(tail.number), ports::OpenMode::write);
    if (!file) return std::unexpected(file.error());
    Bytes last(static_cast<std::size_t>(tail.end - tail.last_frame));
    const auto got = (*file)->read(tail.last_frame, last);
    if (!got) return std::unexpected(got.error());
    const std::array<BytesView, 1> pieces{last};
    auto done = (*file)->write(tail.last_frame, pieces);
    if (done) done = write_zeros(**file, tail.end, tail.written_end);
    if (done) done = (*file)->sync();
    if (done) done = home_.files->sync_directory(home_.dir);
    if (!done) return done;
    current_.file = std::move(*file);
    current_.number = tail.number;
    current_.position = tail.end;
    current_.written = std::max(segments_.back().bytes, tail.end);
    current_.ordinal = tail.ordinal;
    return {};
}

}  // namespace rafted::disk
