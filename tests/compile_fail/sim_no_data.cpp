// expect: D::Query is missing
#include "rafted/sim.hpp"

struct Get {};
struct Counter {
    using Command = int;
    using Query = Get;
    int total = 0;
    int command(int by) { return total += by; }
    int query(const Get&) const { return total; }
};

struct Half {
    using Command = int;
    int command(int) { return 0; }
};

void use() {
    static_cast<void>(rafted::sim::run<Half>({}, [](rafted::sim::Chance&) { return 1; }));
}
