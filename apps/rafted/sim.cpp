// `rafted sim`: runs the simulated world, one seed after the other or one alone, and tells how it
// went. The value that runs is the shelf (sim/shelf.hpp).
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "command.hpp"
#include "sim/page.hpp"
#include "sim/plan.hpp"
#include "sim/replay.hpp"
#include "sim/shelf.hpp"
#include "sim_runs.hpp"

namespace rafted::app {
namespace {

using Clock = std::chrono::steady_clock;
using sim::Options;
using sim::Report;

constexpr std::uint64_t usual_seeds = 200;
constexpr std::string_view program = "rafted sim ";

struct SimCall {
    Options options;
    std::string seed;
    std::string seeds;
    std::string faults;
    std::string only_strikes;
    std::string only_operations;
    std::string trace;
    std::string html;
    std::string history;
    std::int64_t seconds = 60;
    unsigned jobs = 0;
    unsigned shrink_runs = 400;
    bool no_swarm = false;
    bool disk = false;
    bool memory = false;
    bool stop_at_first = false;
    bool shrink = false;
    bool lists_faults = false;
    bool json = false;

    bool writes_files() const { return !(trace.empty() && html.empty() && history.empty()); }
    bool is_one_run() const { return !seed.empty(); }
};

/// Sums over all runs.
struct Sums {
    Clock::time_point began = Clock::now();
    std::uint64_t runs = 0;
    std::uint64_t violations = 0;
    std::uint64_t stuck = 0;
    double simulated_seconds = 0;
    std::map<std::string, std::uint64_t> figures{};

    double seconds() const { return std::chrono::duration<double>(Clock::now() - began).count(); }
    double factor() const { return simulated_seconds / std::max(seconds(), 0.001); }
};

constexpr std::string_view figure_names[] = {"commands_ok", "queries_ok", "refused",
                                             "unknown",     "steps",      "messages",
                                             "elections",   "crashes",    "snapshots"};

/// What did not come to its end, rather than come to a wrong one.
bool is_stuck(std::string_view check) { return check == "liveness" || check == "founding"; }

Result<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return number;
    return fail(ErrorCode::invalid, "'" + std::string(text) + "' is no seed; seeds are whole " +
                                        "numbers, as --seed 7 or --seeds 1..2000");
}

Result<Seeds> seeds_in(const SimCall& call) {
    Seeds seeds{1, usual_seeds, call.jobs, call.stop_at_first};
    if (seeds.jobs == 0) seeds.jobs = std::max(1U, std::thread::hardware_concurrency());
    if (call.seeds.empty()) return seeds;
    const auto dots = call.seeds.find("..");
    const auto first = number_in(std::string_view(call.seeds).substr(0, dots));
    if (!first) return std::unexpected(first.error());
    const auto last = dots == std::string::npos
                          ? first
                          : number_in(std::string_view(call.seeds).substr(dots + 2));
    if (!last) return std::unexpected(last.error());
    if (*last < *first || *last - *first >= 1'000'000'000) {
        return fail(ErrorCode::invalid, "--seeds " + call.seeds + " is no range; first..last, " +
                                            "at most 1000000000 of them");
    }
    seeds.first = *first;
    seeds.last = *last;
    return seeds;
}

template <class T, class Read>
Result<void> read_into(std::optional<T>& into, const std::string& text, const Read& read) {
    if (text.empty()) return {};
    auto value = read(text);
    if (!value) return std::unexpected(value.error());
    into = std::move(*value);
    return {};
}

Result<Options> options_of(const SimCall& call) {
    Options options = call.options;
    options.time = std::chrono::seconds(call.seconds);
    options.swarm = !call.no_swarm;
    if (call.disk || call.memory) options.durable = call.disk;
    std::optional<std::uint64_t> seed;
    std::optional<sim::Faults> faults;
    auto ok = read_into(seed, call.seed, number_in);
    if (ok) ok = read_into(faults, call.faults, sim::faults_of);
    if (ok) ok = read_into(options.only_strikes, call.only_strikes, sim::numbers_of);
    if (ok) ok = read_into(options.only_operations, call.only_operations, sim::numbers_of);
    if (!ok) return std::unexpected(ok.error());
    options.seed = seed.value_or(options.seed);
    options.faults = faults.value_or(options.faults);
    if (const auto plan = sim::plan_of(options); !plan) return std::unexpected(plan.error());
    return options;
}

Json json_of(const Report& report, std::uint64_t seed) {
    Json json{{"seed", seed}, {"ok", report.ok}};
    if (!report.ok) {
        json["check"] = report.check;
        json["text"] = report.text;
        json["at_us"] = report.at.count();
    }
    json["replay"] = std::string(program) + report.replay;
    char hash[17];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(report.trace_hash));
    json["hash"] = hash;
    const std::uint64_t figures[] = {report.commands_ok, report.queries_ok, report.refused,
                                     report.unknown,     report.steps,      report.messages,
                                     report.elections,   report.crashes,    report.snapshots};
    for (std::size_t i = 0; i < std::size(figures); ++i) {
        json[std::string(figure_names[i])] = figures[i];
    }
    json["simulated_seconds"] = static_cast<double>(report.simulated.count()) / 1e6;
    if (!report.ok) {
        json["faults"] = report.faults;
        json["strikes"] = report.strikes;
    }
    return json;
}

