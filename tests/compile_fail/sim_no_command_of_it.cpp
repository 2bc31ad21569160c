// expect: C is no command of D
#include "rafted/sim.hpp"

struct Get {};
struct Counter {
    using Command = int;
    using Query = Get;
    int total = 0;
    int command(int by) { return total += by; }
    int query(const Get&) const { return total; }
};

void use() {
    static_cast<void>(rafted::sim::run<Counter>(
        {}, [](rafted::sim::Chance&) { return rafted::sim::command<Counter>("text"); }));
}
