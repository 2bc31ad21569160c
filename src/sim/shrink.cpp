// Makes a failing run small: drops strikes, nodes, faults, operations and time, one kind after the
// other, and keeps what still fails the same check. Source: Zeller and Hildebrandt 2002 (ddmin).
//   1. What is kept has been run and has failed so; nothing is taken for granted.
//   2. It ends after most_runs runs, wherever it is then.
#include <algorithm>
#include <utility>

#include "sim/plan.hpp"

namespace rafted::sim {
namespace {

using Numbers = std::vector<unsigned>;

class Shrinker {
public:
    Shrinker(const Options& options, const Subject& subject, unsigned most_runs)
        : subject_(subject), left_(most_runs), best_(options) {
        best_.trace = {};
        report_ = run(best_, subject_);
    }

    std::pair<Options, Report> shrink(std::function<void(std::string_view)> trace) {
        const bool may_shrink = !report_.ok && report_.check != "options";
        while (may_shrink && left_ > 0) {
            const std::string before = report_.replay;
            shorten();
            drop_what_came_later();
            minimize(strikes());
            fewer_nodes();
            minimize(operations());
            only_faults_that_strike();
            fewer_operations();
            if (report_.replay == before) break;
        }
        best_.trace = std::move(trace);
        return {std::move(best_), std::move(report_)};
    }

private:
    /// Numbers of the plan, and where options keep which of them are left.
    struct Part {
        Numbers numbers;
        std::optional<Numbers> Options::* only = nullptr;
    };

    /// Adopts what still fails the same check.
    bool keep(const Options& options) {
        if (left_ == 0) return false;
        --left_;
        Report report = run(options, subject_);
        if (report.ok || report.check != report_.check) return false;
        best_ = options;
        report_ = std::move(report);
        return true;
    }

    Plan plan() const { return plan_of(best_).value(); }

    template <class T>
    static Numbers numbers_of(const std::vector<T>& planned) {
        Numbers numbers;
        for (const T& one : planned) numbers.push_back(one.number);
        std::ranges::sort(numbers);
        return numbers;
    }
    Part strikes() const { return {numbers_of(plan().strikes), &Options::only_strikes}; }
    Part operations() const { return {numbers_of(plan().calls), &Options::only_operations}; }

    bool keep_only(const Part& part, Numbers numbers) {
        Options options = best_;
        options.*part.only = std::move(numbers);
        return keep(options);
    }

    /// Leaves out chunks, from halves down to single ones.
    void minimize(Part part) {
        Numbers& all = part.numbers;
        if (all.empty()) return;
        if (keep_only(part, {})) return;
        std::size_t chunk = (all.size() + 1) / 2;
        while (left_ > 0 && all.size() > 1) {
            bool is_smaller = false;
            for (std::size_t at = 0; at < all.size() && left_ > 0;) {
                const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
                const auto size = std::min(chunk, all.size() - at);
                Numbers rest(all.begin(), begin);
                rest.insert(rest.end(), begin + static_cast<std::ptrdiff_t>(size), all.end());
                if (keep_only(part, rest)) {
                    all = std::move(rest);
                    is_smaller = true;
                } else {
                    at += size;
                }
            }
            if (chunk == 1 && !is_smaller) return;
            chunk = std::max<std::size_t>(1, std::min(chunk / 2, all.size() / 2));
        }
    }

    /// Everything planned moves with the time, so what is left of a plan already may not fit.
    void shorten() {
        while (best_.time.count() > 1) {
            Options options = best_;
            options.time = std::chrono::seconds(best_.time.count() / 2);
            if (!keep(options)) return;
        }
    }

    /// The run ended before these; it costs one run to be sure.
    void drop_what_came_later() {
        const Plan plan = this->plan();
        Options options = best_;
        const auto fits = [this](const auto& one) { return one.at <= report_.at; };
        const auto only = [&fits](auto planned, std::optional<Numbers>& into) {
            const std::size_t before = planned.size();
            std::erase_if(planned, [&fits](const auto& one) { return !fits(one); });
            if (planned.size() < before) into = numbers_of(planned);
        };
        only(plan.strikes, options.only_strikes);
        only(plan.calls, options.only_operations);
        const bool is_less = options.only_strikes != best_.only_strikes ||
                             options.only_operations != best_.only_operations;
        if (is_less) keep(options);
    }

    void fewer_nodes() {
        for (unsigned nodes = 1; nodes < best_.nodes; ++nodes) {
            Options options = best_;
            options.nodes = nodes;
            if (keep(options)) return;
        }
    }

    /// Faults without a strike go, and what is left strikes in every seed: no swarm any more. A
    /// fault's strikes are drawn for it alone, so they stay what they were under new numbers.
    void only_faults_that_strike() {
        const Plan old = plan();
        Options options = best_;
        options.faults = none();
        for (const Strike& strike : old.strikes) {
            options.faults = options.faults.with(strike.fault);
        }
        options.swarm = false;
        options.only_strikes.reset();
        const Plan fresh = plan_of(options).value();
        Numbers numbers;
        for (const Strike& strike : fresh.strikes) {
            const auto is_it = [&strike](const Strike& one) {
                return one.fault == strike.fault && one.choice == strike.choice;
            };
            if (std::ranges::any_of(old.strikes, is_it)) numbers.push_back(strike.number);
        }
        if (numbers.size() < fresh.strikes.size()) options.only_strikes = std::move(numbers);
        const bool is_news = options.faults != best_.faults || best_.swarm;
        if (is_news) keep(options);
    }

    void fewer_operations() {
        const Numbers numbers = operations().numbers;
        Options options = best_;
        options.operations = numbers.empty() ? 0 : numbers.back() + 1;
        if (numbers.size() == options.operations) options.only_operations.reset();
        if (options.operations < best_.operations) keep(options);
    }

    const Subject& subject_;
    unsigned left_;
    Options best_;
    Report report_;
};

}  // namespace

std::pair<Options, Report> shrink(const Options& options, const Subject& subject,
                                  unsigned most_runs) {
    return Shrinker(options, subject, most_runs).shrink(options.trace);
}

}  // namespace rafted::sim