void add_to(Sums& sums, const Json& run) {
    ++sums.runs;
    if (!run.value("ok", false)) {
        ++(is_stuck(run.value("check", "")) ? sums.stuck : sums.violations);
    }
    sums.simulated_seconds += run.value("simulated_seconds", 0.0);
    for (const auto name : figure_names) {
        const std::string key(name);
        sums.figures[key] += run.value(key, std::uint64_t{0});
    }
}

int finish(const SimCall& call, const Sums& sums) {
    if (call.json) {
        Json json{{"seeds", sums.runs},        {"violations", sums.violations},
                  {"stuck", sums.stuck},       {"simulated_seconds", sums.simulated_seconds},
                  {"seconds", sums.seconds()}, {"real_time_factor", sums.factor()}};
        for (const auto name : figure_names) {
            json[std::string(name)] = sums.figures.at(std::string(name));
        }
        std::cout << json.dump() << "\n";
    } else if (!call.is_one_run()) {
        char speed[100];
        std::snprintf(speed, sizeof speed,
                      "  %.0f simulated seconds in %.1f s: %.0f times real time",
                      sums.simulated_seconds, sums.seconds(), sums.factor());
        std::cout << sums.runs << " seeds: " << sums.violations << " violations, " << sums.stuck
                  << " stuck\n"
                  << speed << "\n ";
        for (const auto name : figure_names) {
            std::string words(name);
            std::ranges::replace(words, '_', ' ');
            std::cout << " " << words << " " << sums.figures.at(std::string(name));
        }
        std::cout << "\n";
    }
    std::cout.flush();
    return sums.violations + sums.stuck > 0 ? exit_failed : exit_done;
}

/// The run, and if it fails and that is wanted, the smallest run that fails so, too.
Report run_and_shrink(const SimCall& call, Options& options) {
    const auto subject = sim::shelf();
    Report report = sim::run(options, subject);
    if (report.ok || !call.shrink) return report;
    std::tie(options, report) = sim::shrink(options, subject, call.shrink_runs);
    return report;
}

/// A file that takes text; it says so if it cannot.
class OutFile {
public:
    explicit OutFile(const std::string& name) : name_(name) {
        if (!name.empty()) file_.open(name, std::ios::binary | std::ios::trunc);
    }
    bool is_wanted() const { return !name_.empty(); }
    void write(std::string_view text) { file_ << text; }
    /// For who reads it should the run end before its time.
    void flush() { file_.flush(); }
    bool is_good() {
        if (!is_wanted()) return true;
        flush();
        if (file_) return true;
        std::cerr << "rafted sim: cannot write " << name_ << ": " << std::strerror(errno) << "\n";
        return false;
    }

private:
    std::string name_;
    std::ofstream file_;
};

