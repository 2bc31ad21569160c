// Changes of real directories, and journals of records that make sense, or nearly.
#include "fuzz/seeds/seeds.hpp"
#include "fuzz/support/directories.hpp"

namespace rafted::test {
namespace {

using namespace disk;

constexpr int changed_part = 0;
constexpr int forged_part = 1;

/// A frame as the target takes it.
void put_frame(Writer& out, bool begins, const std::vector<Record>& records) {
    const Bytes bytes = bytes_of(records);
    out.number(static_cast<std::uint8_t>(begins));
    out.number(static_cast<std::uint16_t>(bytes.size()));
    out.raw(bytes);
}

BlockRef some_ref() {
    BlockRef ref;
    ref.size = 50;
    ref.checksum = 1;
    return ref;
}

Appended appended(ports::Slot slot, std::uint64_t first, std::size_t count, bool again = false) {
    return {slot, Index(first), Term(1), again, std::vector(count, some_ref())};
}

std::vector<Record> checkpoint(const LogRange& range) {
    return {CheckpointBegins{}, GroupChanged{{range.slot, "group", GroupId(9), false}},
            HardStateSet{range.slot, {Term(2), NodeId(3), {}, {}}}, range};
}

void add_forged(Seeds& seeds, const std::string& name,
                const std::vector<std::vector<Record>>& all) {
    Writer out;
    out.number(std::uint8_t{1});
    for (const auto& records : all) {
        put_frame(out, std::holds_alternative<CheckpointBegins>(records.front()), records);
    }
    seeds.add("directory_fuzz", name, forged_part, out.view());
}

void add_all_forged(Seeds& seeds) {
    const auto fresh = checkpoint({9, Index(1), 0, {}, {}});
    const Record founded = GroupChanged{{9, "group", GroupId(9), false}};
    add_forged(
        seeds, "one_segment",
        {{CheckpointBegins{}},
         {founded, HardStateSet{9, {Term(1), NodeId(2), {NodeId(3)}, {}}}, appended(9, 1, 3)},
         {Truncated{9, Index(3)}, appended(9, 3, 2)},
         {MembersMoved{9, {{NodeId(4), "a:1", "b:2"}}}}});
    add_forged(seeds, "two_segments",
               {{CheckpointBegins{}},
                {founded, appended(9, 1, 3)},
                {SegmentClosed{}},
                checkpoint({9, Index(1), 3, {}, {}}),
                {appended(9, 4, 1)}});
    add_forged(
        seeds, "entries_again",
        {checkpoint({9, Index(1), 2, {}, {}}), {appended(9, 1, 2, true), appended(9, 3, 1)}});
    add_forged(seeds, "restarts",
               {fresh, {appended(9, 1, 2), SnapshotInstalled{9, Index(20), Term(2), true}}});
    add_forged(seeds, "compacted_beyond",
               {fresh, {appended(9, 1, 2)}, {Compacted{9, Index(3)}, Compacted{9, Index(9)}}});
    add_forged(seeds, "removed",
               {fresh, {appended(9, 1, 2), GroupChanged{{9, "group", GroupId(9), true}}}});
    add_forged(seeds, "wide_range", {checkpoint({9, Index(1), 1U << 26, {}, {}})});
    add_forged(seeds, "last_index",
               {checkpoint({9, Index(UINT64_MAX), 0, Index(UINT64_MAX), Term(2)})});
    add_forged(
        seeds, "with_snapshots",
        {{CheckpointBegins{}, GroupChanged{{1, "group", GroupId(9), false}}}, {appended(1, 1, 9)}});
}

struct Change {
    std::uint8_t act = 0;
    std::uint8_t file = 0;
    std::uint32_t at = 0;
    std::uint16_t size = 0;
    std::uint8_t more = 0;
};

void add_changed(Seeds& seeds, const std::string& name, std::uint8_t which,
                 const std::vector<Change>& changes) {
    Writer out;
    out.number(which);
    for (const Change& change : changes) {
        out.number(change.act);
        out.number(change.file);
        out.number(change.at);
        out.number(change.size);
        out.number(change.more);
    }
    seeds.add("directory_fuzz", name, changed_part, out.view());
}

}  // namespace

void add_directory_seeds(Seeds& seeds) {
    for (std::uint8_t which = 0; which < 3; ++which) {
        const auto number = std::to_string(which);
        add_changed(seeds, "unchanged_" + number, which, {});
        for (std::uint8_t file = 0; file < 4; ++file) {
            const auto name = number + "_" + std::to_string(file);
            add_changed(seeds, "flipped_" + name, which, {{0, file, 100, 1, 4}});
            add_changed(seeds, "zeroed_" + name, which, {{1, file, 512, 512, 0}});
            add_changed(seeds, "truncated_" + name, which, {{2, file, 700, 0, 0}});
            add_changed(seeds, "longer_" + name, which, {{3, file, 0, 64, 7}});
            add_changed(seeds, "misdirected_" + name, which, {{4, file, 512, 512, 2}});
            add_changed(seeds, "gone_" + name, which, {{5, file, 0, 0, 0}});
            add_changed(seeds, "swapped_" + name, which, {{6, file, 0, 0, 2}});
        }
    }
    add_all_forged(seeds);
}

}  // namespace rafted::test
