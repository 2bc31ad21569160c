// What the numbers of a config may be. Each refusal names the field, its value and the range.
#include "rafted/config.hpp"

#include <cmath>

#include "rafted/address.hpp"
#include "rafted/client.hpp"

namespace rafted {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr std::uint64_t kibibyte = 1 << 10;
constexpr std::uint64_t mebibyte = 1 << 20;
/// No timeout of the protocol is longer: beyond a day it is a mistake in the unit.
constexpr Milliseconds longest_timeout = std::chrono::hours(24);
constexpr Milliseconds longest_session = std::chrono::hours(24 * 366);
constexpr std::chrono::microseconds longest_spin = std::chrono::milliseconds(10);
constexpr std::uint64_t most_calls = 100'000'000;
constexpr const char* address_rule = "it must be \"host:port\" or \"[v6]:port\"";

std::string text_of(std::uint64_t number) { return std::to_string(number); }
std::string text_of(std::chrono::seconds time) { return std::to_string(time.count()) + " s"; }
std::string text_of(Milliseconds time) { return std::to_string(time.count()) + " ms"; }
std::string text_of(std::chrono::microseconds time) { return std::to_string(time.count()) + " us"; }

/// Remembers the first field that is out of its range.
class Checker {
public:
    explicit Checker(std::string owner) : owner_(std::move(owner)) {}

    template <class T>
    Checker& within(const char* field, T value, T least, T most) {
        if (value < least || value > most) {
            refuse(field, text_of(value),
                   "it must be from " + text_of(least) + " to " + text_of(most));
        }
        return *this;
    }
    Checker& require(bool holds, const char* field, const std::string& value,
                     const std::string& rule) {
        if (!holds) refuse(field, value, rule);
        return *this;
    }
    Result<void> verdict() const {
        if (problem_.empty()) return {};
        return fail(ErrorCode::invalid, problem_);
    }

private:
    void refuse(const char* field, const std::string& value, const std::string& rule) {
        if (!problem_.empty()) return;
        problem_ = owner_ + "." + field + " is " + value + "; " + rule;
    }
    std::string owner_;
    std::string problem_;
};

void check_times(Checker& checker, const GroupConfig& config) {
    checker.within("election_timeout", config.election_timeout, Milliseconds(2), longest_timeout)
        .within("heartbeat_interval", config.heartbeat_interval, Milliseconds(1), longest_timeout)
        .require(config.heartbeat_interval < config.election_timeout, "heartbeat_interval",
                 text_of(config.heartbeat_interval),
                 "it must be below election_timeout (" + text_of(config.election_timeout) +
                     "), better a third of it or less")
        .within("clock_drift_margin", config.drift_margin(), Milliseconds(0),
                config.election_timeout)
        .within("leader_transfer_timeout", config.leader_transfer_timeout, Milliseconds(1),
                longest_timeout)
        .within("session_timeout", config.session_timeout, Milliseconds(1000), longest_session);
}

void check_sizes(Checker& checker, const GroupConfig& config) {
    constexpr std::uint64_t gibibyte = 1024 * mebibyte;
    checker.within("max_command_bytes", config.max_command_bytes, std::uint64_t{1}, 64 * mebibyte)
        .within("max_append_bytes", config.max_append_bytes, std::uint64_t{1}, 64 * mebibyte)
        .within("max_inflight_bytes", config.max_inflight_bytes, std::uint64_t{1}, gibibyte)
        .within("max_uncommitted_bytes", config.max_uncommitted_bytes, config.max_command_bytes,
                1024 * gibibyte)
        .within("max_log_bytes", config.max_log_bytes, config.max_command_bytes, 1024 * gibibyte)
        .within("log_bytes_kept", config.log_bytes_kept, std::uint64_t{0}, config.max_log_bytes)
        .within("snapshot_chunk_bytes", config.snapshot_chunk_bytes, kibibyte, 4 * mebibyte);
    if (config.snapshot_bytes_per_second == 0) return;
    checker.within("snapshot_bytes_per_second", config.snapshot_bytes_per_second, 64 * kibibyte,
                   1024 * gibibyte);
}

bool is_address(const std::string& text) {
    const auto address = parse_address(text);
    return address && !address->host.empty();
}

/// One that means every address of a machine: nobody else can reach it there.
bool is_wildcard(const std::string& text) {
    const auto address = parse_address(text);
    return address && !is_somewhere({address->host, 1});
}

}  // namespace

