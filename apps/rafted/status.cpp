// `rafted status`: a whole group from one address, with or without a leader.
#include <unistd.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "command.hpp"
#include "group_config.hpp"
#include "group_view.hpp"
#include "table.hpp"

namespace rafted::app {
namespace {

using Json = nlohmann::ordered_json;

struct StatusOptions {
    Target target;
    bool json = false;
    unsigned watch_ms = 0;
};

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
    return text;
}

std::string lag_of(const MemberInfo& info) { return info.lag ? std::to_string(*info.lag) : "-"; }
std::string contact_of(const MemberInfo& info) {
    return info.last_contact ? std::to_string(info.last_contact->count()) + " ms" : "-";
}

/// Progress is known to the leader alone.
MemberInfo with_progress(const MemberView& member, const Status* leader) {
    if (leader == nullptr) return member.info;
    for (const MemberInfo& info : leader->members) {
        if (info.node == member.info.node) return info;
    }
    return member.info;
}

void print(const GroupView& view, std::ostream& out) {
    const Status* leader = view.leader();
    out << "group " << view.name << "  id " << to_string(view.id) << "  cluster "
        << to_string(view.cluster) << "\n";
    if (leader != nullptr) {
        out << "led by " << to_string(leader->from) << " at " << leader->address << ", term "
            << leader->current_term.value << "\n";
    } else {
        out << "no leader: no member that answers leads; lag and contact are not known\n";
    }
    Table table({"NODE", "ADDRESS", "ROLE", "STANDING", ">TERM", ">LAST", ">COMMIT", ">APPLIED",
                 ">LAG", ">CONTACT", ">SNAPSHOT", "DISK", "ALARMS"});
    for (const MemberView& member : view.members) {
        const MemberInfo info = with_progress(member, leader);
        std::string standing(name_of(info.standing));
        if (!member.own) {
            table.add({to_string(info.node), info.address, "unreachable", standing, "-", "-", "-",
                       "-", lag_of(info), contact_of(info), "-", "-",
                       to_string(member.own.error())});
            continue;
        }
        const Status& own = *member.own;
        if (own.role == Role::removed) standing = "none";
        table.add({to_string(info.node), own.address, std::string(name_of(own.role)), standing,
                   to_string(own.current_term), to_string(own.last), to_string(own.commit),
                   to_string(own.applied), lag_of(info), contact_of(info), to_string(own.snapshot),
                   std::string(name_of(own.disk)), joined(own.alarms)});
    }
    table.print(out);
}

Json json_of(const GroupConfig& config) {
    Json json;
    for (const auto& [key, value] : fields_of(config)) {
        json[key] = value == "none" ? Json() : Json::parse(value);
    }
    return json;
}

Json json_of(const MemberView& member, const Status* leader) {
    const MemberInfo info = with_progress(member, leader);
    Json json{{"node", to_string(info.node)},
              {"address", info.address},
              {"standing", name_of(info.standing)},
              {"reachable", member.own.has_value()}};
    json["match"] = info.match ? Json(info.match->value) : Json();
    json["lag"] = info.lag ? Json(*info.lag) : Json();
    json["last_contact_ms"] = info.last_contact ? Json(info.last_contact->count()) : Json();
    if (!member.own) {
        json["error"] = to_string(member.own.error());
        return json;
    }
    const Status& own = *member.own;
    json["role"] = name_of(own.role);
    json["term"] = own.current_term.value;
    json["last"] = own.last.value;
    json["commit"] = own.commit.value;
    json["applied"] = own.applied.value;
    json["snapshot"] = own.snapshot.value;
    json["log_bytes"] = own.log_bytes;
    json["sessions"] = own.sessions;
    json["lease_valid"] = own.lease_valid;
    json["quiescent"] = own.quiescent;
    json["disk"] = name_of(own.disk);
    json["alarms"] = own.alarms;
    json["leader"] = own.leader ? Json(to_string(own.leader->node)) : Json();
    json["config"] = json_of(own.config);
    return json;
}

Json json_of(const GroupView& view) {
    const Status* leader = view.leader();
    Json json{{"group", view.name},
              {"group_id", to_string(view.id)},
              {"cluster", to_string(view.cluster)},
              {"leader", Json()},
              {"members", Json::array()}};
    if (leader != nullptr) {
        json["leader"] = Json{{"node", to_string(leader->from)},
                              {"address", leader->address},
                              {"term", leader->current_term.value}};
        Json silent = Json::array();
        for (const NodeId node : leader->unresponsive_followers) silent.push_back(to_string(node));
        json["unresponsive_followers"] = silent;
    }
    for (const MemberView& member : view.members) {
        json["members"].push_back(json_of(member, leader));
    }
    return json;
}

int show(const StatusOptions& options, const Client& client) {
    Result<std::vector<GroupView>> views = fail(ErrorCode::unreachable);
    for (const std::string& address : options.target.addresses()) {
        views = view_groups(client, address, options.target.group, options.target.timeout());
        if (views) break;
    }
    if (!views) return report(views.error());
    if (options.json) {
        Json json = Json::array();
        for (const GroupView& view : *views) json.push_back(json_of(view));
        std::cout << json.dump(2) << std::endl;
        return exit_done;
    }
    if (views->empty()) std::cout << "the node runs no group\n";
    for (const GroupView& view : *views) {
        if (&view != &views->front()) std::cout << "\n";
        print(view, std::cout);
    }
    std::cout << std::flush;
    return exit_done;
}

int run(const StatusOptions& options) {
    const auto client = options.target.client();
    if (!client) return report(client.error());
    while (options.watch_ms > 0 && std::cout) {
        if (!options.json && ::isatty(STDOUT_FILENO) != 0) std::cout << "\033[2J\033[H";
        (void)show(options, *client);
        std::this_thread::sleep_for(std::chrono::milliseconds(options.watch_ms));
    }
    return show(options, *client);
}

}  // namespace

void add_status(CLI::App& root, Chosen& chosen) {
    auto options = std::make_shared<StatusOptions>();
    options->target.timeout_ms = 2000;
    auto* command = root.add_subcommand(
        "status", "Shows the groups of a node: every member's own word, from one address");
    add_target_options(*command, options->target);
    command->add_option("GROUP", options->target.group, "Only this group")->type_name("");
    command->add_flag("--json", options->json, "As JSON");
    command
        ->add_option("--watch-ms", options->watch_ms,
                     "Again and again, with this pause in milliseconds, until interrupted")
        ->check(CLI::Range(50U, 3'600'000U));
    command->footer(
        "Works with any program that embeds the library, and without a leader. LAST, COMMIT,\n"
        "APPLIED and SNAPSHOT are log indexes; LAG is in entries behind the leader's last;\n"
        "CONTACT is the time since the leader heard the member, in ms. A member that does not\n"
        "answer is shown as unreachable. Exit code 1 if the node at ADDRESS does not answer.\n\n"
        "Examples:\n  rafted status 127.0.0.1:7001\n  rafted status 127.0.0.1:7001 hits --json");
    command->callback([options, &chosen] { chosen.run = [options] { return run(*options); }; });
}

}  // namespace rafted::app
