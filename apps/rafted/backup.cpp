// `rafted backup`: a running group saved into a directory, and such a directory verified.
#include "rafted/backup.hpp"

#include <iostream>
#include <memory>

#include "backup_words.hpp"
#include "command.hpp"

namespace rafted::app {
namespace {

struct BackupCall {
    Target target;
    std::string dir;
    bool json = false;
};

int tell(const Result<BackupInfo>& backup, const std::string& verdict, bool json) {
    if (!backup) return report(backup.error());
    if (json) {
        std::cout << json_of_backup(*backup).dump(2) << std::endl;
    } else {
        print_backup(*backup, std::cout);
        std::cout << verdict << std::endl;
    }
    return exit_done;
}

int run_backup(const BackupCall& call) {
    if (call.dir.empty()) {
        return report_usage("backup needs ADDRESS, GROUP and DIR.\nSee rafted backup --help.");
    }
    const auto client = call.target.client();
    if (!client) return report(client.error());
    BackupOptions options;
    options.group = call.target.group;
    options.patience = call.target.timeout();
    options.tell = [](const std::string& text) { std::cerr << "rafted: " << text << "\n"; };
    Result<BackupInfo> backup = fail(ErrorCode::unreachable);
    for (const std::string& address : call.target.addresses()) {
        options.address = address;
        backup = back_up(*client, options, call.dir);
        if (backup || backup.error().code != ErrorCode::unreachable) break;
    }
    return tell(backup, "backed up to " + call.dir, call.json);
}

int run_verify(const BackupCall& call) {
    return tell(verify_backup(call.dir), call.dir + " verifies", call.json);
}

void add_verify(CLI::App& backup, Chosen& chosen) {
    auto call = std::make_shared<BackupCall>();
    auto* command = backup.add_subcommand("verify", "Reads every byte of a backup; asks nobody");
    command->add_option("DIR", call->dir, "The backup's directory")->required()->type_name("");
    command->add_flag("--json", call->json, "As JSON");
    command->footer(
        "Exit code 1 if the directory holds no finished backup, or one that is damaged. The\n"
        "checksums find what a disk or a copy has done to it, not what somebody has forged.\n\n"
        "Example:\n  rafted backup verify backups/monday");
    command->callback([call, &chosen] { chosen.run = [call] { return run_verify(*call); }; });
}

}  // namespace

void add_backup(CLI::App& root, Chosen& chosen) {
    auto call = std::make_shared<BackupCall>();
    call->target.timeout_ms = 60'000;
    auto* command = root.add_subcommand(
        "backup", "Saves a running group's value into a directory, or verifies one");
    // Not required here, so that `verify` needs none of them; run_backup() asks for them.
    for (CLI::Option* option : add_group_options(*command, call->target)) option->required(false);
    command->add_option("DIR", call->dir, "Where to; must not exist, or be empty")->type_name("");
    command->add_flag("--json", call->json, "As JSON");
    command->footer(
        "The member at ADDRESS (of several, the first that can be reached) sends its value as of\n"
        "one entry of the log, with the sessions of clients, the members and the config; it holds\n"
        "everything the leader knew to be committed when the backup began. If nobody leads it is\n"
        "what the member has, and stderr says so. The group goes on meanwhile, and no side has "
        "more than a piece of\n"
        "the value in memory on this account. --timeout-ms is for making the snapshot, and for\n"
        "each piece of it, not for the whole. DIR gets two files, `value` and, last, `manifest`:\n"
        "without a manifest it is no backup. Make a node of it with rafted restore.\n\n"
        "Examples:\n"
        "  rafted backup 127.0.0.1:7002 hits backups/monday\n"
        "  rafted backup verify backups/monday");
    add_verify(*command, chosen);
    command->callback([call, command, &chosen] {
        if (command->get_subcommands().empty()) {
            chosen.run = [call] { return run_backup(*call); };
        }
    });
}

}  // namespace rafted::app
