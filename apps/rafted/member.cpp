// `rafted member`: add, promote, remove and force-remove members of a group.
#include <iostream>
#include <memory>

#include "command.hpp"

namespace rafted::app {
namespace {

struct MemberOptions {
    Target target;
    std::string node;
    std::string at;
    bool learner = false;
};
using Options = std::shared_ptr<MemberOptions>;
using Act = Result<void> (*)(const GroupHandle&, NodeId, const CallOptions&);

int run_on_member(const MemberOptions& options, Act act, const char* done) {
    const auto client = options.target.client();
    if (!client) return report(client.error());
    const auto group = client->handle(options.target.group);
    const auto node = find_member(group, options.node, options.target.options());
    if (!node) return report(node.error());
    const auto acted = act(group, *node, options.target.options());
    if (!acted) return report(acted.error());
    std::cout << to_string(*node) << " " << done << "\n";
    return exit_done;
}

int run_add(const MemberOptions& options) {
    const auto client = options.target.client();
    if (!client) return report(client.error());
    const auto standing = options.learner ? Standing::learner : Standing::joining;
    const NewMember member{NodeId(parse_id(options.node).value()), options.at, standing};
    const auto added =
        client->handle(options.target.group).add_member(member, options.target.options());
    if (!added) return report(added.error());
    std::cout << options.node << " is added as " << name_of(standing) << "\n";
    return exit_done;
}

Options new_command(CLI::App& command) {
    auto options = std::make_shared<MemberOptions>();
    add_group_options(command, options->target);
    return options;
}

void add_node(CLI::App& command, MemberOptions& options) {
    command.add_option("NODE", options.node, "The member: its id (16 hex digits) or its address")
        ->required()
        ->check(refuse_node)
        ->type_name("");
}

void add_add(CLI::App& member, Chosen& chosen) {
    auto* command = member.add_subcommand(
        "add", "Admits a node; it catches up first and then votes (as a learner it never does)");
    auto options = new_command(*command);
    command->add_option("NODE", options->node, "The new node's id, 16 hex digits")
        ->required()
        ->check(refuse_id)
        ->type_name("");
    command->add_option("AT", options->at, "Its address, host:port")
        ->required()
        ->check(refuse_address)
        ->type_name("");
    command->add_flag("--learner", options->learner, "Stay a learner until promoted");
    command->footer(
        "The node's own program takes the place by Node::join_group, which also adds it if\n"
        "nobody has: this command is for those who admit nodes by hand.\n\nExample:\n"
        "  rafted member add 127.0.0.1:7001 hits 00f1e2d3c4b5a697 127.0.0.1:7004");
    command->callback([options, &chosen] { chosen.run = [options] { return run_add(*options); }; });
}

struct Verb {
    const char* name;
    const char* about;
    const char* footer;
    const char* done;
    Act act;
};

void add_verb(CLI::App& member, Chosen& chosen, const Verb& verb) {
    auto* command = member.add_subcommand(verb.name, verb.about);
    auto options = new_command(*command);
    add_node(*command, *options);
    command->footer(verb.footer);
    command->callback([options, verb, &chosen] {
        chosen.run = [options, verb] { return run_on_member(*options, verb.act, verb.done); };
    });
}

}  // namespace

void add_member(CLI::App& root, Chosen& chosen) {
    auto* member = root.add_subcommand("member", "Adds, promotes and removes members of a group");
    member->require_subcommand(1);
    member->footer("Each subcommand has its own --help.");
    add_add(*member, chosen);
    add_verb(*member, chosen,
             {"promote", "Makes a learner a voter, once it has caught up",
              "Example:\n  rafted member promote 127.0.0.1:7001 hits 127.0.0.1:7004",
              "is promoted: it votes as soon as it has caught up",
              [](const GroupHandle& group, NodeId node, const CallOptions& options) {
                  return group.promote_member(node, options);
              }});
    add_verb(*member, chosen,
             {"remove", "Removes a member; answers when the change is committed",
              "The leader cannot be removed: move the lead first (rafted leader move).\n\n"
              "Example:\n  rafted member remove 127.0.0.1:7001 hits 127.0.0.1:7003",
              "is removed", [](const GroupHandle& group, NodeId node, const CallOptions& options) {
                  return group.remove_member(node, options);
              }});
    add_verb(*member, chosen,
             {"force-remove", "After a majority is lost for good: ADDRESS alone forgets the member",
              "Unsafe while the lost members may still run: stop them first, then run this at\n"
              "every survivor, for every lost member. What only lost members had is lost.\n\n"
              "Example:\n  rafted member force-remove 127.0.0.1:7001 hits 00f1e2d3c4b5a697",
              "is forgotten by this member; do the same at every other survivor",
              [](const GroupHandle& group, NodeId node, const CallOptions& options) {
                  return group.force_remove_member(node, options);
              }});
}

}  // namespace rafted::app
