// One run: a world, its clients and its nemesis, watched from the first event to the last.
//
//   founding (no faults) ── weather: strikes and operations ── calm: a majority heals ── verdict
#include <algorithm>
#include <limits>
#include <utility>

#include "rafted/sim.hpp"
#include "sim/clients.hpp"
#include "sim/guard.hpp"
#include "sim/guarded.hpp"
#include "sim/nemesis.hpp"
#include "sim/replay.hpp"

namespace rafted::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view group_name = "value";

class Run {
public:
    Run(const Options& options, const Subject& subject, Plan plan)
        : options_(options),
          subject_(subject),
          plan_(std::move(plan)),
          world_(plan_.world, &recorder_),
          tracer_(now_, options.trace),
          onlooker_(now_, all_checks(), [this](const Violation& found) { violated(found); }),
          recorder_(std::string(group_name), onlooker_, tracer_,
                    [this](const Violation& found) { violated(found); }),
          guard_(subject.machine,
                 {subject.words, subject.query_words, subject.result_words, subject.answer_words,
                  subject.wrong, options.guard},
                 [this](std::string_view rule, const std::string& what) {
                     recorder_.breaks(rule, what);
                 }),
          clients_({world_, onlooker_, tracer_, plan_, subject_, std::string(group_name)}),
          nemesis_(field()) {
        recorder_.set_durable(plan_.durable);
        recorder_.on_recovered([this](Index kept) {
            guard_.forget_after(kept);
            clients_.history().close();
        });
        world_.on_carried = [this](const core::Message& message, const Network::Fate& fate) {
            tracer_.carried(message, fate);
            onlooker_.sent(message.from, message);
        };
    }

    Report run() {
        tracer_.head({options_.seed, options_.nodes, faults(), command()});
        const core::Time start = world_.now();
        begun_ = start;
        if (!nemesis_.found_group(options_.nodes) && !violation_) {
            violated({"founding", "the group was not founded in time, without any fault", {}, {}});
        }
        if (!violation_) storm();
        if (!violation_) calm();
        if (!violation_) judge();
        Report report = result();
        report.simulated =
            std::chrono::duration_cast<std::chrono::microseconds>(world_.now() - start);
        world_.shut_down();
        return report;
    }

private:
    Field field() {
        return {world_,
                recorder_,
                onlooker_,
                tracer_,
                plan_,
                std::string(group_name),
                [this](NodeId id) { return watched(subject_.machine, id, recorder_, guard_); },
                [this](std::uint64_t count) { clients_.pile_up(count); },
                [this](core::Duration timeout) { clients_.set_timeout(timeout); },
                [this](bool hushed) { clients_.set_hushed(hushed); },
                [this] { clients_.refresh(); }};
    }

    std::string command() const {
        const std::string& program = subject_.program;
        return program + (program.empty() ? "" : " ") + replay_of(options_);
    }

    std::vector<std::string> faults() const {
        std::vector<std::string> all;
        for (std::uint8_t i = 0; i < fault_count; ++i) {
            const auto fault = static_cast<Fault>(i);
            if (plan_.on.has(fault)) all.emplace_back(name_of(fault));
        }
        return all;
    }

    void violated(const Violation& found) {
        if (violation_) return;
        violation_ = found;
        violation_->at = world_.now();
        const std::string command = guard_.current();
        const bool is_named = found.check == "determinism" || found.check == "invariant";
        if (!command.empty() && !is_named) violation_->text += " (the command is " + command + ")";
        tracer_.violation(*violation_);
    }

    /// Lets time pass; stops early at a violation.
    void pass(core::Duration time) {
        world_.run_until([this] { return violation_.has_value(); }, time);
    }

    void storm() {
        nemesis_.begin();
        clients_.begin();
        pass(plan_.time);
    }

