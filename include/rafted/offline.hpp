// Questions about a node's directory that no process has open (D14). Nothing is changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "rafted/data.hpp"
#include "rafted/ids.hpp"
#include "rafted/result.hpp"

namespace rafted {

/// The last log index the directory holds of a group, for choosing the copy that reaches furthest.
/// Returns nothing if the group, the directory or its files are missing, cut short, damaged or
/// belong elsewhere, so that no number comes from a log that cannot be trusted; an unfinished
/// write at the end is not counted. Fails with in_use if a process has the directory open, with
/// wrong_version if another version wrote it, or as the disk does.
Result<std::optional<Index>> read_last_log_index(const std::string& dir, std::string_view group);

enum class StoredKind : std::uint8_t {
    command,  ///< For the value.
    own,      ///< Rafted's own: a leader's first entry, sessions, lists of members, config.
    damaged,  ///< The disk has lost what it was.
};

/// One entry of a log on a disk. That it is there does not say that it was committed.
struct StoredEntry {
    Index index;
    Term term;                         ///< Zero if that is lost.
    std::chrono::milliseconds time{};  ///< Since 1970, by its leader's clock; zero if lost.
    StoredKind kind = StoredKind::damaged;
    BytesView command{};  ///< Of a command, as the value's codec wrote it. Ends with the call.
};
using StoredEntryVisit = std::function<void(const StoredEntry&)>;

/// Gives all entries that the directory holds of a group's log, in order; what a snapshot has
/// replaced is not among them. Of damaged ones it names the first 10,000. The whole log is in
/// memory meanwhile. Fails with invalid (no directory of Rafted, or no such group in it), in_use,
/// wrong_version, or as the disk does; damage is no failure.
Result<void> read_log(const std::string& dir, std::string_view group,
                      const StoredEntryVisit& visit);

/// The same for the log of a value D: visit(const StoredEntry&, const D::Command*) has the
/// command, or null for an entry that is none. Fails with invalid, too, at the first command that
/// D has not.
template <class D, class Visit>
    requires std::invocable<Visit&, const StoredEntry&, const typename D::Command*>
Result<void> read_log(const std::string& dir, std::string_view group, Visit&& visit) {
    static_cast<void>(sizeof(RequireData<D>));
    Result<void> understood;
    auto read = read_log(dir, group, [&](const StoredEntry& entry) {
        if (!understood) return;
        if (entry.kind != StoredKind::command) return void(visit(entry, nullptr));
        const auto command = decode<typename D::Command>(entry.command);
        if (command) return void(visit(entry, &*command));
        understood = fail(ErrorCode::invalid,
                          "entry " + to_string(entry.index) +
                              " is no command of this value: " + command.error().message);
    });
    return read ? understood : read;
}

}  // namespace rafted
