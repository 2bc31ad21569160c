// `rafted recover`: directories of a group whose majority is lost, compared, and one of them made a
// group of one.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "command.hpp"
#include "rafted/recovery.hpp"
#include "recovery_words.hpp"

namespace rafted::app {
namespace {

struct PlanCall {
    std::vector<std::string> dirs;
    bool json = false;
};
struct ApplyCall {
    RecoverOptions options;
    std::string confirm;
    bool json = false;
};

int run_plan(const PlanCall& call) {
    const auto plans = plan_recovery(call.dirs);
    if (!plans) return report(plans.error());
    if (call.json) {
        std::cout << json_of_plans(*plans).dump(2) << std::endl;
    } else {
        print_plans(*plans, std::cout);
    }
    const auto has_best = [](const RecoveryPlan& plan) { return plan.best.has_value(); };
    const bool all = !plans->empty() && std::ranges::all_of(*plans, has_best);
    return all ? exit_done : exit_failed;
}

/// The group's name typed again: what follows cannot be taken back.
bool is_confirmed(const ApplyCall& call) {
    if (!call.confirm.empty()) return call.confirm == call.options.group;
    if (::isatty(STDIN_FILENO) == 0) return false;
    std::cerr << "The group goes on without its other members, and what only they have is lost.\n"
              << "Type its name to go on: " << std::flush;
    std::string typed;
    std::getline(std::cin, typed);
    return typed == call.options.group;
}

int run_apply(const ApplyCall& call) {
    if (!is_confirmed(call)) {
        return report_usage("not confirmed, nothing was changed; say --confirm " +
                            call.options.group);
    }
    const auto done = recover_directory(call.options);
    if (!done) return report(done.error());
    if (call.json) {
        std::cout << json_of_recovered(*done).dump(2) << std::endl;
    } else {
        print_recovered(call.options, *done, std::cout);
    }
    return exit_done;
}

void add_plan(CLI::App& recover, Chosen& chosen) {
    auto call = std::make_shared<PlanCall>();
    auto* command = recover.add_subcommand(
        "plan", "Compares the directories that are left, and says which to go on with");
    command->add_option("DIR", call->dirs, "The directories of nodes that are left")
        ->required()
        ->type_name("");
    command->add_flag("--json", call->json, "As JSON");
    command->footer(
        "Nothing is changed, and no process may have a directory open. For each group it shows\n"
        "what each directory has: the term it has heard of, the last entry, up to where a\n"
        "snapshot proves that entries are committed, and whether every byte verifies. The one\n"
        "that reaches furthest has the last entry of the latest term, and of these the highest\n"
        "index. Exit code 1 if a group has no directory that it could go on with.\n\n"
        "Example:\n  rafted recover plan data/b data/c");
    command->callback([call, &chosen] { chosen.run = [call] { return run_plan(*call); }; });
}

void add_apply(CLI::App& recover, Chosen& chosen) {
    auto call = std::make_shared<ApplyCall>();
    RecoverOptions& options = call->options;
    auto* command =
        recover.add_subcommand("apply", "Makes a directory a group of one, as a new incarnation");
    command->add_option("DIR", options.dir, "The directory to go on with")
        ->required()
        ->type_name("");
    command->add_option("GROUP", options.group, "Name of the group")->required()->type_name("");
    command->add_option("--confirm", call->confirm,
                        "The group's name again; a terminal is asked for it");
    command->add_option("--others", options.others,
                        "The other directories that are left; refused if one reaches further");
    command->add_flag("--even-if-behind", options.even_if_behind,
                      "Go on though one does: what only it has is lost");
    command
        ->add_option("--listen", options.address,
                     "Where the node will be found, host:port; without it as the group knew")
        ->check(refuse_address);
    command->add_flag("--json", call->json, "As JSON");
    command->footer(
        "Stop every node of the group before. All that the directory holds of it is committed,\n"
        "what was never acknowledged, too; what only others had is lost. The group gets a new\n"
        "incarnation with this node alone, so that members of the old one cannot come back\n"
        "unnoticed. Start the program that calls create_group on it, and the others with empty\n"
        "directories and join_group. A directory is refused in which something of the group is\n"
        "damaged that nothing stands in for.\n\n"
        "Example:\n  rafted recover apply data/b hits --others data/c --confirm hits");
    command->callback([call, &chosen] { chosen.run = [call] { return run_apply(*call); }; });
}

}  // namespace

void add_recover(CLI::App& root, Chosen& chosen) {
    auto* recover = root.add_subcommand(
        "recover", "When a majority is lost for good: goes on from a directory that is left");
    recover->require_subcommand(1);
    recover->footer("Each subcommand has its own --help.");
    add_plan(*recover, chosen);
    add_apply(*recover, chosen);
}

}  // namespace rafted::app
