// `rafted config`: reads and changes the replicated config of a group.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "group_config.hpp"
#include "table.hpp"

namespace rafted::app {
namespace {

struct ConfigOptions {
    Target target;
    std::vector<std::string> settings;
    bool json = false;
};

int run_get(const ConfigOptions& options) {
    const auto client = options.target.client();
    if (!client) return report(client.error());
    const auto status = newest_status(*client, options.target);
    if (!status) return report(status.error());
    if (!status->leader) std::cerr << "no leader: as " << status->address << " has it\n";
    const auto all = fields_of(status->config);
    if (options.json) {
        nlohmann::ordered_json json;
        for (const auto& [key, value] : all) {
            json[key] =
                value == "none" ? nlohmann::ordered_json() : nlohmann::ordered_json::parse(value);
        }
        std::cout << json.dump(2) << "\n";
        return exit_done;
    }
    Table table({"KEY", ">VALUE"});
    for (const auto& [key, value] : all) table.add({key, value});
    table.print(std::cout);
    return exit_done;
}

/// What can be said of the settings without asking anybody.
Result<void> apply(GroupConfig& config, const std::vector<std::string>& settings) {
    for (const std::string& setting : settings) {
        const auto equals = setting.find('=');
        if (equals == std::string::npos) {
            return fail(ErrorCode::invalid, "'" + setting + "' is not of the form KEY=VALUE");
        }
        auto set = set_field(config, setting.substr(0, equals), setting.substr(equals + 1));
        if (!set) return set;
    }
    return {};
}

int run_set(const ConfigOptions& options) {
    GroupConfig unused;
    if (auto readable = apply(unused, options.settings); !readable) {
        return report_usage(readable.error().message);
    }
    const auto client = options.target.client();
    if (!client) return report(client.error());
    auto status = newest_status(*client, options.target);
    if (!status) return report(status.error());
    GroupConfig& config = status->config;
    if (auto set = apply(config, options.settings); !set) return report(set.error());
    if (auto valid = config.validate(); !valid) return report(valid.error());
    const auto group = client->handle(options.target.group);
    if (auto set = group.set_config(config, options.target.options()); !set)
        return report(set.error());
    for (const std::string& setting : options.settings) std::cout << setting << "\n";
    return exit_done;
}

}  // namespace

void add_config(CLI::App& root, Chosen& chosen) {
    auto* config = root.add_subcommand("config", "Reads and changes the config of a group");
    config->require_subcommand(1);
    config->footer("Each subcommand has its own --help.");

    auto reading = std::make_shared<ConfigOptions>();
    auto* get = config->add_subcommand(
        "get", "Prints the config as the leader has it (or, without one, a member)");
    add_group_options(*get, reading->target);
    get->add_flag("--json", reading->json, "As JSON");
    get->footer(describe_fields() + "\nExample:\n  rafted config get 127.0.0.1:7001 hits");
    get->callback([reading, &chosen] { chosen.run = [reading] { return run_get(*reading); }; });

    auto writing = std::make_shared<ConfigOptions>();
    auto* set = config->add_subcommand(
        "set", "Changes some keys for the whole group; answers when it is committed");
    add_group_options(*set, writing->target);
    set->add_option("KEY=VALUE", writing->settings, "What to change; the others stay")
        ->required()
        ->expected(1, 100)
        ->type_name("");
    set->footer(describe_fields() +
                "\nExample:\n  rafted config set 127.0.0.1:7001 hits heartbeat_interval_ms=100 "
                "election_timeout_ms=500");
    set->callback([writing, &chosen] { chosen.run = [writing] { return run_set(*writing); }; });
}

}  // namespace rafted::app
