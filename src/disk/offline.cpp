#include "rafted/offline.hpp"

#include <algorithm>

#include "disk/inspect.hpp"
#include "disk/posix_files.hpp"

namespace rafted {

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
    const auto found = std::ranges::find_if(report->groups, [&](const auto& candidate) {
        return candidate.record.name == group && !candidate.record.removed;
    });
    if (found == report->groups.end() || found->last_index() == Index(0)) return std::nullopt;
    return found->last_index();
}

}  // namespace rafted
