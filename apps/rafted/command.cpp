#include "command.hpp"

#include <charconv>
#include <iostream>

namespace rafted::app {
namespace {

std::string happened(const Error& error) {
    switch (outcome_of(error)) {
        case Outcome::no: return "it did not happen";
        case Outcome::unknown: return "whether it happened is not known";
        case Outcome::yes: return "it happened";
        case Outcome::place_broken: return "the place is broken";
    }
    return {};
}

std::string list_of(const std::vector<MemberInfo>& members) {
    std::string text;
    for (const MemberInfo& member : members) {
        text += "\n  " + to_string(member.node) + "  " + member.address;
    }
    return text;
}

}  // namespace

int report(const Error& error) {
    std::cerr << "rafted: " << to_string(error);
    if (error.leader && !error.leader->address.empty()) {
        std::cerr << " (leader: " << error.leader->address << ")";
    }
    std::cerr << " [" << happened(error) << "]\n";
    return exit_failed;
}

int report_usage(const std::string& problem) {
    std::cerr << "rafted: " << problem << "\n";
    return exit_usage;
}

std::optional<std::uint64_t> parse_id(const std::string& text) {
    std::uint64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, 16);
    if (text.size() != 16 || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

std::vector<std::string> Target::addresses() const {
    std::vector<std::string> all(1);
    for (const char letter : address) {
        if (letter == ',') {
            all.emplace_back();
        } else {
            all.back() += letter;
        }
    }
    return all;
}

Result<Client> Target::client() const {
    ClientConfig config{addresses(), std::nullopt};
    if (!cluster.empty()) {
        const auto id = parse_id(cluster);
        if (!id) {
            return fail(ErrorCode::invalid,
                        "--cluster is '" + cluster + "'; a cluster's id is 16 hex digits");
        }
        config.cluster = ClusterId(*id);
    }
    return Client::open(std::move(config));
}

CLI::Option* add_target_options(CLI::App& command, Target& target) {
    auto* address =
        command
            .add_option("ADDRESS", target.address,
                        "Any member, as host:port or [v6]:port; several separated by commas. The "
                        "others are found from there")
            ->required()
            ->type_name("");
    command
        .add_option("--timeout-ms", target.timeout_ms,
                    "How long to go on trying, in milliseconds, 1 to 3600000")
        ->check(CLI::Range(1U, 3'600'000U))
        ->capture_default_str();
    command.add_option("--cluster", target.cluster,
                       "Refuse to talk to any other cluster than this one (16 hex digits)");
    return address;
}

std::vector<CLI::Option*> add_group_options(CLI::App& command, Target& target) {
    auto* address = add_target_options(command, target);
    auto* group = command.add_option("GROUP", target.group, "Name of the group");
    return {address, group->required()->type_name("")};
}

Result<NodeId> find_member(const GroupHandle& group, const std::string& text, CallOptions options) {
    if (const auto id = parse_id(text)) return NodeId(*id);
    if (text.find(':') == std::string::npos) {
        return fail(ErrorCode::invalid, "'" + text + "' names no node; give its id (16 hex " +
                                            "digits) or its address (host:port)");
    }
    auto members = group.members(options);
    if (!members) return std::unexpected(members.error());
    for (const MemberInfo& member : *members) {
        if (member.address == text) return member.node;
    }
    return fail(ErrorCode::not_member, "no member of group '" + group.name() + "' is at " + text +
                                           "; its members are:" + list_of(*members));
}

Result<Status> newest_status(const Client& client, const Target& target) {
    auto status = client.handle(target.group).status(target.options());
    if (!status || status->role == Role::leader || !status->leader) return status;
    auto leader = client.status(status->leader->address, target.group, target.timeout());
    return leader ? leader : status;
}

}  // namespace rafted::app
