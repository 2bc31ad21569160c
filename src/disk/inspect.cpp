#include "disk/inspect.hpp"

#include <algorithm>

#include "disk/directory.hpp"
#include "disk/image.hpp"
#include "disk/segment.hpp"
#include "disk/snapshots.hpp"

namespace rafted::disk {
namespace {

using Found = SegmentReader::Found;
using Names = std::vector<std::string>;

class Inspector {
public:
    Inspector(ports::Files& files, const std::string& dir, const InspectOptions& options)
        : files_(files), options_(options) {
        report_.dir = dir;
    }

    Result<DirectoryReport> run() {
        auto done = look_at_directory();
        if (done) done = look_at_identity();
        if (done) done = look_at_journal();
        if (done) done = look_at_groups();
        if (!done) return std::unexpected(done.error());
        return std::move(report_);
    }

private:
    std::string path(std::string_view name) const { return report_.dir + "/" + std::string(name); }

    void begin(const std::string& file) const {
        if (options_.progress) options_.progress(file);
    }

    DamageReport& damaged(const std::string& file, std::uint64_t offset, std::string what) {
        return report_.damages.emplace_back(file, offset, std::move(what));
    }

    /// Takes a file's error as a finding, unless the file could not even be read.
    Result<void> note(const std::string& file, const Error& error) {
        if (error.code != ErrorCode::corrupt) return std::unexpected(error);
        damaged(file, 0, error.message);
        return {};
    }

    Result<void> look_at_directory() {
        const auto names = files_.list(report_.dir);
        if (!names) return std::unexpected(names.error());
        if (!*names) return fail(ErrorCode::invalid, report_.dir + " does not exist");
        const auto has = [&](std::string_view name) {
            return std::ranges::find(**names, name) != (*names)->end();
        };
        if (!has(identity_name) && !has(journal_name)) {
            return fail(ErrorCode::invalid, report_.dir +
                                                " is no directory of Rafted: it holds "
                                                "neither identity nor journal");
        }
        has_identity_ = has(identity_name);
        if (!has(lock_name)) return {};
        auto lock = files_.lock(path(lock_name));
        if (!lock) return std::unexpected(lock.error());
        lock_ = std::move(*lock);
        return {};
    }

    Result<void> look_at_identity() {
        report_.format_version = format_version;
        if (!has_identity_) {
            damaged(path(identity_name), 0, "the identity file is missing");
            return {};
        }
        begin(path(identity_name));
        const auto identity = read_identity(files_, report_.dir);
        if (!identity) return note(path(identity_name), identity.error());
        report_.node = identity->node;
        report_.cluster = identity->cluster;
        node_ = identity->node;
        return {};
    }

    Result<void> look_at_journal() {
        const std::string dir = path(journal_name);
        const auto names = files_.list(dir);
        if (!names) return std::unexpected(names.error());
        std::vector<std::uint64_t> numbers;
        for (const std::string& name : names->value_or(Names{})) {
            if (const auto number = segment_number(name)) numbers.push_back(*number);
        }
        if (numbers.empty()) damaged(dir, 0, "the journal has no segment");
        std::size_t begin = numbers.empty() ? 0 : numbers.size() - 1;
        while (begin > 0 && numbers[begin - 1] + 1 == numbers[begin]) --begin;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            if (i < begin) {
                report_.segments.push_back(
                    {dir + "/" + segment_name(numbers[i]), numbers[i], 0, 0, 0, "left over"});
                continue;
            }
            const bool is_last = i + 1 == numbers.size();
            if (auto done = look_at_segment(numbers[i], is_last); !done) return done;
        }
        if (auto whole = image_.check_whole(); !whole) damaged(dir, 0, whole.error().message);
        return {};
    }