    void calm() {
        Calm calm;
        calm.live = nemesis_.calm();
        pass(longest_pause());
        calm.since = world_.now();
        calm.election_timeout = longest_timeout();
        onlooker_.calm(calm);
        Ended ended;
        const core::Duration T = calm.election_timeout;
        const core::Time until = calm.since + 30 * T;
        while (world_.now() < until && !violation_ && !ended.equal_since) {
            pass(T / 10);
            if (has_one_leader() && !ended.leader_since) ended.leader_since = world_.now();
            if (ended.leader_since && are_equal()) ended.equal_since = world_.now();
        }
        if (violation_) return;
        check_service(ended, 10 * T);
        // Everything that clients had asked for comes to its end.
        world_.run_until([this] { return violation_ || clients_.is_idle(); }, milliseconds(10'000));
        if (violation_) return;
        ended.messages_per_second = messages_at_rest() / std::max<std::size_t>(1, calm.live.size());
        if (violation_) return;
        ended.at = world_.now();
        onlooker_.ended(ended);
    }

    void judge() {
        if (!subject_.judge) return;
        const std::string wrong = subject_.judge(clients_.history().calls());
        if (!wrong.empty()) violated({"history", wrong, {}, {}});
    }

    /// In the calmest of ten seconds: nodes that had been about to join may still catch up.
    std::uint64_t messages_at_rest() {
        std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
        for (int second = 0; second < 10; ++second) {
            const std::uint64_t before = world_.carried();
            pass(std::chrono::seconds(1));
            least = std::min(least, world_.carried() - before);
        }
        return least;
    }

    void check_service(Ended& ended, core::Duration longest) {
        clients_.refresh();
        clients_.ask_now(false, [this](bool ok) { wrote_ = ok; });
        clients_.ask_now(true, [this](bool ok) { read_ = ok; });
        world_.run_until([this] { return violation_ || (wrote_ && read_); },
                         std::max<core::Duration>(longest, std::chrono::seconds(6)));
        ended.fresh_write_ok = wrote_.value_or(false);
        ended.fresh_read_ok = read_.value_or(false);
    }

    /// Until whoever stands still goes on: nobody can be woken before its time.
    core::Duration longest_pause() {
        core::Duration longest{};
        for (const NodeId id : world_.nodes()) {
            if (!world_.is_up(id)) continue;
            longest = std::max(longest, world_.process(id).paused_until() - world_.now());
        }
        return longest;
    }

    /// Of all configs that may be in force.
    core::Duration longest_timeout() const { return 3 * plan_.config.election_timeout; }

    std::vector<const NodeImage*> live() const {
        std::vector<const NodeImage*> all;
        for (const auto& [id, image] : onlooker_.images()) {
            if (image.is_up && !image.was_removed) all.push_back(&image);
        }
        return all;
    }
    bool has_one_leader() const {
        const auto all = live();
        const auto leads = [](const NodeImage* image) { return image->role == Role::leader; };
        if (std::ranges::count_if(all, leads) != 1) return false;
        const Term term = (*std::ranges::find_if(all, leads))->hard.term;
        return std::ranges::all_of(
            all, [term](const NodeImage* image) { return image->hard.term == term; });
    }
    /// Whoever runs has also taken its seat again.
    bool are_seated() {
        return std::ranges::all_of(world_.nodes(), [this](NodeId id) {
            const auto image = onlooker_.images().find(id);
            const bool is_seated = image != onlooker_.images().end() &&
                                   (image->second.is_up || image->second.was_removed);
            return !world_.is_up(id) || world_.homes(id).empty() || is_seated;
        });
    }
    bool are_equal() {
        if (!are_seated()) return false;
        const auto all = live();
        return std::ranges::all_of(all, [&](const NodeImage* image) {
            return image->commit == image->log.last() && image->applied == image->commit &&
                   image->commit == all.front()->commit;
        });
    }

    Report result() {
        Report report;
        report.seed = options_.seed;
        report.ok = !violation_.has_value();
        if (violation_) {
            report.check = violation_->check;
            report.text = violation_->text;
            report.at =
                std::chrono::duration_cast<std::chrono::microseconds>(violation_->at - begun_);
        }
        report.replay = replay_of(options_);
        report.faults = faults();
        report.strikes = nemesis_.story();
        report.history = clients_.history().calls();
        const auto& asked = clients_.figures();
        report.commands_ok = asked.commands_ok;
        report.queries_ok = asked.queries_ok;
        report.refused = asked.refused;
        report.unknown = asked.unknown;
        report.steps = recorder_.figures().steps;
        report.messages = world_.carried();
        report.elections = recorder_.figures().elections;
        report.crashes = nemesis_.crashes();
        report.snapshots = recorder_.figures().snapshots;
        tracer_.end(report.ok, report.ok ? "every rule held" : report.text);
        report.trace_hash = tracer_.hash();
        return report;
    }

    const Options& options_;
    const Subject& subject_;
    const Plan plan_;
    std::optional<Violation> violation_;
    core::Time begun_{};
    std::optional<bool> wrote_;
    std::optional<bool> read_;
    World world_;
    const core::Time& now_ = world_.loop().clock();
    Tracer tracer_;
    Onlooker onlooker_;
    Recorder recorder_;
    Guard guard_;
    Clients clients_;
    Nemesis nemesis_;
};

}  // namespace

Report run(const Options& options, const Subject& subject) {
    auto plan = plan_of(options);
    if (plan) {
        return guarded(options, [&] {
            return std::make_unique<Run>(options, subject, std::move(*plan))->run();
        });
    }
    Report report;
    report.seed = options.seed;
    report.ok = false;
    report.check = "options";
    report.text = plan.error().message;
    return report;
}

}  // namespace rafted::sim
