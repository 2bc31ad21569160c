// A backup verified, and made the directory of a new node. Nothing runs here.
//   1. The directory is made beside its place and renamed once it is whole: what a crash leaves
//      has another name, and no program opens it.
#include <filesystem>
#include <system_error>

#include "disk/backup_dir.hpp"
#include "disk/directory.hpp"
#include "disk/disk_storage.hpp"
#include "disk/inspect.hpp"
#include "disk/posix_files.hpp"
#include "node/backup_info.hpp"
#include "rafted/address.hpp"
#include "rafted/backup.hpp"

namespace rafted {
namespace {

constexpr ports::Slot slot = 1;
constexpr const char* unfinished = ".restoring";

/// data/a and data/a/ are one place.
std::string trimmed(std::string dir) {
    while (dir.size() > 1 && dir.back() == '/') dir.pop_back();
    return dir;
}

std::string parent_of(const std::string& dir) {
    const std::string parent = std::filesystem::path(dir).parent_path().string();
    return parent.empty() ? "." : parent;
}

class Restoring {
public:
    Restoring(disk::BackupReader reader, std::string dir)
        : reader_(std::move(reader)),
          dir_(std::move(dir)),
          made_{{},
                ClusterId(disk::random_id()),
                GroupId(disk::random_id()),
                node::info_of(reader_.manifest())} {}

    Result<Restored> run(const RestoreOptions& options) {
        if (auto free = check_place(); !free) return std::unexpected(free.error());
        const std::string& name = options.group.empty() ? reader_.manifest().name : options.group;
        auto done = fill(name, options.address);
        if (done) done = check(name);
        if (done) done = put_in_place();
        if (!done) {
            std::error_code none;  // what stays is told by the next try
            std::filesystem::remove_all(dir_ + unfinished, none);
            return std::unexpected(done.error());
        }
        return made_;
    }

private:
    Result<void> check_place() {
        if (auto unused = disk::check_unused(files_, dir_); !unused) return unused;
        const auto left = files_.list(dir_ + unfinished);
        if (!left) return std::unexpected(left.error());
        if (!*left) return {};
        return fail(ErrorCode::invalid, dir_ + unfinished +
                                            " is in the way, left by a restore that did not come "
                                            "to its end; remove it");
    }

    Result<void> fill(const std::string& name, const std::string& address) {
        disk::DiskOptions options;
        options.own_thread = false;
        auto storage = disk::DiskStorage::open(files_, dir_ + unfinished, options);
        if (!storage) return std::unexpected(storage.error());
        const auto recovered = (*storage)->recover();
        if (!recovered) return std::unexpected(recovered.error());
        made_.node = recovered->node;
        auto done = (*storage)->set_cluster(made_.cluster);
        if (done) done = write_group(**storage, name);
        if (done) done = copy_value(**storage, address);
        return done;
    }

    /// The term of the snapshot: whoever leads next begins a later one.
    Result<void> write_group(disk::DiskStorage& storage, const std::string& name) const {
        ports::GroupWrite write;
        write.slot = slot;
        write.record = ports::GroupRecord{slot, name, made_.group_id, false};
        write.hard_state = core::HardState{reader_.manifest().meta.term, {}, {}, {}};
        Result<void> done;
        storage.write({std::move(write)}, [&](Result<void> result) { done = std::move(result); });
        storage.write_pending();
        return done;
    }

    Result<void> copy_value(disk::DiskStorage& storage, const std::string& address) const {
        core::SnapshotMeta meta = reader_.manifest().meta;
        meta.members = core::Members({core::Peer{made_.node, address, Standing::voter}});
        auto sink = storage.save_snapshot(slot, meta);
        if (!sink) return std::unexpected(sink.error());
        // Read once more, and verified once more: it may have changed since.
        auto copied = reader_.read([&](BytesView piece) { return (*sink)->write(piece); });
        return copied ? (*sink)->commit() : copied;
    }

    Result<void> put_in_place() {
        auto done = files_.rename(dir_ + unfinished, dir_);
        if (!done) {
            done.error().code = ErrorCode::invalid;
            done.error().message +=
                "; where " + dir_ + " is a link or a volume's own place, give a directory in it";
            return done;
        }
        return files_.sync_directory(parent_of(dir_));
    }

    /// What a start will find.
    Result<void> check(const std::string& name) {
        const auto found = disk::inspect(files_, dir_ + unfinished);
        if (!found) return std::unexpected(found.error());
        const bool is_right = found->is_whole() && found->groups.size() == 1 &&
                              found->groups.front().record.name == name &&
                              found->groups.front().last_index() == made_.backup.index;
        if (is_right) return {};
        return fail(ErrorCode::corrupt, dir_ + unfinished +
                                            " does not hold what was written there; see to the "
                                            "disk (rafted inspect tells more)");
    }

    disk::PosixFiles files_;
    disk::BackupReader reader_;
    std::string dir_;
    Restored made_;
};

Result<void> check_options(const RestoreOptions& options) {
    const auto address = parse_address(options.address);
    if (!address) return std::unexpected(address.error());
    if (!is_somewhere(*address)) {
        return fail(ErrorCode::invalid, "'" + options.address +
                                            "' is no address that others could reach the node at; "
                                            "give host and port");
    }
    const bool fits = options.group.size() <= 255 &&
                      options.group.find_first_of(std::string("\0\n\r\t", 4)) == std::string::npos;
    if (fits) return {};
    return fail(ErrorCode::invalid,
                "a group's name has 1 to 255 bytes, without control characters");
}

}  // namespace

BackupInfo node::info_of(const disk::BackupManifest& manifest) {
    BackupInfo info;
    info.format_version = disk::backup_version;
    info.cluster = manifest.cluster;
    info.group = manifest.name;
    info.group_id = manifest.group;
    info.from = manifest.node;
    info.index = manifest.meta.index;
    info.term = manifest.meta.term;
    info.log_time = manifest.meta.time;
    info.made_at = manifest.made_at;
    for (const core::Peer& peer : manifest.meta.members.all()) {
        info.members.push_back({peer.id, peer.address, peer.standing, {}, {}, {}});
    }
    info.config = manifest.meta.config;
    info.bytes = manifest.bytes;
    info.checksum = manifest.checksum;
    return info;
}

Result<BackupInfo> verify_backup(const std::string& dir) {
    disk::PosixFiles files;
    const auto reader = disk::BackupReader::open(files, dir);
    if (!reader) return std::unexpected(reader.error());
    auto whole = reader->read([](BytesView) { return Result<void>{}; });
    if (!whole) return std::unexpected(whole.error());
    return node::info_of(reader->manifest());
}

Result<Restored> restore_backup(const RestoreOptions& options) {
    if (auto sane = check_options(options); !sane) return std::unexpected(sane.error());
    if (auto whole = verify_backup(options.backup); !whole) return std::unexpected(whole.error());
    disk::PosixFiles files;
    auto reader = disk::BackupReader::open(files, options.backup);
    if (!reader) return std::unexpected(reader.error());
    return Restoring(std::move(*reader), trimmed(options.dir)).run(options);
}

}  // namespace rafted
