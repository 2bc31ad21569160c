// What all subcommands share: exit codes, how a chosen one is run, how an error is told.
//   1. Results go to stdout, errors to stderr.
//   2. 0: done. 1: it failed, and the text says what. 2: it was called wrongly.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rafted/client.hpp"

namespace rafted::app {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

/// The subcommand that was chosen; main runs it after all arguments have been read.
struct Chosen {
    std::function<int()> run;
};

/// Prints "rafted: <error>, <whether it happened>" and returns exit_failed.
int report(const Error& error);
/// Prints what is wrong with the call and returns exit_usage.
int report_usage(const std::string& problem);

/// Where a group is found, for every subcommand that speaks to one.
struct Target {
    std::string address;  ///< One, or several separated by commas.
    std::string group;
    std::string cluster;  ///< 16 hex digits, or empty for any.
    unsigned timeout_ms = 5000;

    std::vector<std::string> addresses() const;
    std::chrono::milliseconds timeout() const { return std::chrono::milliseconds(timeout_ms); }
    CallOptions options() const { return {timeout(), {}}; }
    Result<Client> client() const;
};

/// ADDRESS (or several, separated by commas), which is returned, --timeout-ms and --cluster.
CLI::Option* add_target_options(CLI::App& command, Target& target);
/// The same, and GROUP; returns both.
std::vector<CLI::Option*> add_group_options(CLI::App& command, Target& target);

/// For CLI::Option::check: what is wrong with the text, or nothing.
std::string refuse_address(const std::string& text);
std::string refuse_id(const std::string& text);
std::string refuse_node(const std::string& text);

/// 16 hex digits as a number.
std::optional<std::uint64_t> parse_id(const std::string& text);
/// The member that `text` names: 16 hex digits, or its address as the group knows it. Fails with
/// not_member, and names the members there are.
Result<NodeId> find_member(const GroupHandle& group, const std::string& text, CallOptions options);

/// The group as its leader sees it; without a leader, as the member that answers.
Result<Status> newest_status(const Client& client, const Target& target);

void add_status(CLI::App& root, Chosen& chosen);
void add_member(CLI::App& root, Chosen& chosen);
void add_leader(CLI::App& root, Chosen& chosen);
void add_config(CLI::App& root, Chosen& chosen);
void add_backup(CLI::App& root, Chosen& chosen);
void add_restore(CLI::App& root, Chosen& chosen);
void add_recover(CLI::App& root, Chosen& chosen);
void add_inspect(CLI::App& root, Chosen& chosen);
void add_check(CLI::App& root, Chosen& chosen);
void add_sim(CLI::App& root, Chosen& chosen);
void add_explore(CLI::App& root, Chosen& chosen);
void add_demo(CLI::App& root, Chosen& chosen);
void add_demo_node(CLI::App& root, Chosen& chosen);

}  // namespace rafted::app