/// The same run again, with its trace and all that is made from it. False if a file is not written.
bool write_files(const SimCall& call, Options options) {
    OutFile trace(call.trace);
    OutFile html(call.html);
    OutFile history(call.history);
    if (!trace.is_good() || !html.is_good() || !history.is_good()) return false;
    std::string lines;
    options.trace = [&](std::string_view line) {
        if (html.is_wanted()) (lines += line) += '\n';
        if (!trace.is_wanted()) return;
        trace.write(line);
        trace.write("\n");
        trace.flush();
    };
    const Report report = sim::run(options, sim::shelf());
    if (html.is_wanted()) {
        const auto page = sim::trace_page(lines);
        if (!page) {
            std::cerr << "rafted sim: " << to_string(page.error()) << "\n";
            return false;
        }
        html.write(*page);
    }
    if (history.is_wanted()) history.write(sim::key_history_of(report.history));
    return trace.is_good() && html.is_good() && history.is_good();
}

int run_one(const SimCall& call, Options options) {
    // Written while it runs, so that it is there even if the run ends the process.
    if (call.writes_files() && !call.shrink && !write_files(call, options)) return exit_failed;
    Sums sums;
    const std::uint64_t seed = options.seed;
    const Report report = run_and_shrink(call, options);
    if (call.writes_files() && call.shrink && !write_files(call, options)) return exit_failed;
    const Json json = json_of(report, seed);
    add_to(sums, json);
    if (call.json) {
        std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
    } else {
        std::cout << sim::story_of(report) << "replay: " << program << report.replay << "\n";
    }
    return finish(call, sums);
}

/// Says how far it is, if somebody looks.
class Progress {
public:
    explicit Progress(std::uint64_t all) : all_(all), is_seen_(isatty(STDERR_FILENO) == 1) {}
    void one_more() {
        ++done_;
        if (is_seen_ && (done_ % 10 == 0 || done_ == all_)) {
            std::cerr << "\r" << done_ << " of " << all_ << " seeds" << std::flush;
        }
    }
    void wipe() {
        if (is_seen_) std::cerr << "\r\033[K" << std::flush;
    }

private:
    std::uint64_t all_;
    std::uint64_t done_ = 0;
    bool is_seen_;
};

void print(const SimCall& call, const Json& run) {
    if (call.json) {
        std::cout << run.dump() << std::endl;
        return;
    }
    if (run.value("ok", false)) return;
    if (run.contains("story")) {
        std::cout << run["story"].get<std::string>();
    } else {
        std::cout << "seed " << run["seed"] << ": " << run.value("check", "") << ": "
                  << run.value("text", "") << "\n";
    }
    std::cout << "replay: " << run.value("replay", "") << std::endl;
}

int run_many(const SimCall& call, const Options& options, const Seeds& seeds) {
    Sums sums;
    Progress progress(seeds.last - seeds.first + 1);
    const auto run = [&](std::uint64_t seed) {
        Options one = options;
        one.seed = seed;
        const Report report = run_and_shrink(call, one);
        Json json = json_of(report, seed);
        if (!report.ok && call.shrink) json["story"] = sim::story_of(report);
        return json;
    };
    const auto ended = [&](std::uint64_t seed, int signal) {
        Options one = options;
        one.seed = seed;
        return Json{{"seed", seed},
                    {"ok", false},
                    {"check", "member check"},
                    {"text", "the run was ended by signal " + std::to_string(signal) +
                                 "; what it said stands in the error output"},
                    {"ending", "halted"},
                    {"replay", std::string(program) + sim::replay_of(one)}};
    };
    const auto told = [&](const Json& json) {
        add_to(sums, json);
        progress.one_more();
        if (!json.value("ok", false)) progress.wipe();
        print(call, json);
    };
    const Ran ran = run_seeds(seeds, run, ended, told);
    if (ran.is_child) return exit_done;
    progress.wipe();
    if (ran.trouble != nullptr) return report_usage(ran.trouble);
    return finish(call, sums);
}

