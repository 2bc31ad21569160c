// Reading a journal back: every segment in order, each checked against the next one's header, then
// the unfinished write at the end cut off. What stands twice and is damaged once is mended.
#include <algorithm>

#include "disk/journal.hpp"
#include "disk/segment.hpp"

namespace rafted::disk {
namespace {

using Found = SegmentReader::Found;

/// Notes on damages; more are counted.
constexpr std::size_t most_told = 20;

/// "<path> is damaged at offset 4711: entry 12 does not verify (group 'hits')".
std::string text_of(const std::string& path, const Damage& damage, const Image& image) {
    std::string text =
        path + " is damaged at offset " + std::to_string(damage.offset) + ": " + damage.what;
    if (!damage.slot) return text;
    const GroupImage* group = image.find(*damage.slot);
    text += group != nullptr ? " (group '" + group->record.name + "')"
                             : " (slot " + std::to_string(*damage.slot) + ")";
    return text;
}

std::unexpected<Error> damaged(const std::string& path, const Damage& damage, const Image& image) {
    return fail(ErrorCode::corrupt, text_of(path, damage, image) +
                                        "; it may have been acknowledged, so it is not dropped");
}

}  // namespace

/// One journal being read.
class Journal::Reading {
public:
    Reading(Journal& journal, std::vector<std::string>& notes)
        : journal_(journal), files_(*journal.home_.files), notes_(notes) {}

    Result<void> run();

private:
    /// A segment's header, or what can be known without it.
    struct Header {
        SegmentHead head;
        bool is_damaged = false;
    };
    struct Mend {
        std::string path;
        Frame::Mend mend;
    };

    Result<std::vector<std::uint64_t>> find_segments();
    Result<void> read_headers();
    Result<void> read_segment(std::size_t at);
    Result<void> read_frames(SegmentReader& reader, Tail& tail);
    Result<void> check_end(std::size_t at, const Tail& tail);
    Result<void> end_journal(SegmentReader& reader, Tail tail);
    void tell(const std::string& path, const Damage& damage);
    void mend();

    Journal& journal_;
    ports::Files& files_;
    std::vector<std::string>& notes_;
    std::vector<std::uint64_t> left_over_;
    std::vector<std::uint64_t> numbers_;
    std::vector<Header> headers_;
    std::uint64_t end_ = 0;  ///< Of the segment being read, without the record that closes it.
    bool closed_ = false;    ///< It ends with that record.
    std::vector<Mend> mends_;
    std::size_t damages_ = 0;
};

Result<std::unique_ptr<Journal>> Journal::open(JournalHome home, std::vector<std::string>& notes) {
    std::unique_ptr<Journal> journal(new Journal(std::move(home)));
    if (auto read = Reading(*journal, notes).run(); !read) return std::unexpected(read.error());
    return journal;
}

Result<void> Journal::Reading::run() {
    auto numbers = find_segments();
    if (!numbers) return std::unexpected(numbers.error());
    // Segments are removed oldest first, but a crash may bring one back alone.
    std::size_t begin = numbers->size() - 1;
    while (begin > 0 && (*numbers)[begin - 1] + 1 == (*numbers)[begin]) --begin;
    const auto first = numbers->begin() + static_cast<std::ptrdiff_t>(begin);
    left_over_.assign(numbers->begin(), first);
    numbers_.assign(first, numbers->end());
    if (auto read = read_headers(); !read) return read;
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
        if (auto read = read_segment(i); !read) return read;
    }
    if (auto whole = journal_.image_.check_whole(); !whole) return whole;
    if (damages_ > most_told) {
        notes_.push_back("the journal has " + std::to_string(damages_ - most_told) +
                         " more damages like these; `rafted inspect` lists them all");
    }
    mend();
    for (const std::uint64_t number : left_over_) {
        const std::string path = journal_.path_of(number);
        notes_.push_back(path + " was left over and has been removed");
        if (auto gone = files_.remove(path); !gone) return gone;
    }
    journal_.drop_dead_segments();
    return {};
}

Result<std::vector<std::uint64_t>> Journal::Reading::find_segments() {
    const std::string& dir = journal_.home_.dir;
    const auto names = files_.list(dir);
    if (!names) return std::unexpected(names.error());
    std::vector<std::uint64_t> numbers;
    for (const std::string& name : names->value_or(std::vector<std::string>{})) {
        if (const auto number = segment_number(name)) numbers.push_back(*number);
        if (!name.ends_with(".log.new")) continue;
        if (auto gone = files_.remove(dir + "/" + name); !gone) {
            return std::unexpected(gone.error());
        }
    }
    if (numbers.empty()) {
        return fail(ErrorCode::corrupt, dir +
                                            " holds no segment, but the node has run: its "
                                            "journal has been lost");
    }
    return numbers;
}

Result<void> Journal::Reading::read_headers() {
    for (const std::uint64_t number : numbers_) {
        const std::string path = journal_.path_of(number);
        const auto file = files_.open(path, ports::OpenMode::read);
        if (!file) return std::unexpected(file.error());
        const auto reader = SegmentReader::open(**file, {path, journal_.home_.node, number});
        if (!reader) return std::unexpected(reader.error());
        headers_.push_back({reader->head(), reader->head_is_damaged()});
    }
    return {};
}

