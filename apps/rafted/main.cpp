// The one binary of Rafted: reads the arguments and runs the subcommand they choose.
#include <iostream>

#include "command.hpp"

namespace {

constexpr auto about =
    "Rafted: typed, replicated values for C++.\n"
    "Looks at and tends groups that any program embedding the library runs.\n";

constexpr auto closing =
    "Exit codes: 0 done, 1 failed (stderr says what, and whether it happened), 2 called wrongly.\n"
    "Durations and sizes carry their unit in the name: _ms milliseconds, _bytes bytes.\n\n"
    "Examples:\n"
    "  rafted demo                                     see a value outlive its leader\n"
    "  rafted status 127.0.0.1:7001                    all groups of that node, all members\n"
    "  rafted leader move 127.0.0.1:7001 hits 127.0.0.1:7002\n"
    "  rafted backup 127.0.0.1:7001 hits backups/mon   the value of a running group, verified\n"
    "  rafted inspect data/a                           a directory that no process has open\n"
    "  rafted check run.jsonl --model kv               is a recorded history linearizable?\n";

/// The subcommand that was being read: a mistake is told with its name.
const CLI::App& deepest(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    return chosen.empty() ? app : deepest(*chosen.back());
}

std::string name_of(const CLI::App& app) {
    const CLI::App* parent = app.get_parent();
    return (parent == nullptr ? "" : name_of(*parent) + " ") + app.get_name();
}

/// The code, unless what was to be told did not get out: a full disk, say.
int told(int code) {
    std::cout.flush();
    if (std::cout) return code;
    std::cerr << "rafted: not all of the output could be written: is the disk full?\n";
    return code == rafted::app::exit_done ? rafted::app::exit_failed : code;
}

/// Reading arguments ends either with a request for help (0) or with a mistake (2).
int usage_code(const CLI::App& app, const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return told(app.exit(error, std::cout, std::cerr));
    const std::string name = name_of(deepest(app));
    std::cerr << name << ": " << error.what() << "\nSee " << name << " --help.\n";
    return rafted::app::exit_usage;
}

/// The first word that stands where a subcommand must, and is none; a null if there is none such.
const char* no_subcommand(const CLI::App*& app, int argc, char** argv) {
    for (int i = 1; i < argc && app->get_require_subcommand_min() > 0; ++i) {
        if (argv[i][0] == '-') return nullptr;
        const auto named =
            app->get_subcommands([&](const CLI::App* each) { return each->check_name(argv[i]); });
        if (named.empty()) return argv[i];
        app = named.front();
    }
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(about, "rafted");
    app.set_version_flag("--version", "rafted " RAFTED_VERSION);
    app.require_subcommand(1);
    app.footer(closing);
    app.get_formatter()->column_width(34);
    rafted::app::Chosen chosen;
    rafted::app::add_demo(app, chosen);
    rafted::app::add_status(app, chosen);
    rafted::app::add_member(app, chosen);
    rafted::app::add_leader(app, chosen);
    rafted::app::add_config(app, chosen);
    rafted::app::add_backup(app, chosen);
    rafted::app::add_restore(app, chosen);
    rafted::app::add_recover(app, chosen);
    rafted::app::add_inspect(app, chosen);
    rafted::app::add_check(app, chosen);
    rafted::app::add_sim(app, chosen);
    rafted::app::add_explore(app, chosen);
    rafted::app::add_demo_node(app, chosen);
    const CLI::App* at = &app;
    if (const char* word = no_subcommand(at, argc, argv)) {
        std::cerr << name_of(*at) << ": '" << word << "' is no subcommand\nSee " << name_of(*at)
                  << " --help.\n";
        return rafted::app::exit_usage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return usage_code(app, error);
    }
    return told(chosen.run());
}
