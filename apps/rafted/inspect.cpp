// `rafted inspect`: a node's directory that no process has open, looked through and verified.
#include "disk/inspect.hpp"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "core/entry.hpp"
#include "disk/posix_files.hpp"
#include "disk/read_progress.hpp"
#include "entry_words.hpp"
#include "table.hpp"

namespace rafted::app {
namespace {

using Json = nlohmann::ordered_json;

struct InspectCall {
    std::string dir;
    bool entries = false;
    std::string value;
    bool json = false;
};

/// What of the entries is printed.
struct Shown {
    bool entries = false;
    CommandWords value = nullptr;
};

std::string kind_of(core::EntryKind kind) {
    switch (kind) {
        case core::EntryKind::founding: return "founding";
        case core::EntryKind::elected: return "elected";
        case core::EntryKind::command: return "command";
        case core::EntryKind::open_session: return "open_session";
        case core::EntryKind::members: return "members";
        case core::EntryKind::config: return "config";
    }
    return "unknown";
}

/// Its place and kind are known, its bytes may be damaged.
bool is_there(const disk::EntryReport& entry) { return entry.entry != core::Entry(); }
bool is_whole(const disk::EntryReport& entry) { return is_there(entry) && entry.entry.is_whole(); }

std::string range_of(const disk::GroupReport& group) {
    if (group.first > group.last) return "empty";
    return to_string(group.first) + " to " + to_string(group.last);
}

std::string verdict_of(const std::string& damage) { return damage.empty() ? "verifies" : damage; }

/// Of a long command the table has the beginning; all of it is in the JSON.
std::string shown_of(const EntryWords& words) {
    constexpr std::size_t most_digits = 64;
    std::string text = words.what;
    if (text.empty()) {
        text = words.hex.substr(0, most_digits) + (words.hex.size() > most_digits ? "..." : "");
    }
    return words.id.empty() ? text : words.id + ": " + text;
}

void print_group(const disk::GroupReport& group, const Shown& shown, std::ostream& out) {
    out << "\ngroup " << group.record.name << "  id " << to_string(group.record.group)
        << (group.record.removed ? "  (this node was removed from it)" : "") << "\n"
        << "  term " << to_string(group.hard_state.term) << ", voted for "
        << (group.hard_state.vote ? to_string(group.hard_state.vote) : "nobody") << "\n"
        << "  last index " << to_string(group.last_index()) << "; log " << range_of(group) << ", "
        << group.entries << " entries, " << group.log_bytes << " bytes";
    if (group.missing > 0) out << ", " << group.missing << " cannot be read";
    out << "\n";
    for (const NodeId node : group.hard_state.forced_out) {
        out << "  forced out here: " << to_string(node) << "\n";
    }
    if (!group.snapshots.empty()) {
        Table table({"SNAPSHOT", ">INDEX", ">TERM", ">FILE BYTES", ">VALUE BYTES", "CHECKSUM"});
        for (const disk::SnapshotReport& snapshot : group.snapshots) {
            table.add({snapshot.file, to_string(snapshot.index), to_string(snapshot.term),
                       std::to_string(snapshot.file_bytes), std::to_string(snapshot.value_bytes),
                       verdict_of(snapshot.damage)});
        }
        table.print(out, "  ");
    }
    if (!shown.entries) return;
    Table table({">INDEX", ">TERM", "KIND", ">BYTES", ">LOG TIME MS", "CHECKSUM", "CONTENT"});
    for (const disk::EntryReport& entry : group.entry_list) {
        const bool there = is_there(entry);
        table.add({to_string(entry.index), there ? to_string(entry.term) : "-",
                   there ? kind_of(entry.kind) : "-", std::to_string(entry.bytes),
                   is_whole(entry) ? std::to_string(entry.time.count()) : "-",
                   is_whole(entry) ? hex(entry.entry.checksum())
                   : there         ? "damaged"
                                   : "missing",
                   is_whole(entry) ? shown_of(words_of(entry.entry, shown.value)) : ""});
    }
    table.print(out, "  ");
}

void print(const disk::DirectoryReport& found, const Shown& shown, std::ostream& out) {
    out << "node " << (found.node ? to_string(found.node) : "(unknown)") << "  cluster "
        << (found.cluster ? to_string(found.cluster) : "(none yet)") << "  format "
        << found.format_version << "\n";
    if (!found.segments.empty()) {
        Table table({"JOURNAL FILE", ">BYTES", ">USED", ">FRAMES", "CHECKSUMS"});
        for (const disk::SegmentReport& segment : found.segments) {
            table.add({segment.file, std::to_string(segment.file_bytes),
                       std::to_string(segment.used_bytes), std::to_string(segment.frames),
                       segment.verdict});
        }
        table.print(out);
    }
    for (const disk::GroupReport& group : found.groups) print_group(group, shown, out);
    out << "\n";
    for (const disk::DamageReport& damage : found.damages) {
        out << "damage: " << damage.file << " at byte " << damage.offset << ": " << damage.what
            << (damage.loses_nothing ? "; nothing is lost by it\n" : "\n");
    }
    out << (found.is_whole() ? "no damage\n" : "") << std::flush;
}

void add_content(Json& json, const EntryWords& words) {
    if (!words.id.empty()) json["id"] = words.id;
    if (!words.what.empty()) json["content"] = words.what;
    if (!words.hex.empty()) json["hex"] = words.hex;
}

Json json_of(const disk::GroupReport& group, const Shown& shown) {
    Json json{{"group", group.record.name},
              {"group_id", to_string(group.record.group)},
              {"removed", group.record.removed},
              {"term", group.hard_state.term.value},
              {"vote", group.hard_state.vote ? Json(to_string(group.hard_state.vote)) : Json()},
              {"last_index", group.last_index().value},
              {"log_first", group.first.value},
              {"log_last", group.last.value},
              {"entries", group.entries},
              {"missing", group.missing},
              {"log_bytes", group.log_bytes},
              {"forced_out", Json::array()},
              {"snapshots", Json::array()}};
    for (const NodeId node : group.hard_state.forced_out) {
        json["forced_out"].push_back(to_string(node));
    }
    for (const disk::SnapshotReport& snapshot : group.snapshots) {
        json["snapshots"].push_back({{"file", snapshot.file},
                                     {"index", snapshot.index.value},
                                     {"term", snapshot.term.value},
                                     {"file_bytes", snapshot.file_bytes},
                                     {"value_bytes", snapshot.value_bytes},
                                     {"damage", snapshot.damage}});
    }
    if (!shown.entries) return json;
    json["entry_list"] = Json::array();
    for (const disk::EntryReport& entry : group.entry_list) {
        Json one{{"index", entry.index.value}, {"present", is_whole(entry)}};
        if (is_there(entry)) {
            one["term"] = entry.term.value;
            one["kind"] = kind_of(entry.kind);
            one["bytes"] = entry.bytes;
            if (is_whole(entry)) one["log_time_ms"] = entry.time.count();
            one["checksum"] = hex(entry.entry.checksum());
            if (is_whole(entry)) add_content(one, words_of(entry.entry, shown.value));
        }
        json["entry_list"].push_back(std::move(one));
    }
    return json;
}

Json json_of(const disk::DirectoryReport& found, const Shown& shown) {
    Json json{{"dir", found.dir},
              {"format", found.format_version},
              {"node", found.node ? Json(to_string(found.node)) : Json()},
              {"cluster", found.cluster ? Json(to_string(found.cluster)) : Json()},
              {"whole", found.is_whole()},
              {"groups", Json::array()},
              {"journal", Json::array()},
              {"damages", Json::array()}};
    for (const disk::GroupReport& group : found.groups) {
        json["groups"].push_back(json_of(group, shown));
    }
    for (const disk::SegmentReport& segment : found.segments) {
        json["journal"].push_back({{"file", segment.file},
                                   {"file_bytes", segment.file_bytes},
                                   {"used_bytes", segment.used_bytes},
                                   {"frames", segment.frames},
                                   {"verdict", segment.verdict}});
    }
    for (const disk::DamageReport& damage : found.damages) {
        json["damages"].push_back({{"file", damage.file},
                                   {"offset", damage.offset},
                                   {"what", damage.what},
                                   {"loses_nothing", damage.loses_nothing}});
    }
    return json;
}

int run(const InspectCall& call) {
    const Shown shown{call.entries, command_words(call.value)};
    disk::ReadProgress::Reading reading;
    reading.dir = call.dir;
    reading.all_snapshots = true;
    reading.say = [](const std::string& line) { std::cerr << line << std::endl; };
    disk::ReadProgress files(std::make_unique<disk::PosixFiles>(), std::move(reading));
    disk::InspectOptions options;
    options.entries = call.entries;
    const auto found = disk::inspect(files, call.dir, options);
    files.end();
    if (!found) return report(found.error());
    if (call.json) {
        std::cout << json_of(*found, shown).dump(2) << std::endl;
    } else {
        print(*found, shown, std::cout);
    }
    return found->is_whole() ? exit_done : exit_failed;
}

}  // namespace

void add_inspect(CLI::App& root, Chosen& chosen) {
    auto call = std::make_shared<InspectCall>();
    auto* command = root.add_subcommand(
        "inspect", "Verifies a node's directory that no process has open; changes nothing");
    command->add_option("DIR", call->dir, "The directory that the node was opened with")
        ->required()
        ->type_name("");
    auto* entries = command->add_flag("--entries", call->entries,
                                      "Print every entry of every group's log, commands as hex");
    command
        ->add_option("--value", call->value,
                     "Print commands in words, as those of this value: " + known_values())
        ->check([](const std::string& name) {
            return command_words(name) != nullptr ? std::string()
                                                  : "no value of this name is known here: '" +
                                                        name + "'; known are " + known_values();
        })
        ->needs(entries)
        ->type_name("NAME");
    command->add_flag("--json", call->json, "As JSON");
    command->footer(
        "Shows the node's identity, its journal files and, for each group, term, vote, the\n"
        "range of log indexes, the last index and the snapshots; sizes are in bytes, log times\n"
        "in ms since 1970. Every checksum is verified. Exit code 1 if damage was found, or if a\n"
        "process has the directory open. A write cut off at the journal's end is no damage: it\n"
        "was never answered.\n\nExamples:\n  rafted inspect data/a\n"
        "  rafted inspect data/a --entries --json\n"
        "  rafted inspect data/a --entries --value queue");
    command->callback([call, &chosen] { chosen.run = [call] { return run(*call); }; });
}

}  // namespace rafted::app