    Result<void> look_at_segment(std::uint64_t number, bool is_last) {
        const std::string file_path = path(journal_name) + "/" + segment_name(number);
        begin(file_path);
        report_.segments.push_back({file_path, number, 0, 0, 0, "whole"});
        SegmentReport& segment = report_.segments.back();
        const auto file = files_.open(file_path, ports::OpenMode::read);
        if (!file) return std::unexpected(file.error());
        auto reader = SegmentReader::open(**file, {file_path, node_, number});
        if (!reader) {
            segment.verdict = "damaged";
            return note(file_path, reader.error());
        }
        node_ = reader->head().node;
        const std::uint64_t previous_end = reader->head().previous_end;
        if (reader->head_is_damaged()) {
            segment.verdict = "damaged";
            damaged(file_path, 0, "the segment's header does not verify").loses_nothing = true;
        } else if (last_end_ && *last_end_ != previous_end) {
            damaged(
                last_file_, *last_end_,
                "the segment ends here, but should end at offset " + std::to_string(previous_end));
        }
        segment.file_bytes = reader->file_size();
        auto done = look_at_frames(*reader, segment);
        segment.used_bytes = reader->position();
        if (done && segment.frames == 0 && segment.verdict != "damaged") {
            segment.verdict = "damaged";
            damaged(file_path, reader->position(), "the segment ends here, but should not");
        }
        if (done && is_last && reader->ends_too_soon()) {
            segment.verdict = "damaged";
            damaged(file_path, reader->position(), "the file ends here: " + reader->cut_short());
        }
        last_file_ = file_path;
        if (is_last && closed_) {
            damaged(path(journal_name) + "/" + segment_name(number + 1), 0,
                    "the segment is missing, the one before it says that it was there");
        }
        return done;
    }

    Result<void> look_at_frames(SegmentReader& reader, SegmentReport& segment) {
        Frame frame;
        for (;;) {
            const auto found = reader.next(frame);
            if (!found) return std::unexpected(found.error());
            if (*found == Found::end) return {};
            if (*found == Found::frame) {
                ++segment.frames;
                closed_ = std::holds_alternative<SegmentClosed>(frame.records.back());
                if (!closed_) last_end_ = reader.position();
                auto applied = image_.apply({frame.records, frame.entries, segment.number});
                if (!applied) damaged(segment.file, frame.position, applied.error().message);
                if (!frame.damages.empty()) segment.verdict = "damaged";
                for (const Damage& damage : frame.damages) {
                    DamageReport& told = damaged(segment.file, damage.offset, damage.what);
                    told.slot = damage.slot;
                    told.loses_nothing = damage.index == Index(0);
                    if (!told.loses_nothing) {
                        entries_.push_back({report_.damages.size() - 1, damage.index});
                    }
                }
                continue;
            }
            if (*found == Found::torn) {  // of an earlier one, the next header tells the end
                segment.verdict = "unfinished write at the end";
                return {};
            }
            segment.verdict = "damaged";
            damaged(segment.file, reader.damage().offset, reader.damage().what);
            const auto more = reader.resume();
            if (!more) return std::unexpected(more.error());
            if (!*more) return {};
        }
    }

    Result<void> look_at_groups() {
        const Snapshots snapshots({&files_, path(snapshots_name), node_.value_or(NodeId())});
        for (const auto& [slot, image] : image_.groups()) {
            GroupReport group;
            group.record = image.record;
            group.hard_state = image.hard_state;
            group.first = image.first;
            group.last = image.last();
            group.entries = image.log.size();
            add_entries(group, image);
            if (auto done = look_at_snapshots(snapshots, group); !done) return done;
            check_covered(group);
            report_.groups.push_back(std::move(group));
        }
        for (const BadEntry& bad : entries_) {
            DamageReport& damage = report_.damages[bad.damage];
            damage.loses_nothing = !is_missed(damage.slot.value(), bad.index);
        }
        return {};
    }

    /// Whether the entry is needed, and stands nowhere else.
    bool is_missed(ports::Slot slot, Index index) const {
        const GroupImage* image = image_.find(slot);
        if (image == nullptr || !image->holds(index)) return false;
        const HeldEntry& held = image->at(index);
        if (!held.is_hole() && held.entry.is_whole()) return false;
        const auto group = std::ranges::find(
            report_.groups, slot, [](const GroupReport& each) { return each.record.slot; });
        return std::ranges::none_of(group->snapshots, [&](const SnapshotReport& snapshot) {
            return snapshot.damage.empty() && snapshot.index >= index;
        });
    }

