// `rafted explore`: every order of events within bounds, on the shipped member. Each search runs in
// a process of its own: a member that stops itself (CHECK) ends only that one, and the search is
// made again up to that step to tell the way there.
#include "explore/search.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"

namespace rafted::app {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;
using explore::Bounds;
using explore::Budget;
using explore::Ending;
using explore::Report;

struct ExploreCall {
    std::string scene;
    Bounds bounds;
    bool has_bounds = false;
    unsigned seconds = 600;
    std::uint64_t states = 0;
    std::uint64_t memory_mib = 4096;
    bool json = false;
};

struct Job {
    std::string name;
    Bounds bounds;
};

/// One number that parent and child both see.
class SharedNumber {
public:
    SharedNumber() {
        void* at = mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (at != MAP_FAILED) number_ = new (at) std::atomic<std::uint64_t>(0);
    }
    ~SharedNumber() {
        if (number_ != nullptr) munmap(number_, sizeof *number_);
    }
    SharedNumber(const SharedNumber&) = delete;
    SharedNumber& operator=(const SharedNumber&) = delete;

    bool works() const { return number_ != nullptr; }
    std::atomic<std::uint64_t>& value() { return *number_; }

private:
    std::atomic<std::uint64_t>* number_ = nullptr;
};

std::string bounds_in_words(const Bounds& bounds) {
    std::string text = std::to_string(bounds.members) + " members, terms up to " +
                       std::to_string(bounds.terms) + ", log up to " + std::to_string(bounds.log);
    if (bounds.keep_stale) text += ", stale answers kept";
    for (std::size_t i = 0; i < explore::budget_count; ++i) {
        if (bounds.budgets[i] == 0) continue;
        text += ", " + std::string(name_of(Budget(i))) + " " + std::to_string(bounds.budgets[i]);
    }
    return text;
}

std::uint64_t per_second(std::uint64_t count, double seconds) {
    return static_cast<std::uint64_t>(static_cast<double>(count) / std::max(seconds, 0.001));
}

std::string verdict_of(const Report& report) {
    switch (report.ending) {
        case Ending::violation: return "VIOLATION: " + report.violation;
        case Ending::halted: return "VIOLATION: the member stops itself; its message stands above";
        case Ending::exhausted: return "no violation; everything within the bounds was seen";
        default:
            return "no violation in what was seen; not all of it: " +
                   std::string(text_of(report.ending)) + " reached";
    }
}

void print(const Report& report, double seconds) {
    std::cout << "  " << report.distinct << " states, depth " << report.depth << ", "
              << report.transitions << " transitions, frontier " << report.frontier << "\n  "
              << report.nodes << " different nodes, " << report.messages << " different messages, "
              << report.steps << " steps of the core\n  "
              << static_cast<double>(static_cast<std::uint64_t>(seconds * 10)) / 10 << " s, "
              << per_second(report.distinct, seconds) << " states/s, "
              << per_second(report.transitions, seconds) << " transitions/s, "
              << (report.memory_bytes >> 20) << " MiB\n";
    for (std::size_t i = 0; i < report.story.size(); ++i) {
        std::cout << "  " << i + 1 << ". " << report.story[i] << "\n";
    }
    std::cout << "  " << verdict_of(report) << std::endl;
}

Json json_of(const Job& job, const Report& report, double seconds) {
    Json json{{"search", job.name},
              {"members", job.bounds.members},
              {"terms", job.bounds.terms},
              {"log", job.bounds.log},
              {"keep_stale", job.bounds.keep_stale}};
    for (std::size_t i = 0; i < explore::budget_count; ++i) {
        json[std::string(name_of(Budget(i)))] = job.bounds.budgets[i];
    }
    json["ending"] = text_of(report.ending);
    json["states"] = report.distinct;
    json["depth"] = report.depth;
    json["transitions"] = report.transitions;
    json["frontier"] = report.frontier;
    json["beyond_bounds"] = report.beyond;
    json["nodes"] = report.nodes;
    json["messages"] = report.messages;
    json["core_steps"] = report.steps;
    json["seconds"] = seconds;
    json["states_per_second"] = per_second(report.distinct, seconds);
    json["memory_mib"] = report.memory_bytes >> 20;
    json["levels"] = report.levels;
    json["violation"] = report.violation;
    json["story"] = report.story;
    return json;
}

int show(const ExploreCall& call, const Job& job, const Report& report, double seconds) {
    if (call.json) {
        std::cout << json_of(job, report, seconds).dump() << std::endl;
    } else {
        print(report, seconds);
    }
    const bool broken = report.ending == Ending::violation || report.ending == Ending::halted;
    return broken ? exit_failed : exit_done;
}

int run_search(const ExploreCall& call, const Job& job, explore::Limits limits) {
    const auto began = Clock::now();
    const Report report = explore::search(job.bounds, limits);
    const std::chrono::duration<double> took = Clock::now() - began;
    return show(call, job, report, took.count());
}

explore::Limits limits_of(const ExploreCall& call) {
    explore::Limits limits;
    if (call.states > 0) limits.states = call.states;
    limits.memory_bytes = call.memory_mib << 20;
    const auto end = Clock::now() + std::chrono::seconds(call.seconds);
    limits.may_go_on = [end] { return Clock::now() < end; };
    return limits;
}

/// The child that made the search has been ended by its own core: how did it come there?
int retrace(const ExploreCall& call, const Job& job, std::uint64_t step) {
    explore::Limits limits;
    limits.halt_at_step = step;
    limits.memory_bytes = call.memory_mib << 20;
    return run_search(call, job, limits);
}

struct Done {
    int code = exit_done;
    bool is_child = false;  ///< Its part is over: return this code from main.
};

Done run_job(const ExploreCall& call, const Job& job) {
    if (!call.json) std::cout << job.name << ": " << bounds_in_words(job.bounds) << std::endl;
    SharedNumber step;
    if (!step.works()) return {report_usage("no memory to share with the search"), false};
    const pid_t child = fork();
    if (child < 0) return {report_usage("no process for the search"), false};
    if (child == 0) {
        auto limits = limits_of(call);
        limits.before_step = [&step](std::uint64_t number) { step.value() = number; };
        return {run_search(call, job, limits), true};
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status)) return {WEXITSTATUS(status), false};
    if (WTERMSIG(status) == SIGABRT) return {retrace(call, job, step.value()), false};
    std::cerr << "rafted explore: the search was ended by signal " << WTERMSIG(status)
              << "; give it less with --memory-mib\n";
    return {exit_failed, false};
}

