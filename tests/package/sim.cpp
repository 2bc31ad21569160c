// A program outside the tree that runs a value of its own in the installed simulated world.
#include <rafted/rafted.hpp>
#include <rafted/sim.hpp>

#include <cstdio>

struct Get {};
struct Counter {
    using Command = int;
    using Query = Get;
    int total = 0;
    int command(int by) { return total += by; }
    int query(const Get&) const { return total; }
};

int main() {
    const auto report = rafted::sim::run<Counter>(
        {.seed = 7, .nodes = 3, .faults = {rafted::sim::Fault::crash, rafted::sim::Fault::drop}},
        [](rafted::sim::Chance& chance) -> std::variant<int, Get> {
            if (chance.percent(30)) return Get{};
            return static_cast<int>(chance.below(10));
        });
    std::puts(story_of(report).c_str());
    return report.ok && report.commands_ok > 0 ? 0 : 1;
}
