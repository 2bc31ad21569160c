#include "disk/scrub.hpp"

#include <algorithm>
#include <charconv>

#include "disk/directory.hpp"

namespace rafted::disk {
namespace {

/// Damages of one segment that are told; all of them are mended by the same means.
constexpr std::size_t most_places_told = 8;

std::optional<ports::Slot> slot_of(const std::string& name) {
    ports::Slot slot = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), slot);
    const bool exact = error == std::errc() && end == name.data() + name.size();
    return exact ? std::optional(slot) : std::nullopt;
}

ports::Scrubbed::Damage damage_at(const std::string& path, const Damage& damage) {
    return {path + " is damaged at offset " + std::to_string(damage.offset) + ": " + damage.what,
            damage.slot, false};
}

}  // namespace

Scrub::Found Scrub::step(std::size_t bytes) {
    Found found;
    if (targets_.empty()) {
        begin();
        for (const auto& [slot, name] : home_.snapshots->missing()) {
            found.snapshots.push_back(
                {slot, name, home_.snapshots->path_of(slot, name) + " is not there any more"});
        }
    }
    while (!targets_.empty() && found.bytes < bytes) {
        const std::size_t left = bytes - static_cast<std::size_t>(found.bytes);
        const bool ended =
            std::visit([&](auto& target) { return read(target, left, found); }, targets_.front());
        if (ended) targets_.pop_front();
    }
    found.is_over = targets_.empty();
    return found;
}

void Scrub::begin() {
    targets_.emplace_back(IdentityFile{});
    total_ = identity_bytes;
    for (const Journal::Written& segment : home_.segments()) {
        total_ += segment.end;
        targets_.emplace_back(Segment{segment});
    }
    list_snapshots();
}

void Scrub::list_snapshots() {
    const auto folders = home_.files->list(home_.dir + "/" + snapshots_name);
    if (!folders || !*folders) return;
    for (const std::string& folder : **folders) {
        const auto slot = slot_of(folder);
        const auto names =
            slot ? home_.snapshots->list(*slot) : Result<std::vector<Snapshots::Name>>();
        if (!names) continue;
        for (const Snapshots::Name& name : *names) {
            total_ += size_of(home_.snapshots->path_of(*slot, name));
            targets_.emplace_back(Snapshot{*slot, name});
        }
    }
}

std::uint64_t Scrub::size_of(const std::string& path) const {
    const auto file = home_.files->open(path, ports::OpenMode::read);
    return file ? (*file)->size().value_or(0) : 0;
}

bool Scrub::read(IdentityFile&, std::size_t, Found& found) const {
    found.bytes += identity_bytes;
    const auto identity = read_identity(*home_.files, home_.dir);
    if (!identity) found.identity = identity.error().message;
    return true;
}

bool Scrub::is_live(std::uint64_t segment) const {
    const auto all = home_.segments();
    return std::ranges::find(all, segment, &Journal::Written::number) != all.end();
}

bool Scrub::read(Segment& target, std::size_t bytes, Found& found) const {
    const std::string path =
        home_.dir + "/" + journal_name + "/" + segment_name(target.place.number);
    const std::uint64_t upto = found.bytes + bytes;
    Result<bool> ended = false;
    if (!target.reader) {
        if (auto opened = open(target, path); !opened) ended = std::unexpected(opened.error());
    }
    while (ended && !*ended && found.bytes < upto) ended = read_frame(target, path, found);
    if (ended) return *ended;
    if (!is_live(target.place.number)) return true;
    found.bad_segments = std::max(found.bad_segments, target.place.number);
    found.in_segments.push_back({ended.error().message, std::nullopt, false});
    return true;
}

Result<void> Scrub::open(Segment& target, const std::string& path) const {
    auto file = home_.files->open(path, ports::OpenMode::verify);
    if (!file) return std::unexpected(file.error());
    target.file = std::move(*file);
    auto reader = SegmentReader::open(*target.file, {path, home_.node, target.place.number});
    if (!reader) return std::unexpected(reader.error());
    if (reader->head_is_damaged()) {
        return fail(ErrorCode::corrupt, path + " is damaged at offset 0: its header");
    }
    target.reader = std::move(*reader);
    return {};
}

/// Returns whether it was the last one. Fails if behind it nothing can be read any more.
Result<bool> Scrub::read_frame(Segment& target, const std::string& path, Found& found) const {
    SegmentReader& reader = *target.reader;
    if (reader.position() >= target.place.end) return true;
    const std::uint64_t from = reader.position();
    Frame frame;
    const auto next = reader.next(frame);
    if (!next) return std::unexpected(next.error());
    if (*next == SegmentReader::Found::end) {
        return fail(ErrorCode::corrupt, path + " ends at offset " + std::to_string(from) +
                                            ", but was written up to " +
                                            std::to_string(target.place.end));
    }
    if (*next != SegmentReader::Found::frame) {
        return fail(ErrorCode::corrupt, damage_at(path, reader.damage()).text);
    }
    found.bytes += reader.position() - from;
    for (const Damage& damage : frame.damages) {
        found.bad_segments = std::max(found.bad_segments, target.place.number);
        if (found.in_segments.size() < most_places_told) {
            found.in_segments.push_back(damage_at(path, damage));
        }
    }
    return reader.position() >= target.place.end;
}

bool Scrub::read(Snapshot& target, std::size_t bytes, Found& found) const {
    const Snapshots& all = *home_.snapshots;
    Result<void> done;
    if (!target.reader) {
        auto reader = all.reader(target.slot, target.name, ports::OpenMode::verify);
        if (reader) target.reader = std::move(*reader);
        if (!reader) done = std::unexpected(reader.error());
    }
    if (done && target.block < target.reader->blocks()) {
        const auto next = target.reader->verify(target.block, bytes);
        if (!next) done = std::unexpected(next.error());
        if (next) {
            found.bytes += target.reader->place_of(*next) - target.reader->place_of(target.block);
            target.block = *next;
        }
    }
    if (done) return target.block >= target.reader->blocks();
    const auto names = all.list(target.slot);
    const bool is_live = names && std::ranges::find(*names, target.name) != names->end();
    if (is_live) found.snapshots.push_back({target.slot, target.name, done.error().message});
    return true;
}

}  // namespace rafted::disk
