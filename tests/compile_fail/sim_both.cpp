// expect: both a command and a query
#include "rafted/sim.hpp"

struct Get {};
struct Counter {
    using Command = int;
    using Query = Get;
    int total = 0;
    int command(int by) { return total += by; }
    int query(const Get&) const { return total; }
};

struct Echo {
    using Command = int;
    using Query = int;
    int command(int) { return 0; }
    int query(int) const { return 0; }
};

void use() {
    static_cast<void>(rafted::sim::run<Echo>({}, [](rafted::sim::Chance&) { return 1; }));
}
