#include "group_config.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <variant>

namespace rafted::app {
namespace {

using Milliseconds = std::chrono::milliseconds;

using Member =
    std::variant<Milliseconds GroupConfig::*, std::optional<Milliseconds> GroupConfig::*,
                 std::uint32_t GroupConfig::*, std::uint64_t GroupConfig::*, double GroupConfig::*>;

struct Field {
    const char* key;
    Member member;
    const char* meaning;
};

using C = GroupConfig;
constexpr std::array fields{
    Field{"heartbeat_interval_ms", &C::heartbeat_interval, "a leader sends at least this often"},
    Field{"election_timeout_ms", &C::election_timeout,
          "without a leader for one to two of these, a member asks for votes"},
    Field{"clock_drift_margin_ms", &C::clock_drift_margin,
          "a lease ends this much early; none: leases off"},
    Field{"leader_transfer_timeout_ms", &C::leader_transfer_timeout,
          "a change of leader is given up after this"},
    Field{"max_retained_command_results", &C::max_retained_command_results,
          "results kept by caller-chosen command id"},
    Field{"session_timeout_ms", &C::session_timeout, "a session unused for this long ends"},
    Field{"max_sessions", &C::max_sessions, "open sessions"},
    Field{"max_results_per_session", &C::max_results_per_session,
          "unconfirmed results a session keeps"},
    Field{"max_command_bytes", &C::max_command_bytes, "a larger command is refused"},
    Field{"max_append_bytes", &C::max_append_bytes, "entries in one message"},
    Field{"max_inflight_bytes", &C::max_inflight_bytes, "sent to one follower, not yet answered"},
    Field{"max_uncommitted_bytes", &C::max_uncommitted_bytes, "beyond it commands are busy"},
    Field{"max_log_bytes", &C::max_log_bytes, "the log in memory"},
    Field{"log_bytes_kept", &C::log_bytes_kept, "kept below a snapshot for those that lag"},
    Field{"log_file_expansion_factor", &C::log_file_expansion_factor,
          "a snapshot is due at this many times the last one's size"},
    Field{"snapshot_floor_bytes", &C::snapshot_floor_bytes, "and at least this much log"},
    Field{"snapshot_chunk_bytes", &C::snapshot_chunk_bytes, "a snapshot travels in such pieces"},
    Field{"snapshot_bytes_per_second", &C::snapshot_bytes_per_second,
          "sent of snapshots in a second; 0: no limit"},
    Field{"max_hook_backlog", &C::max_hook_backlog, "hook calls that wait"},
};

std::string text_of(double number) {
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
    return {buffer.data(), end};
}
std::string text_of(std::integral auto number) { return std::to_string(number); }
std::string text_of(Milliseconds time) { return std::to_string(time.count()); }
std::string text_of(const std::optional<Milliseconds>& time) {
    return time ? text_of(*time) : "none";
}

template <class T>
bool read(const std::string& text, T& number) {
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stop == end && !text.empty();
}
bool read(const std::string& text, Milliseconds& time) {
    Milliseconds::rep count = 0;
    if (!read(text, count)) return false;
    time = Milliseconds(count);
    return true;
}
bool read(const std::string& text, std::optional<Milliseconds>& time) {
    if (text == "none") {
        time.reset();
        return true;
    }
    return read(text, time.emplace());
}

std::string all_keys() {
    std::string text;
    for (const Field& field : fields) text += std::string(text.empty() ? "" : ", ") + field.key;
    return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> fields_of(const GroupConfig& config) {
    std::vector<std::pair<std::string, std::string>> found;
    for (const Field& field : fields) {
        found.emplace_back(field.key,
                           std::visit([&](auto at) { return text_of(config.*at); }, field.member));
    }
    return found;
}

Result<void> set_field(GroupConfig& config, const std::string& key, const std::string& value) {
    for (const Field& field : fields) {
        if (key != field.key) continue;
        GroupConfig changed = config;
        if (!std::visit([&](auto at) { return read(value, changed.*at); }, field.member)) {
            return fail(ErrorCode::invalid,
                        "'" + value + "' is no value for " + key +
                            "; give a number without unit, as in " + key + "=" +
                            fields_of(GroupConfig{})[std::size_t(&field - fields.data())].second);
        }
        config = changed;
        return {};
    }
    return fail(ErrorCode::invalid, "there is no key '" + key + "'; the keys are " + all_keys());
}

std::string describe_fields() {
    std::string text = "Keys (default): meaning\n";
    const auto defaults = fields_of(GroupConfig{});
    for (std::size_t i = 0; i < fields.size(); ++i) {
        text += std::string("  ") + fields[i].key + " (" + defaults[i].second +
                "): " + fields[i].meaning + "\n";
    }
    return text;
}

}  // namespace rafted::app
