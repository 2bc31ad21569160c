#include "backup_words.hpp"

#include <ctime>

namespace rafted::app {
namespace {

/// "2026-11-27 22:44:14 UTC"
std::string utc(std::chrono::milliseconds since_1970) {
    const auto seconds = static_cast<std::time_t>(since_1970.count() / 1000);
    std::tm parts{};
    std::string text(32, '\0');
    ::gmtime_r(&seconds, &parts);
    text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts));
    return text;
}

}  // namespace

void print_backup(const BackupInfo& backup, std::ostream& out) {
    out << "group " << backup.group << "  id " << to_string(backup.group_id) << "  cluster "
        << to_string(backup.cluster) << "\n"
        << "  index " << to_string(backup.index) << ", term " << to_string(backup.term)
        << ", log time " << utc(backup.log_time) << "\n"
        << "  " << backup.bytes << " bytes, checksum " << hex(backup.checksum) << ", format "
        << backup.format_version << "\n"
        << "  taken from node " << to_string(backup.from) << ", " << utc(backup.made_at) << "\n";
    for (const MemberInfo& member : backup.members) {
        out << "  member " << to_string(member.node) << "  " << member.address << "  "
            << name_of(member.standing) << "\n";
    }
}

nlohmann::ordered_json json_of_backup(const BackupInfo& backup) {
    nlohmann::ordered_json json{{"group", backup.group},
                                {"group_id", to_string(backup.group_id)},
                                {"cluster", to_string(backup.cluster)},
                                {"from", to_string(backup.from)},
                                {"index", backup.index.value},
                                {"term", backup.term.value},
                                {"log_time_ms", backup.log_time.count()},
                                {"made_at_ms", backup.made_at.count()},
                                {"bytes", backup.bytes},
                                {"checksum", hex(backup.checksum)},
                                {"format", backup.format_version},
                                {"members", nlohmann::ordered_json::array()}};
    for (const MemberInfo& member : backup.members) {
        json["members"].push_back({{"node", to_string(member.node)},
                                   {"address", member.address},
                                   {"standing", name_of(member.standing)}});
    }
    return json;
}

}  // namespace rafted::app
