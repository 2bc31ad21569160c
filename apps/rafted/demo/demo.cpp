// `rafted demo`: three processes keep one queue through the death of their leader, and more.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "demo/config.hpp"
#include "demo/prompt.hpp"
#include "demo/story.hpp"

namespace rafted::app {
namespace {

namespace fs = std::filesystem;

struct DemoOptions {
    bool keep = false;
    bool no_keep = false;
    bool json = false;
    std::string dir;
};

/// Where the nodes keep their data; a temporary place is removed again on every path.
class Place {
public:
    static Result<std::unique_ptr<Place>> take(const std::string& dir) {
        auto place = std::make_unique<Place>();
        std::error_code code;
        if (dir.empty()) {
            std::string made = (fs::temp_directory_path() / "rafted-demo-XXXXXX").string();
            if (mkdtemp(made.data()) == nullptr) {
                return fail(ErrorCode::disk_failed, "cannot make a directory like " + made);
            }
            place->path = made;
            place->is_temporary = true;
            return place;
        }
        fs::create_directories(dir, code);
        if (code) return fail(ErrorCode::disk_failed, "cannot make " + dir + ": " + code.message());
        const bool is_empty = fs::is_empty(dir, code);
        if (code) return fail(ErrorCode::disk_failed, "cannot read " + dir + ": " + code.message());
        if (!is_empty) {
            return fail(ErrorCode::in_use,
                        dir + " is not empty; give the demo a directory of its own");
        }
        place->path = fs::absolute(dir).string();
        return place;
    }
    ~Place() {
        std::error_code ignored;
        if (is_temporary) fs::remove_all(path, ignored);
    }
    std::string path;
    bool is_temporary = false;
};

void print_json(const demo::Telling& telling, bool held, double seconds) {
    nlohmann::ordered_json json{{"held", held}, {"seconds", seconds}};
    for (const demo::Told& told : telling.told()) {
        json["steps"].push_back(
            {{"step", told.step}, {"measured", told.measured}, {"held", told.held}});
    }
    std::cout << json.dump(2) << std::endl;
}

void introduce(demo::Telling& telling, const Place& place) {
    const GroupConfig config = demo::config();
    telling.out() << "Three processes on this machine keep one value: a queue with length.\n"
                  << "Heartbeat " << config.heartbeat_interval.count() << " ms, election timeout "
                  << config.election_timeout.count() << " ms, clock drift margin "
                  << config.drift_margin().count() << " ms.\n"
                  << "Their journals and snapshots are in " << place.path
                  << (place.is_temporary ? ", removed at the end.\n\n" : ", which stays.\n\n");
}

int run(const DemoOptions& options) {
    demo::Interrupt interrupt;
    const auto place = Place::take(options.dir);
    if (!place) return report(place.error());
    demo::DemoCluster cluster((*place)->path, interrupt);
    demo::Telling telling(options.json ? std::cerr : std::cout);
    introduce(telling, **place);
    const auto start = demo::Clock::now();
    Result<void> told;
    {
        demo::Story story(cluster, telling);
        told = story.tell();
    }
    const double seconds = demo::ms_since(start) / 1000;
    telling.table();
    if (options.json) print_json(telling, told.has_value(), seconds);
    if (!told) {
        std::cerr << "\nrafted: the demo did not come to its end. " << told.error().message << "\n";
        if (told.error().code != ErrorCode::invalid) (void)report(told.error());
        return exit_failed;
    }
    telling.out() << "\nAll checks hold. The whole story took " << demo::text_of_ms(seconds * 1000)
                  << ".\n"
                  << std::flush;
    const bool on_terminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    if (options.keep || (on_terminal && !options.no_keep && !options.json)) {
        demo::prompt(cluster, interrupt);
    }
    cluster.stop_all();
    return exit_done;
}

}  // namespace

void add_demo(CLI::App& root, Chosen& chosen) {
    auto options = std::make_shared<DemoOptions>();
    auto* command = root.add_subcommand(
        "demo", "Shows a replicated value outliving its leader: three processes, real kills");
    auto* keep = command->add_flag(
        "--keep", options->keep,
        "Leave the cluster up with a prompt to type commands (the default on a terminal)");
    command->add_flag("--no-keep", options->no_keep, "End after the story")->excludes(keep);
    command->add_option("--dir", options->dir,
                        "Keep the nodes' data here (new or empty); default: a temporary "
                        "directory, removed at the end");
    command->add_flag("--json", options->json, "The summary as JSON on stdout, the story on stderr")
        ->excludes(keep);
    command->footer(
        "Every number it prints is measured, and every step is checked: exit code 1 if a check\n"
        "fails, and it says which.\n\n"
        "Examples:\n  rafted demo\n  rafted demo --no-keep --dir /tmp/demo");
    command->callback([options, &chosen] { chosen.run = [options] { return run(*options); }; });
}

}  // namespace rafted::app
