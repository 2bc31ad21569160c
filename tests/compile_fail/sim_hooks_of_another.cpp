// expect: must derive publicly from LeaderHooks
#include "rafted/sim.hpp"

struct Get {};
struct Counter {
    using Command = int;
    using Query = Get;
    int total = 0;
    int command(int by) { return total += by; }
    int query(const Get&) const { return total; }
};

struct Hooks {};

void use() {
    static_cast<void>(rafted::sim::run<Counter, Hooks>({}, [](rafted::sim::Chance&) { return 1; }));
}
