#include "explore/search.hpp"

#include <algorithm>
#include <utility>

#include "explore/frontier.hpp"
#include "explore/story.hpp"

namespace rafted::explore {
namespace {

constexpr std::uint64_t states_between_questions = 1024;
/// More new states than follow from so many.
constexpr std::uint64_t states_of_one_question = 64 * states_between_questions;

class Search {
public:
    Search(const Bounds& bounds, const Limits& limits, const Hands& hands)
        : limits_(limits),
          rules_(bounds, hands),
          now_(rules_.nodes(), bounds.terms),
          next_(rules_.nodes(), bounds.terms) {
        rules_.memory().before_step = [this](std::uint64_t step) { return may_step(step); };
    }
    Report run();

private:
    bool may_step(std::uint64_t step) const {
        if (limits_.before_step) limits_.before_step(step);
        return limits_.halt_at_step == 0 || step < limits_.halt_at_step;
    }
    void meet(const World& world, const Link& link);
    void expand(std::uint32_t number);
    bool is_over();
    void end_with(std::uint32_t number, const Rules::Next& broken);
    std::uint64_t memory() const;
    /// The path to this state in words; the last world is that state.
    std::vector<std::string> story_of(std::uint32_t number);
    void finish();

    const Limits& limits_;
    Rules rules_;
    DigestSet visited_;
    Links links_;
    Frontier now_;
    Frontier next_;
    World world_;  ///< That is being expanded.
    std::vector<Rules::Next> found_;
    Report report_;
    bool over_ = false;
};

std::uint64_t Search::memory() const {
    const bool grows = visited_.grows_within(states_of_one_question);
    return (grows ? visited_.bytes_when_growing() : visited_.bytes()) + links_.bytes() +
           now_.bytes() + next_.bytes() + rules_.bytes();
}

bool Search::is_over() {
    const auto end_by = [this](Ending ending) {
        report_.ending = ending;
        over_ = true;
    };
    if (links_.size() >= std::min<std::uint64_t>(limits_.states, Table::none - 1)) {
        end_by(Ending::states);
    } else if (report_.expanded % states_between_questions == 0) {
        if (memory() > limits_.memory_bytes) {
            end_by(Ending::memory);
        } else if (!limits_.may_go_on()) {
            end_by(Ending::told);
        }
    }
    return over_;
}

void Search::meet(const World& world, const Link& link) {
    if (!visited_.insert(rules_.digest(world))) return;
    links_.push(link);
    next_.push(world);
}

void Search::expand(std::uint32_t number) {
    rules_.all_next(world_, found_);
    ++report_.expanded;
    for (const Rules::Next& next : found_) {
        ++report_.transitions;
        if (!next.violation.empty()) return end_with(number, next);
        if (next.beyond) {
            ++report_.beyond;
        } else {
            meet(next.world, {number, next.action});
        }
    }
}

void Search::end_with(std::uint32_t number, const Rules::Next& broken) {
    over_ = true;
    const bool is_halted = broken.violation == Memory::halted;
    report_.ending = is_halted ? Ending::halted : Ending::violation;
    report_.violation = is_halted ? "" : broken.violation;
    report_.story = story_of(number);
    // Whatever ended a process at this step is not done here again.
    report_.story.push_back(is_halted ? words_of(rules_.memory(), broken.action)
                                      : tell(rules_, world_, broken.action).line);
}

std::vector<std::string> Search::story_of(std::uint32_t number) {
    std::vector<Action> path;
    for (; number != 0; number = links_[number].from) path.push_back(links_[number].action);
    std::ranges::reverse(path);
    rules_.memory().before_step = nullptr;
    std::vector<std::string> lines;
    World world = rules_.start();
    for (const Action& action : path) {
        auto told = tell(rules_, world, action);
        lines.push_back(std::move(told.line));
        world = std::move(told.world);
    }
    return lines;
}

Report Search::run() {
    meet(rules_.start(), {});
    std::uint32_t number = 0;
    while (next_.size() > 0 && !over_) {
        report_.levels.push_back(next_.size());
        std::swap(now_, next_);
        next_.clear();
        while (now_.size() > 0 && !is_over()) {
            now_.pop(world_);
            expand(number++);
        }
    }
    finish();
    return std::move(report_);
}

void Search::finish() {
    report_.frontier = now_.size() + next_.size();
    if (next_.size() > 0) report_.levels.push_back(next_.size());
    report_.depth = report_.levels.size() - 1;
    report_.distinct = links_.size();
    report_.steps = rules_.memory().steps();
    report_.nodes = rules_.memory().nodes();
    report_.messages = rules_.memory().messages();
    report_.memory_bytes = memory();
}

}  // namespace

std::string_view text_of(Ending ending) {
    switch (ending) {
        case Ending::exhausted: return "exhausted";
        case Ending::violation: return "violation";
        case Ending::states: return "limit of states";
        case Ending::memory: return "limit of memory";
        case Ending::told: return "limit of time";
        case Ending::halted: return "halted";
    }
    return "";
}

Report search(const Bounds& bounds, const Limits& limits, const Hands& hands) {
    return Search(bounds, limits, hands).run();
}

}  // namespace rafted::explore