std::vector<Job> jobs_of(const ExploreCall& call) {
    if (call.has_bounds) return {{"given bounds", call.bounds}};
    std::vector<Job> jobs;
    for (const explore::Scene& scene : explore::scenes()) {
        const bool wanted = call.scene.empty() || call.scene == scene.name;
        if (wanted) jobs.push_back({std::string(scene.name), scene.bounds});
    }
    return jobs;
}

std::string scene_names() {
    std::string names;
    for (const explore::Scene& scene : explore::scenes()) {
        names += (names.empty() ? "" : ", ") + std::string(scene.name);
    }
    return names;
}

int run(const ExploreCall& call) {
    if (call.has_bounds && !call.scene.empty()) {
        return report_usage("--scene has bounds of its own; give either it or bounds");
    }
    if (const auto valid = call.bounds.validate(); !valid) {
        return report_usage(valid.error().message);
    }
    const auto jobs = jobs_of(call);
    if (jobs.empty()) {
        return report_usage("no scene is called " + call.scene + "; there are " + scene_names());
    }
    int code = exit_done;
    for (const Job& job : jobs) {
        const Done done = run_job(call, job);
        if (done.is_child) return done.code;
        code = std::max(code, done.code);
    }
    return code;
}

std::string flag_of(Budget budget) {
    std::string flag = "--" + std::string(name_of(budget));
    std::ranges::replace(flag, '_', '-');
    return flag;
}

std::string scene_list() {
    std::string text;
    for (const explore::Scene& scene : explore::scenes()) {
        text += "  " + std::string(scene.name) + ": " + std::string(scene.about) + "\n    " +
                bounds_in_words(scene.bounds) + "\n";
    }
    return text;
}

void add_bounds(CLI::App& command, const std::shared_ptr<ExploreCall>& call) {
    const auto add = [&](const std::string& flag, std::uint8_t& into, const std::string& about) {
        command
            .add_option_function<std::uint8_t>(
                flag,
                [call, &into](const std::uint8_t& value) {
                    into = value;
                    call->has_bounds = true;
                },
                about)
            ->type_name("N");
    };
    add("--members", call->bounds.members, "Voters at the start, 1 to 5 (3)");
    add("--terms", call->bounds.terms, "Largest term, 1 to 15 (2)");
    add("--log", call->bounds.log, "Largest index, 1 to 15; the founding entry is at 1 (3)");
    command.add_flag_callback(
        "--keep-stale", [call] { call->bounds.keep_stale = call->has_bounds = true; },
        "Answers of terms that are over are kept under way; many more states");
    constexpr const char* abouts[explore::budget_count] = {
        "Election timers that fire, and leaders that give up (0)",
        "Heartbeats of leaders (0)",
        "Commands (0)",
        "Crashes with a restart from what was durable (0)",
        "Writes that take time, and are lost in a crash meanwhile (0)",
        "Messages that arrive twice (0)",
        "Changes of the member list: one added, or one removed (0)",
        "Snapshots taken, by any member (0)",
        "Transfers of the lead (0)"};
    for (std::size_t i = 0; i < explore::budget_count; ++i) {
        add(flag_of(Budget(i)), call->bounds.budgets[i], abouts[i]);
    }
}

}  // namespace

void add_explore(CLI::App& root, Chosen& chosen) {
    auto call = std::make_shared<ExploreCall>();
    auto* command = root.add_subcommand(
        "explore", "Tries every order of events within bounds on the real member, breadth first");
    command->add_option("--scene", call->scene, "Only this one of the searches below")
        ->type_name("NAME");
    add_bounds(*command, call);
    command->add_option("--seconds", call->seconds, "End each search after this time (600)")
        ->type_name("N");
    command->add_option("--states", call->states, "End each search after so many states (no end)")
        ->type_name("N");
    command->add_option("--memory-mib", call->memory_mib, "End each search at this size (4096)")
        ->type_name("N");
    command->add_flag("--json", call->json, "One JSON object per search, each on a line");
    command->footer(
        "Messages may be delayed, reordered and lost without a bound: one that never arrives is\n"
        "lost. All else that may go wrong has a bound. A violation is told with a shortest path.\n"
        "Without bounds these searches are made:\n" +
        scene_list() +
        "Exit codes: 0 no violation (it says whether everything within the bounds was seen or a\n"
        "limit was hit), 1 a violation, 2 called wrongly.\n\nExamples:\n  rafted explore\n"
        "  rafted explore --terms 3 --log 4 --timeouts 3 --crashes 1 --seconds 600");
    command->callback([call, &chosen] { chosen.run = [call] { return run(*call); }; });
}

}  // namespace rafted::app
