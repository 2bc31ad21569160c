// Many runs side by side, and the verdict of a test program. The runs know nothing of each other:
// threads share a counter and the least seed that failed, no more.
#include "rafted/sim_seeds.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "sim/guarded.hpp"

namespace rafted::sim {
namespace {

constexpr unsigned most_threads = 256;

/// The runs of one call, dealt to threads in the order of their seeds.
class Deal {
public:
    Deal(const SeedOptions& options, const SubjectMaker& make)
        : options_(options), make_(make), done_(options.seeds), first_failed_(options.seeds) {}

    void work() {
        for (unsigned i = next_++; i < options_.seeds && i < first_failed_; i = next_++) {
            Options run = options_.run;
            run.seed = options_.first_seed + i;
            run.trace = {};
            // Making the subject is the user's, too.
            Report report = guarded(run, [&] { return sim::run(run, make_()); });
            if (!report.ok) failed(i);
            // Of most runs nothing but figures is kept.
            report.history.clear();
            done_[i] = std::move(report);
        }
    }

    SeedsReport result() {
        SeedsReport all;
        const unsigned last = first_failed_;
        for (unsigned i = 0; i < options_.seeds && i <= last; ++i) {
            ++all.runs;
            all.simulated += done_[i].simulated;
            all.commands_ok += done_[i].commands_ok;
            all.queries_ok += done_[i].queries_ok;
            all.crashes += done_[i].crashes;
        }
        if (last < options_.seeds) all.failed = std::move(done_[last]);
        return all;
    }

private:
    void failed(unsigned i) {
        unsigned known = first_failed_;
        while (i < known && !first_failed_.compare_exchange_weak(known, i)) {
        }
    }