Result<void> Journal::Reading::read_segment(std::size_t at) {
    const std::uint64_t number = numbers_[at];
    const std::string path = journal_.path_of(number);
    const auto file = files_.open(path, ports::OpenMode::read);
    if (!file) return std::unexpected(file.error());
    auto reader = SegmentReader::open(**file, {path, journal_.home_.node, number});
    if (!reader) return std::unexpected(reader.error());
    if (headers_[at].is_damaged) {
        tell(path, {0, "the segment's header does not verify", {}, {}});
        mends_.push_back({path, {0, encode(SegmentHead{journal_.home_.node, number, end_})}});
    }
    Tail tail;
    tail.number = number;
    if (auto read = read_frames(*reader, tail); !read) return read;
    if (auto ends = check_end(at, tail); !ends) return ends;
    journal_.segments_.push_back({number, reader->file_size(), tail.end});
    return at + 1 == numbers_.size() ? end_journal(*reader, tail) : Result<void>();
}

Result<void> Journal::Reading::read_frames(SegmentReader& reader, Tail& tail) {
    const std::string path = journal_.path_of(tail.number);
    Image& image = journal_.image_;
    Frame frame;
    closed_ = false;
    end_ = segment_head_bytes;
    for (;;) {
        const auto found = reader.next(frame);
        if (!found) return std::unexpected(found.error());
        if (*found == Found::damaged) return damaged(path, reader.damage(), image);
        if (*found != Found::frame) return {};
        closed_ = std::holds_alternative<SegmentClosed>(frame.records.back());
        if (!closed_) end_ = reader.position();
        const bool is_first = frame.position == segment_head_bytes;
        const bool begins = std::holds_alternative<CheckpointBegins>(frame.records.front());
        auto applied = is_first == begins
                           ? image.apply({frame.records, frame.entries, tail.number})
                           : Result<void>(fail(ErrorCode::corrupt, "no checkpoint at its begin"));
        if (!applied) {
            return damaged(path, {frame.position, applied.error().message, {}, {}}, image);
        }
        for (const Damage& damage : frame.damages) tell(path, damage);
        for (Frame::Mend& mend : frame.mends) mends_.push_back({path, std::move(mend)});
        tail.last_frame = frame.position;
        tail.end = reader.position();
        tail.ordinal = frame.head.ordinal + 1;
    }
}

/// A segment ends where the next one's header says; should that be damaged, where it says itself.
Result<void> Journal::Reading::check_end(std::size_t at, const Tail& tail) {
    const std::string path = journal_.path_of(tail.number);
    const bool is_last = at + 1 == numbers_.size();
    bool fits = end_ > segment_head_bytes;
    if (fits && !is_last) {
        const Header& next = headers_[at + 1];
        fits = next.is_damaged ? closed_ : end_ == next.head.previous_end;
    }
    if (!fits) {
        const Damage damage{end_, "the segment ends here, but should not", {}, {}};
        return damaged(path, damage, journal_.image_);
    }
    if (is_last && closed_) {
        return fail(ErrorCode::corrupt, journal_.path_of(tail.number + 1) + " is missing: " + path +
                                            " says that the journal goes on there");
    }
    return {};
}

Result<void> Journal::Reading::end_journal(SegmentReader& reader, Tail tail) {
    if (reader.ends_too_soon()) {
        const Damage damage{end_, "the file ends here: " + reader.cut_short(), {}, {}};
        return damaged(journal_.path_of(tail.number), damage, journal_.image_);
    }
    const auto written = reader.written_end(end_);
    if (!written) return std::unexpected(written.error());
    if (*written > end_) {
        notes_.push_back(journal_.path_of(tail.number) + ": an unfinished write of " +
                         std::to_string(*written - end_) + " bytes at offset " +
                         std::to_string(end_) + " was cut off; it had not been acknowledged");
    }
    tail.written_end = *written;
    return journal_.continue_after(tail);
}

void Journal::Reading::tell(const std::string& path, const Damage& damage) {
    if (++damages_ > most_told) return;
    const bool is_entry = damage.index > Index(0);
    notes_.push_back(text_of(path, damage, journal_.image_) +
                     (is_entry ? "; it is fetched from the group's other members"
                               : "; it is known from elsewhere, and has been mended"));
}

/// What cannot be mended now is at the next start: nothing depends on it yet.
void Journal::Reading::mend() {
    for (const Mend& mend : mends_) {
        auto file = files_.open(mend.path, ports::OpenMode::write);
        Result<void> done = file ? Result<void>() : std::unexpected(file.error());
        const BytesView bytes = mend.mend.bytes;
        if (done) done = (*file)->write(mend.mend.offset, {&bytes, 1});
        if (done) done = (*file)->sync();
        if (!done) notes_.push_back(mend.path + " could not be mended: " + to_string(done.error()));
    }
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
    current_.written = current_.length = segments_.back().bytes;
    current_.ordinal = tail.ordinal;
    return {};
}

}  // namespace rafted::disk