int run(const SimCall& call) {
    if (call.lists_faults) {
        for (std::uint8_t i = 0; i < sim::fault_count; ++i) {
            std::cout << name_of(static_cast<sim::Fault>(i)) << "\n";
        }
        return exit_done;
    }
    const auto options = options_of(call);
    if (!options) return report_usage(options.error().message);
    if (call.is_one_run()) return run_one(call, *options);
    if (call.writes_files()) {
        return report_usage("--trace, --html and --history show one run; say which with --seed");
    }
    const auto seeds = seeds_in(call);
    if (!seeds) return report_usage(seeds.error().message);
    return run_many(call, *options, *seeds);
}

constexpr auto help =
    "Without arguments: seeds 1..200. Each seed draws which faults are on, when they strike, and\n"
    "what clients ask for. A run fails at the first broken rule; the line \"replay:\" shows it\n"
    "again, from any build. A run that ends its process (a broken invariant within) is told like\n"
    "any other; the others go on.\n\n"
    "Exit codes: 0 every rule held, 1 a rule was broken or a run did not come to rest, 2 called\n"
    "wrongly.\n\n"
    "Examples:\n"
    "  rafted sim --seeds 1..2000 --stop-at-first\n"
    "  rafted sim --seed 7 --shrink --html run.html\n"
    "  rafted sim --seeds 1..500 --faults crash,drop,move_lead --no-swarm --nodes 3\n"
    "  rafted sim --seed 7 --history run.jsonl; rafted check run.jsonl --model kv --initial 0";

void add_options(CLI::App& command, SimCall& call) {
    auto* seed = command.add_option("--seed", call.seed, "One run, told as a story");
    command.add_option("--seeds", call.seeds, "Runs of all these seeds, as 1..2000 (1..200)")
        ->excludes(seed)
        ->type_name("A..B");
    seed->type_name("N");
    command.add_option("--nodes", call.options.nodes, "Members at the beginning, 1 to 9 (5)");
    command.add_option("--faults", call.faults,
                       "Which may strike, as drop,crash or all,-lose_disk (all)");
    command.add_flag("--no-swarm", call.no_swarm, "All of these faults, not a subset by the seed");
    command.add_option("--operations", call.options.operations, "Commands and queries (500)");
    command.add_option("--clients", call.options.clients, "Who asks for them (4)");
    command.add_option("--time", call.seconds, "Simulated seconds with faults (60)");
    auto* disk = command.add_flag("--disk", call.disk, "Nodes have disks (else drawn by the seed)");
    command.add_flag("--memory", call.memory, "Nodes keep nothing")->excludes(disk);
    command.add_option("--only-strikes", call.only_strikes, "Only these of the plan, as 2,5-9");
    command.add_option("--only-operations", call.only_operations, "Only these of the plan");
    command.add_option("--jobs", call.jobs, "Runs side by side (one per core)")
        ->check(CLI::Range(1U, 256U));
    command.add_flag("--stop-at-first", call.stop_at_first, "End at the first seed that fails");
    command.add_flag("--shrink", call.shrink,
                     "Look for the smallest run that breaks the same rule, and tell that");
    command.add_option("--shrink-runs", call.shrink_runs, "How many runs that may take (400)");
    command.add_option("--trace", call.trace, "Write the run as JSON Lines (docs/testing.md)");
    command.add_option("--html", call.html, "Write the run as a page for a browser");
    command.add_option("--history", call.history,
                       "Write what clients saw of keys as JSON Lines, for rafted check");
    command.add_flag("--list-faults", call.lists_faults, "Name the faults");
    command.add_flag("--json", call.json, "One JSON object per run on a line, then one of sums");
}

}  // namespace

void add_sim(CLI::App& root, Chosen& chosen) {
    auto call = std::make_shared<SimCall>();
    auto* command = root.add_subcommand(
        "sim", "Runs a group in a simulated world with every fault, from seeds");
    add_options(*command, *call);
    command->footer(help);
    command->callback([call, &chosen] { chosen.run = [call] { return run(*call); }; });
}

}  // namespace rafted::app
