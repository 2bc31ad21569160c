// expect: callable as wrong(const D&) const
#include "rafted/sim.hpp"

struct Get {};
struct Counter {
    using Command = int;
    using Query = Get;
    int total = 0;
    int command(int by) { return total += by; }
    int query(const Get&) const { return total; }
};

struct Watching {
    int operator()(rafted::sim::Chance&) const { return 1; }
    bool wrong(const Counter&) const { return false; }
};

void use() { static_cast<void>(rafted::sim::run<Counter>({}, Watching{})); }
