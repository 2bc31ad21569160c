#include "command.hpp"

#include <charconv>
#include <iostream>

#include "rafted/address.hpp"

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

std::vector<std::string> parts_of(const std::string& list) {
    std::vector<std::string> all(1);
    for (const char letter : list) {
        if (letter == ',') {
            all.emplace_back();
        } else {
            all.back() += letter;
        }
    }
    return all;
}

std::string refuse_addresses(const std::string& list) {
    for (const std::string& each : parts_of(list)) {
        if (auto problem = refuse_address(each); !problem.empty()) return problem;
    }
    return {};
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

std::string refuse_address(const std::string& text) {
    const auto address = parse_address(text);
    if (!address) return address.error().message;
    if (is_somewhere(*address)) return {};
    return "nobody can be found at '" + text + "'; expected host:port or [v6]:port of one machine";
}

std::string refuse_id(const std::string& text) {
    return parse_id(text) ? "" : "'" + text + "' is no id; an id is 16 hex digits";
}

std::string refuse_node(const std::string& text) {
    if (parse_id(text) || refuse_address(text).empty()) return {};
    return "'" + text + "' names no node; give its id (16 hex digits) or its address (host:port)";
}

std::optional<std::uint64_t> parse_id(const std::string& text) {
    std::uint64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, 16);
    if (text.size() != 16 || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

std::vector<std::string> Target::addresses() const { return parts_of(address); }

Result<Client> Target::client() const {
    ClientConfig config{addresses(), std::nullopt};
    if (const auto id = parse_id(cluster)) config.cluster = ClusterId(*id);
    return Client::open(std::move(config));
}

CLI::Option* add_target_options(CLI::App& command, Target& target) {
    auto* address =
        command
            .add_option("ADDRESS", target.address,
                        "Any member, as host:port or [v6]:port; several separated by commas. The "
                        "others are found from there")
            ->required()
            ->check(refuse_addresses)
            ->type_name("");
    command
        .add_option("--timeout-ms", target.timeout_ms,
                    "How long to go on trying, in milliseconds, 1 to 3600000")
        ->check(CLI::Range(1U, 3'600'000U))
        ->capture_default_str();
    command
        .add_option("--cluster", target.cluster,
                    "Refuse to talk to any other cluster than this one (16 hex digits)")
        ->check(refuse_id);
    return address;
}

std::vector<CLI::Option*> add_group_options(CLI::App& command, Target& target) {
    auto* address = add_target_options(command, target);
    auto* group = command.add_option("GROUP", target.group, "Name of the group");
    return {address, group->required()->type_name("")};
}

Result<NodeId> find_member(const GroupHandle& group, const std::string& text, CallOptions options) {
    if (const auto id = parse_id(text)) return NodeId(*id);
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
