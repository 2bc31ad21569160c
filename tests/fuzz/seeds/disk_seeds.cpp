// The files of a small directory, whole and damaged, and the records of its journal one by one.
#include "disk/backup_dir.hpp"
#include "disk/snapshot_file.hpp"
#include "fuzz/seeds/seeds.hpp"
#include "fuzz/support/directories.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

constexpr int whole_file = 0;
constexpr int records_only = 1;

std::string name_in(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

/// Without the zeros at its end, which say nothing.
Bytes written_part(Bytes bytes) {
    while (!bytes.empty() && bytes.back() == std::byte{0}) bytes.pop_back();
    return bytes;
}

void add_segment(Seeds& seeds, const std::string& name, const Bytes& segment) {
    seeds.add("journal_fuzz", name, whole_file, segment);
    Bytes damaged = segment;
    damaged[damaged.size() / 2] ^= std::byte{0x40};
    seeds.add("journal_fuzz", name + "_damaged", whole_file, damaged);
    const auto part = BytesView(segment).first(segment.size() * 3 / 4);
    seeds.add("journal_fuzz", name + "_torn", whole_file, part);
    const auto head = BytesView(segment).first(disk::segment_head_bytes);
    seeds.add("journal_fuzz", "header_only", whole_file, head);
    seeds.add("identity_fuzz", "segment_head", head);
}

void add_manifest(Seeds& seeds) {
    disk::BackupManifest manifest{ClusterId(1),        NodeId(2),        GroupId(3), "hits",
                                  snapshot_meta(4, 5), core::LogTime(6), 7,          8};
    const Bytes whole = encode(manifest);
    seeds.add("backup_fuzz", "manifest", whole);
    seeds.add("backup_fuzz", "without_checksum", BytesView(whole).first(whole.size() - 8));
}

void add_snapshot_changes(Seeds& seeds) {
    Writer one;
    one.number(std::uint16_t{50});
    one.number(std::uint8_t{1});
    one.raw(some_bytes(200, 3));
    seeds.add("snapshot_fuzz", "one_change", 1, one.view());
    Writer two;
    for (const int at : {130, 33'000}) {
        two.number(static_cast<std::uint16_t>(at));
        two.number(std::uint8_t{128});
    }
    two.raw(Bytes(3 * disk::snapshot_block_bytes / 2, std::byte{1}));
    seeds.add("snapshot_fuzz", "two_changes", 2, two.view());
    disk::Packer packer;
    Writer blocks;
    for (const bool is_packed : {true, false}) {
        const Bytes value = some_bytes(is_packed ? disk::snapshot_block_bytes : 300, 5);
        const BytesView bytes = is_packed ? *packer.pack(value) : BytesView(value);
        const disk::BlockHead head{static_cast<std::uint32_t>(bytes.size()), is_packed};
        blocks.number(head.encoded());
        blocks.raw(bytes);
    }
    seeds.add("snapshot_fuzz", "blocks", 255, blocks.view());
}

disk::BlockRef some_ref(std::uint32_t size) {
    disk::BlockRef ref;
    ref.size = size;
    ref.checksum = 1;
    return ref;
}

std::vector<disk::Record> all_records() {
    using namespace disk;
    return {CheckpointBegins{},
            GroupChanged{{3, "group", GroupId(9), false}},
            HardStateSet{3, {Term(2), NodeId(3), {NodeId(4), NodeId(5)}, {}}},
            HardStateSet{3, {Term(2), NodeId(3), {}, {Term(2), Index(9)}}},
            LogRange{3, Index(4), 5, Index(3), Term(2)},
            Truncated{3, Index(8)},
            Compacted{3, Index(6)},
            SnapshotInstalled{3, Index(9), Term(3), true},
            Appended{3, Index(10), Term(2), false, {some_ref(50), some_ref(60)}},
            Appended{3, Index(10), Term(2), true, {some_ref(50)}},
            MembersMoved{3, {{NodeId(4), "a:1", "b:2"}}},
            GroupChanged{{3, "group", GroupId(9), true}},
            ZeroSectors{2},
            SegmentClosed{}};
}

}  // namespace

void add_disk_seeds(Seeds& seeds) {
    const auto& files = real_directory(0).files;
    for (const auto& [path, bytes] : files) {
        const std::string name = name_in(path);
        if (disk::segment_number(name)) add_segment(seeds, name, written_part(bytes));
        if (name.ends_with(".snap")) seeds.add("snapshot_fuzz", name, whole_file, bytes);
        if (name.ends_with(".snap")) {
            seeds.add("identity_fuzz", "snapshot_name", view_of(name.substr(0, name.size() - 5)));
        }
        if (name == disk::identity_name) seeds.add("identity_fuzz", name, bytes);
    }
    add_manifest(seeds);
    seeds.add("identity_fuzz", "segment_name", view_of(disk::segment_name(0x2a)));
    add_snapshot_changes(seeds);
    const auto records = all_records();
    seeds.add("journal_fuzz", "records_all", records_only, bytes_of(records));
    for (std::size_t i = 0; i < records.size(); ++i) {
        const std::vector few(records.begin(),
                              records.begin() + static_cast<std::ptrdiff_t>(i + 1));
        seeds.add("journal_fuzz", "records_" + std::to_string(i), records_only, bytes_of(few));
    }
}

}  // namespace rafted::test
