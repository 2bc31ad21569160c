// `rafted restore`: a backup made the directory of a new node.
#include <iostream>
#include <memory>

#include "backup_words.hpp"
#include "command.hpp"
#include "rafted/backup.hpp"

namespace rafted::app {
namespace {

struct RestoreCall {
    RestoreOptions options;
    bool json = false;
};

int run(const RestoreCall& call) {
    const auto restored = restore_backup(call.options);
    if (!restored) return report(restored.error());
    const std::string name =
        call.options.group.empty() ? restored->backup.group : call.options.group;
    if (call.json) {
        const nlohmann::ordered_json json{{"dir", call.options.dir},
                                          {"node", to_string(restored->node)},
                                          {"address", call.options.address},
                                          {"cluster", to_string(restored->cluster)},
                                          {"group", name},
                                          {"group_id", to_string(restored->group_id)},
                                          {"backup", json_of_backup(restored->backup)}};
        std::cout << json.dump(2) << std::endl;
        return exit_done;
    }
    print_backup(restored->backup, std::cout);
    std::cout << "restored to " << call.options.dir << "\n"
              << "  node " << to_string(restored->node) << " at " << call.options.address
              << ", cluster " << to_string(restored->cluster) << "\n"
              << "  group " << name << ", id " << to_string(restored->group_id)
              << ": this node alone\n"
              << "Start the program that calls create_group on it, then others with empty\n"
              << "directories that call join_group." << std::endl;
    return exit_done;
}

}  // namespace

void add_restore(CLI::App& root, Chosen& chosen) {
    auto call = std::make_shared<RestoreCall>();
    auto* command = root.add_subcommand(
        "restore", "Makes the directory of a new node, and a group of one, from a backup");
    command->add_option("BACKUP", call->options.backup, "The backup's directory")
        ->required()
        ->type_name("");
    command->add_option("DIR", call->options.dir, "The node's; must not exist, or be empty")
        ->required()
        ->type_name("");
    command
        ->add_option("--listen", call->options.address,
                     "Where the program that opens DIR will be found (what it listens on or "
                     "advertises), host:port")
        ->required()
        ->check(refuse_address);
    command->add_option("--group", call->options.group,
                        "Name to restore the group under; without it as in the backup");
    command->add_flag("--json", call->json, "As JSON");
    command->footer(
        "Every byte of the backup is verified first, and nothing is overwritten. The group gets\n"
        "a new cluster and a new incarnation, with the new node as its sole member: no member of\n"
        "the group that was backed up can meet it by mistake. Its value, sessions and config are\n"
        "those of the backup; a command that a client sends again under the same id is still\n"
        "applied once.\n\n"
        "Example:\n"
        "  rafted restore backups/monday data/new --listen 127.0.0.1:7001");
    command->callback([call, &chosen] { chosen.run = [call] { return run(*call); }; });
}

}  // namespace rafted::app