    /// Holes are counted, and listed up to a limit: a damaged record may speak of any number.
    void add_entries(GroupReport& group, const GroupImage& image) const {
        constexpr std::uint64_t most_listed = 10'000;
        const HeldLog& log = image.log;
        group.missing = log.holes();
        std::uint64_t listed = 0;
        for (std::uint64_t at = 0; at < log.size(); ++at) {
            const bool is_hole = log[at].is_hole();
            if (is_hole && options_.entries && listed++ < most_listed) {
                group.entry_list.push_back({{}, image.first + at, {}, {}, {}, 0});
            } else if (is_hole) {
                at = log.next_held(at) - 1;
            } else {
                add_entry(group, image.first + at, log[at]);
            }
        }
    }

    void add_entry(GroupReport& group, Index index, const HeldEntry& held) const {
        const bool is_known = held.entry.size() != 0;
        if (!is_known || !held.entry.is_whole()) ++group.missing;
        group.log_bytes += held.bytes;
        if (!options_.entries) return;
        EntryReport entry{{}, index, {}, {}, held.entry, held.bytes};
        if (is_known) {
            entry.term = held.entry.term();
            entry.kind = held.entry.kind();
            entry.time = held.entry.time();
        }
        group.entry_list.push_back(std::move(entry));
    }

    Result<void> look_at_snapshots(const Snapshots& snapshots, GroupReport& group) {
        const ports::Slot slot = group.record.slot;
        const auto names = snapshots.list(slot);
        if (!names) return std::unexpected(names.error());
        for (const auto& name : *names) {
            const std::string file = snapshots.path_of(slot, name);
            begin(file);
            SnapshotReport snapshot{file, name.index, name.term, 0, 0, {}, {}};
            auto reader = snapshots.reader(slot, name);
            auto verified = reader ? Result<void>() : std::unexpected(reader.error());
            if (reader) {
                snapshot.file_bytes = reader->file_bytes();
                snapshot.value_bytes = reader->size();
                snapshot.meta = reader->meta();
                if (options_.snapshots) verified = reader->verify();
            }
            if (!verified) {
                snapshot.damage = verified.error().message;
                if (auto taken = note(file, verified.error()); !taken) return taken;
                report_.damages.back().slot = slot;
                // What it covered is in the log; whether that reaches back to another one is
                // looked at next.
                report_.damages.back().loses_nothing = name.index <= group.last;
            }
            group.snapshots.push_back(std::move(snapshot));
        }
        return {};
    }

    /// The log must begin where a snapshot that is whole ends, or at the beginning.
    void check_covered(const GroupReport& group) {
        if (group.record.removed || group.first == Index(1)) return;
        const bool covered = std::ranges::any_of(group.snapshots, [&](const auto& snapshot) {
            return snapshot.damage.empty() && snapshot.index + 1 >= group.first;
        });
        if (covered) return;
        damaged(path(snapshots_name), 0,
                "group '" + group.record.name + "': its log begins at entry " +
                    to_string(group.first) + " and no whole snapshot reaches it")
            .slot = group.record.slot;
    }

    ports::Files& files_;
    const InspectOptions& options_;
    DirectoryReport report_;
    bool has_identity_ = false;
    std::optional<NodeId> node_;  // by the identity, or else by the first segment.
    std::unique_ptr<ports::DirectoryLock> lock_;
    Image image_{true};
    std::optional<std::uint64_t> last_end_;  // of the segment looked at last
    bool closed_ = false;
    std::string last_file_;
    struct BadEntry {
        std::size_t damage = 0;  ///< Its place in the report.
        Index index;
    };
    std::vector<BadEntry> entries_;  // of the journal, that do not verify
};

}  // namespace

Index GroupReport::last_index() const {
    Index found = last;
    for (const SnapshotReport& snapshot : snapshots) {
        if (snapshot.damage.empty()) found = std::max(found, snapshot.index);
    }
    return found;
}

Result<DirectoryReport> inspect(ports::Files& files, const std::string& dir,
                                const InspectOptions& options) {
    return Inspector(files, dir, options).run();
}

}  // namespace rafted::disk
