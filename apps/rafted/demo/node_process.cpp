// The process that the demo starts for each node: hosts the queue, says on stdout who and where it
// is and when it is a member, and ends when its stdin does.
//   "node ID ADDRESS"   it is open          "member"   it has created, joined or reopened the group
//   "failed TEXT"       and exit code 1
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "command.hpp"
#include "demo/config.hpp"
#include "demo/queue.hpp"
#include "rafted/rafted.hpp"

namespace rafted::app {
namespace {

struct NodeOptions {
    std::string listen = "127.0.0.1:0";
    std::string dir;
    Target join;  ///< The address part alone.
    bool create = false;
    bool recover = false;
    bool learner = false;
    unsigned timeout_ms = 30'000;
    unsigned snapshot_floor_bytes = 64 << 10;
};

int failed(const Error& error) {
    std::cout << "failed " << to_string(error) << std::endl;
    return report(error);
}

Result<Group<demo::Queue>> take_part(Node& node, const NodeOptions& options) {
    if (options.recover) return node.recover_group<demo::Queue>(demo::group_name);
    if (options.create) {
        GroupConfig config = demo::config();
        config.snapshot_floor_bytes = options.snapshot_floor_bytes;
        return node.create_group<demo::Queue>(demo::group_name, config);
    }
    std::vector<std::string> known;
    if (!options.join.address.empty()) known = options.join.addresses();
    JoinOptions join;
    join.learner = options.learner;
    join.timeout = std::chrono::milliseconds(options.timeout_ms);
    return node.join_group<demo::Queue>(demo::group_name, known, join);
}

void wait_for_end_of_input() {
    char buffer[256];
    while (read(STDIN_FILENO, buffer, sizeof buffer) > 0) {
    }
}

int run(const NodeOptions& options) {
    // Both ways out: the parent's death, and the end of the pipe from it.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    NodeConfig config;
    config.listen = options.listen;
    config.dir = options.dir;
    config.log = [](LogLevel level, std::string_view line) {
        // In one piece: other threads write there, too.
        std::cerr << std::string(name_of(level)) + ": " + std::string(line) + "\n";
    };
    auto node = Node::open(std::move(config));
    if (!node) return failed(node.error());
    std::cout << "node " << to_string(node->id()) << " " << node->address() << std::endl;
    const auto group = take_part(*node, options);
    if (!group) return failed(group.error());
    std::cout << "member" << std::endl;
    wait_for_end_of_input();
    if (auto closed = node->close(); !closed) return report(closed.error());
    return exit_done;
}

}  // namespace

void add_demo_node(CLI::App& root, Chosen& chosen) {
    auto options = std::make_shared<NodeOptions>();
    auto* command = root.add_subcommand(
        "demo-node",
        "The process that `rafted demo` starts for each of its nodes: hosts the demo's queue "
        "until its standard input ends");
    command->group("");
    command->add_option("--listen", options->listen, "host:port; port 0 takes a free one")
        ->capture_default_str();
    command->add_option("--dir", options->dir, "Directory of the node; none: memory only");
    command->add_option("--join", options->join.address,
                        "Addresses of members, separated by commas; none: reopen what DIR holds");
    auto* create = command->add_flag("--create", options->create,
                                     "Make the group, or reopen it if DIR holds it");
    command
        ->add_flag("--recover", options->recover, "Go on alone with what DIR holds, as a new group")
        ->excludes(create);
    command->add_flag("--learner", options->learner, "Stay a learner until promoted");
    command->add_option("--timeout-ms", options->timeout_ms, "Patience in joining, milliseconds")
        ->capture_default_str();
    command
        ->add_option("--snapshot-floor-bytes", options->snapshot_floor_bytes,
                     "With --create: log bytes before a snapshot is made")
        ->capture_default_str();
    command->footer(
        "It prints \"node ID ADDRESS\" when it is open and \"member\" when it takes part.\n\n"
        "Example:\n  rafted demo-node --create --dir data/a --listen 127.0.0.1:7001");
    command->callback([options, &chosen] { chosen.run = [options] { return run(*options); }; });
}

}  // namespace rafted::app