Result<void> GroupConfig::validate() const {
    Checker checker("GroupConfig");
    check_times(checker, *this);
    checker.within("max_retained_command_results", max_retained_command_results, 1u, 1'000'000u)
        .within("max_sessions", max_sessions, 1u, 10'000'000u)
        .within("max_results_per_session", max_results_per_session, 1u, 1'000'000u);
    check_sizes(checker, *this);
    return checker
        .require(std::isfinite(log_file_expansion_factor) && log_file_expansion_factor > 0 &&
                     log_file_expansion_factor <= 1e6,
                 "log_file_expansion_factor", std::to_string(log_file_expansion_factor),
                 "it must be above 0 and at most 1000000")
        .within("max_hook_backlog", max_hook_backlog, 1u, 1'000'000u)
        .verdict();
}

Result<void> NodeConfig::validate() const {
    const bool is_local = local_network != nullptr;
    const bool names_itself = !listen.empty() && listen.size() <= 255;
    return Checker("NodeConfig")
        .require(is_local ? names_itself : is_address(listen), "listen", '"' + listen + '"',
                 is_local ? "in a local network it must be a name of 1 to 255 bytes" : address_rule)
        .require(advertise.empty() || (!is_local && is_address(advertise)), "advertise",
                 '"' + advertise + '"',
                 is_local ? "in a local network it must be empty"
                          : std::string(address_rule) + ", or empty for the same as listen")
        .require(is_local || !is_wildcard(advertise.empty() ? listen : advertise), "advertise",
                 '"' + advertise + '"',
                 "it must be an address at which the others reach this node: " + listen +
                     " is none, so set it")
        .require(dir.find('\0') == std::string::npos, "dir", '"' + dir + '"',
                 "it must be a path without zero bytes")
        .require(!cluster || *cluster, "cluster", "0", "it must be a cluster's id, or none")
        .within("value_threads", value_threads, 1u, 64u)
        .within("spin", spin, std::chrono::microseconds(0), longest_spin)
        .within("max_connections", max_connections, 1u, 1'000'000u)
        .within("max_requests_per_connection", max_requests_per_connection, 1u, 1'000'000u)
        .within("max_client_queue_bytes", max_client_queue_bytes, 64 * kibibyte,
                std::uint64_t{1024} * 1024 * mebibyte)
        .within("max_waiting_requests", max_waiting_requests, std::uint64_t{1},
                std::uint64_t{100'000'000})
        .within("max_calls_per_handle", max_calls_per_handle, std::uint64_t{1}, most_calls)
        .within("max_frame_bytes", max_frame_bytes, 64 * kibibyte, 1024 * mebibyte)
        .within("max_peer_queue_bytes", max_peer_queue_bytes, 64 * kibibyte,
                std::uint64_t{1024} * 1024 * mebibyte)
        .require(disk_patience >= 0.05 && disk_patience <= 100, "disk_patience",
                 std::to_string(disk_patience), "it must be 0.05 to 100 election timeouts")
        .within("quiesce_after", quiesce_after, Milliseconds(0),
                Milliseconds(std::chrono::hours(24)))
        .within("scrub_period", scrub_period, std::chrono::seconds(0),
                std::chrono::seconds(std::chrono::hours(10 * 366 * 24)))
        .within("scrub_bytes_per_second", scrub_bytes_per_second, 64 * kibibyte,
                std::uint64_t{1024} * 1024 * mebibyte)
        .within("stop_deadline", stop_deadline, Milliseconds(0), longest_timeout)
        .verdict();
}

Result<void> ClientConfig::validate() const {
    Checker checker("ClientConfig");
    checker.require(!addresses.empty(), "addresses", "empty", "it must name a member at least");
    for (const std::string& address : addresses) {
        checker.require(is_address(address), "addresses", '"' + address + '"', address_rule);
    }
    return checker
        .require(!cluster || *cluster, "cluster", "0", "it must be a cluster's id, or none")
        .within("spin", spin, std::chrono::microseconds(0), longest_spin)
        .within("max_calls_per_handle", max_calls_per_handle, std::uint64_t{1}, most_calls)
        .verdict();
}

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warning: return "warning";
        case LogLevel::error: return "error";
    }
    return "unknown";
}

}  // namespace rafted
