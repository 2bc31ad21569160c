#include "disk/directory.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "disk/segment.hpp"

namespace rafted::disk {
namespace {

using Names = std::vector<std::string>;

bool has(const Names& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// Whether the first segment is as a start leaves it that was cut short: without any group.
Result<bool> is_unused(ports::Files& files, const std::string& path) {
    const auto file = files.open(path, ports::OpenMode::read);
    if (!file) return std::unexpected(file.error());
    auto reader = SegmentReader::open(**file, {path, std::nullopt, 1});
    if (!reader) return std::unexpected(reader.error());
    Frame frame;
    const auto first = reader->next(frame);
    if (!first) return std::unexpected(first.error());
    if (*first != SegmentReader::Found::frame || frame.records.size() != 1) return false;
    const auto second = reader->next(frame);
    if (!second) return std::unexpected(second.error());
    return *second == SegmentReader::Found::end;
}

Result<void> check_nothing_foreign(const std::string& dir, const Names& names) {
    constexpr std::array<std::string_view, 5> known{lock_name, "identity.new", journal_name,
                                                    snapshots_name, "lost+found"};
    for (const std::string& name : names) {
        if (std::ranges::find(known, name) != known.end()) continue;
        return fail(ErrorCode::invalid, dir + " is no directory of Rafted: it holds '" + name +
                                            "' and no identity; give an empty directory");
    }
    return {};
}

/// Clears what an unfinished first start has left.
Result<void> clear_unfinished(ports::Files& files, const std::string& dir) {
    const std::string journal = dir + "/" + journal_name;
    const auto segments = files.list(journal);
    if (!segments) return std::unexpected(segments.error());
    const auto found = segments->value_or(Names{});
    for (const std::string& name : found) {
        const std::string path = journal + "/" + name;
        if (name != segment_name(1) && name != segment_name(1) + ".new") {
            return fail(ErrorCode::corrupt, dir + " holds a journal but no identity: the file " +
                                                dir + "/" + identity_name + " has been lost");
        }
        if (name != segment_name(1)) continue;
        const auto unused = is_unused(files, path);
        if (!unused) return std::unexpected(unused.error());
        if (!*unused) {
            return fail(ErrorCode::corrupt,
                        dir + " holds a journal in use but no identity: " + "the file " + dir +
                            "/" + identity_name + " has been lost");
        }
    }
    for (const std::string& name : found) {
        if (auto gone = files.remove(journal + "/" + name); !gone) return gone;
    }
    return {};
}

Result<Identity> make(ports::Files& files, const std::string& dir, const JournalOptions& options,
                      std::optional<NodeId> new_node) {
    if (auto clear = clear_unfinished(files, dir); !clear) {
        return std::unexpected(clear.error());
    }
    const Identity identity{new_node.value_or(NodeId(random_id())), {}};
    for (const char* name : {journal_name, snapshots_name}) {
        if (auto made = files.make_directory(dir + "/" + name); !made) {
            return std::unexpected(made.error());
        }
    }
    const auto journal =
        Journal::create({&files, dir + "/" + journal_name, identity.node, options});
    if (!journal) return std::unexpected(journal.error());
    if (auto written = write_identity(files, dir, identity); !written) {
        return std::unexpected(written.error());
    }
    return identity;
}

}  // namespace

std::uint64_t random_id() {
    std::random_device source;
    std::uint64_t id = 0;
    while (id == 0) id = (std::uint64_t{source()} << 32) | source();
    return id;
}

Result<Identity> read_identity(ports::Files& files, const std::string& dir) {
    const std::string path = dir + "/" + identity_name;
    const auto file = files.open(path, ports::OpenMode::verify);
    if (!file) return std::unexpected(file.error());
    Bytes bytes(identity_bytes + 1);  // one more, to see that there is none
    const auto got = (*file)->read(0, bytes);
    if (!got) return std::unexpected(got.error());
    return decode_identity(BytesView(bytes).first(*got), path);
}

Result<void> write_identity(ports::Files& files, const std::string& dir, const Identity& identity) {
    const std::string path = dir + "/" + identity_name;
    const std::string temporary = path + ".new";
    auto file = files.open(temporary, ports::OpenMode::create);
    if (!file) return std::unexpected(file.error());
    const Bytes bytes = encode(identity);
    const std::array<BytesView, 1> pieces{bytes};
    auto done = (*file)->write(0, pieces);
    if (done) done = (*file)->sync();
    if (done) done = files.rename(temporary, path);
    if (done) done = files.sync_directory(dir);
    return done;
}

Result<Directory> open_directory(ports::Files& files, const std::string& dir,
                                 const JournalOptions& options, std::optional<NodeId> new_node) {
    if (auto made = files.make_directory(dir); !made) return std::unexpected(made.error());
    const auto before = files.list(dir);
    if (!before) return std::unexpected(before.error());
    const bool is_ours = has(before->value_or(Names{}), identity_name);
    if (!is_ours) {
        // Nothing, not even a lock, is put into a directory that may be somebody else's.
        if (auto empty = check_nothing_foreign(dir, before->value_or(Names{})); !empty) {
            return std::unexpected(empty.error());
        }
    }
    auto lock = files.lock(dir + "/" + lock_name);
    if (!lock) return std::unexpected(lock.error());
    const auto names = files.list(dir);
    if (!names) return std::unexpected(names.error());
    auto identity = has(names->value_or(Names{}), identity_name)
                        ? read_identity(files, dir)
                        : make(files, dir, options, new_node);
    if (!identity) return std::unexpected(identity.error());
    // A first start may have been cut short before the name was durable.
    if (auto synced = files.sync_directory(dir); !synced) return std::unexpected(synced.error());
    return Directory{std::move(*lock), *identity};
}

}  // namespace rafted::disk
