// `rafted leader`: hands the lead of a group over.
#include <iostream>
#include <memory>

#include "command.hpp"

namespace rafted::app {
namespace {

struct LeaderOptions {
    Target target;
    std::string node;
};

int run_move(const LeaderOptions& options) {
    const auto client = options.target.client();
    if (!client) return report(client.error());
    const auto group = client->handle(options.target.group);
    const auto node = find_member(group, options.node, options.target.options());
    if (!node) return report(node.error());
    const auto moved = group.move_lead(*node, options.target.options());
    if (!moved) return report(moved.error());
    std::cout << to_string(*node) << " leads\n";
    return exit_done;
}

int run_cancel(const LeaderOptions& options) {
    const auto client = options.target.client();
    if (!client) return report(client.error());
    const auto group = client->handle(options.target.group);
    const auto cancelled = group.cancel_move(options.target.options());
    if (!cancelled) return report(cancelled.error());
    std::cout << "the leader keeps the lead\n";
    return exit_done;
}

}  // namespace

void add_leader(CLI::App& root, Chosen& chosen) {
    auto* leader = root.add_subcommand("leader", "Hands the lead of a group over");
    leader->require_subcommand(1);
    leader->footer("Each subcommand has its own --help.");

    auto options = std::make_shared<LeaderOptions>();
    auto* move = leader->add_subcommand("move", "Hands the lead to a voter; answers when it leads");
    add_group_options(*move, options->target);
    move->add_option("NODE", options->node, "The voter: its id (16 hex digits) or its address")
        ->required()
        ->check(refuse_node)
        ->type_name("");
    move->footer("Example:\n  rafted leader move 127.0.0.1:7001 hits 127.0.0.1:7002");
    move->callback([options, &chosen] { chosen.run = [options] { return run_move(*options); }; });

    auto cancelled = std::make_shared<LeaderOptions>();
    auto* cancel = leader->add_subcommand("cancel", "Gives up a hand-over that is under way");
    add_group_options(*cancel, cancelled->target);
    cancel->footer("Example:\n  rafted leader cancel 127.0.0.1:7001 hits");
    cancel->callback(
        [cancelled, &chosen] { chosen.run = [cancelled] { return run_cancel(*cancelled); }; });
}

}  // namespace rafted::app
