#include "rafted/offline.hpp"

#include <algorithm>

#include "disk/inspect.hpp"
#include "disk/posix_files.hpp"
#include "value/envelope.hpp"

namespace rafted {
namespace {

const disk::GroupReport* find_group(const disk::DirectoryReport& report, std::string_view group) {
    const auto found = std::ranges::find_if(report.groups, [&](const auto& candidate) {
        return candidate.record.name == group && !candidate.record.removed;
    });
    return found == report.groups.end() ? nullptr : &*found;
}

StoredEntry stored(const disk::EntryReport& entry) {
    StoredEntry told{entry.index, entry.term, entry.time, StoredKind::damaged};
    if (entry.entry.size() == 0 || !entry.entry.is_whole()) return told;
    told.kind = StoredKind::own;
    if (entry.kind != core::EntryKind::command) return told;
    const auto envelope = value::open(entry.entry.payload());
    told.kind = envelope ? StoredKind::command : StoredKind::damaged;
    if (envelope) told.command = envelope->command;
    return told;
}

}  // namespace

Result<std::optional<Index>> read_last_log_index(const std::string& dir, std::string_view group) {
    disk::PosixFiles files;
    const auto names = files.list(dir);
    if (!names) return std::unexpected(names.error());
    const auto has = [&](std::string_view name) {
        return *names && std::ranges::find(**names, name) != (*names)->end();
    };
    if (!has("identity")) return std::nullopt;
    disk::InspectOptions options;
    options.snapshots = false;
    const auto report = disk::inspect(files, dir, options);
    if (!report) return std::unexpected(report.error());
    if (!report->is_whole()) return std::nullopt;
    const disk::GroupReport* found = find_group(*report, group);
    if (found == nullptr || found->last_index() == Index(0)) return std::nullopt;
    return found->last_index();
}

Result<void> read_log(const std::string& dir, std::string_view group,
                      const StoredEntryVisit& visit) {
    disk::PosixFiles files;
    disk::InspectOptions options;
    options.entries = true;
    options.snapshots = false;
    const auto report = disk::inspect(files, dir, options);
    if (!report) return std::unexpected(report.error());
    const disk::GroupReport* found = find_group(*report, group);
    if (found == nullptr) {
        return fail(ErrorCode::invalid, dir + " has no group '" + std::string(group) +
                                            "'; `rafted inspect` shows which it has");
    }
    for (const disk::EntryReport& entry : found->entry_list) visit(stored(entry));
    return {};
}

}  // namespace rafted