    const SeedOptions& options_;
    const SubjectMaker& make_;
    std::vector<Report> done_;
    std::atomic<unsigned> next_{0};
    std::atomic<unsigned> first_failed_;
};

void make_smaller(SeedsReport& all, unsigned most_runs, const SubjectMaker& make) {
    all.smallest = *all.failed;
    const bool can_shrink = all.failed->check != "options" && all.failed->check != "workload";
    if (most_runs == 0 || !can_shrink) return;
    auto [options, report] = shrink(all.options, make(), most_runs);
    // A value that is not deterministic may not fail again.
    if (report.ok) return;
    all.options = std::move(options);
    all.smallest = std::move(report);
}

Result<std::uint64_t> seed_of(std::string_view text) {
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (error == std::errc() && end == text.data() + text.size()) return seed;
    return fail(ErrorCode::invalid, "RAFTED_SEED is '" + std::string(text) + "', and no number");
}

/// The one run that is wished for; none if all seeds are to be run.
Result<std::optional<Options>> wished_run(const SeedOptions& options, const TestWishes& wishes) {
    if (wishes.seed.empty() && wishes.words.empty()) return std::nullopt;
    Options run = options.run;
    run.seed = options.first_seed;
    if (!wishes.words.empty()) {
        // The words say what differs from the usual; what they cannot say is as in the test.
        Options usual;
        usual.config = run.config;
        usual.guard = run.guard;
        usual.seed = run.seed;
        auto told = options_of(wishes.words, std::move(usual));
        if (!told) {
            return fail(ErrorCode::invalid, "RAFTED_SIM: " + told.error().message);
        }
        run = std::move(*told);
    }
    if (!wishes.seed.empty()) {
        const auto seed = seed_of(wishes.seed);
        if (!seed) return std::unexpected(seed.error());
        run.seed = *seed;
    }
    return run;
}

/// "RAFTED_SEED=7 RAFTED_SIM='--nodes 3' program --gtest_filter=A.B".
std::string command_for(const Report& report, const TestWishes& wishes) {
    std::string words = report.replay;
    const std::string seed = "--seed " + std::to_string(report.seed);
    if (words.starts_with(seed)) words.erase(0, seed.size());
    words.erase(0, words.find_first_not_of(' '));
    // Without words the test's own options hold, which need not be the usual ones.
    if (words.empty()) words = seed;
    return "RAFTED_SEED=" + std::to_string(report.seed) + " RAFTED_SIM='" + words + "' " +
           wishes.command;
}

std::string write_file(const std::string& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    return file ? "" : "cannot write " + path + "\n";
}

/// Runs it once more to take its trace; returns what went wrong.
std::string write_files(Options options, const TestWishes& wishes, const SubjectMaker& make) {
    if (wishes.trace_file.empty() && wishes.page_file.empty()) return {};
    std::string trace;
    options.trace = [&trace](std::string_view line) {
        trace += line;
        trace += '\n';
    };
    static_cast<void>(guarded(options, [&] { return run(options, make()); }));
    std::string wrong;
    if (!wishes.trace_file.empty()) wrong += write_file(wishes.trace_file, trace);
    if (wishes.page_file.empty()) return wrong;
    const auto page = page_of(trace);
    return wrong + (page ? write_file(wishes.page_file, *page) : page.error().message + "\n");
}

std::string words_of_all(const SeedsReport& all, const TestWishes& wishes) {
    const Report& failed = *all.failed;
    std::string text = "seed " + std::to_string(failed.seed) + " of a simulated run breaks \"" +
                       failed.check + "\": " + failed.text + "\n";
    if (all.runs > 1) {
        text += "(" + std::to_string(all.runs - 1) + " seeds before it went well)\n";
    }
    text += "\n" + story_of(all.smallest);
    if (!text.ends_with('\n')) text += '\n';
    text += "\nSee this run again:\n  " + command_for(all.smallest, wishes) + "\n";
    if (all.smallest.replay != failed.replay) {
        text += "All of seed " + std::to_string(failed.seed) + ":\n  " +
                command_for(failed, wishes) + "\n";
    }
    return text + "With RAFTED_SIM_HTML=run.html in front, it is drawn as a page.\n";
}

}  // namespace

SeedsReport run_seeds(const SeedOptions& options, const SubjectMaker& make) {
    Deal deal(options, make);
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const unsigned wanted = options.threads == 0 ? cores : options.threads;
    const unsigned count = std::min({wanted, options.seeds, most_threads});
    {
        std::vector<std::jthread> others;
        for (unsigned i = 1; i < count; ++i) others.emplace_back([&deal] { deal.work(); });
        deal.work();
    }
    SeedsReport all = deal.result();
    if (!all.failed) return all;
    all.options = options.run;
    all.options.trace = {};
    all.options.seed = all.failed->seed;
    make_smaller(all, options.most_shrink_runs, make);
    return all;
}

TestWishes wishes_of_environment(std::string command) {
    const auto value = [](const char* name) {
        const char* text = std::getenv(name);
        return std::string(text == nullptr ? "" : text);
    };
    return {value("RAFTED_SEED"), value("RAFTED_SIM"), value("RAFTED_SIM_TRACE"),
            value("RAFTED_SIM_HTML"), std::move(command)};
}

TestVerdict test_seeds(const SeedOptions& options, const TestWishes& wishes,
                       const SubjectMaker& make) {
    const auto wished = wished_run(options, wishes);
    if (!wished) return {false, wished.error().message};
    SeedOptions all = options;
    if (*wished) {
        all.run = **wished;
        all.first_seed = all.run.seed;
        all.seeds = 1;
        // A run that is told in words is small already.
        if (!wishes.words.empty()) all.most_shrink_runs = 0;
    }
    const SeedsReport report = run_seeds(all, make);
    Options shown = report.failed ? report.options : all.run;
    if (!report.failed) shown.seed = all.first_seed;
    const std::string unwritten = write_files(std::move(shown), wishes, make);
    if (!report.failed) return {unwritten.empty(), unwritten};
    return {false, words_of_all(report, wishes) + unwritten};
}

}  // namespace rafted::sim
