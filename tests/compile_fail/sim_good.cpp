// expect: nothing
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
    std::variant<int, Get> operator()(rafted::sim::Chance&) const { return Get{}; }
    std::string wrong(const Counter&) const { return ""; }
};
struct Echo {
    using Command = int;
    using Query = int;
    int command(int) { return 0; }
    int query(int) const { return 0; }
};

void use() {
    using rafted::sim::Chance;
    static_cast<void>(rafted::sim::run<Counter>({.seed = 7}, Watching{}));
    static_cast<void>(rafted::sim::run<Counter>({.nodes = 3}, [](Chance&) { return 1; }));
    static_cast<void>(rafted::sim::run<Counter, rafted::LeaderHooks<Counter>>(
        {}, [](Chance&, unsigned) { return rafted::sim::stale_query<Counter>(Get{}); }));
    static_cast<void>(
        rafted::sim::run<Echo>({}, [](Chance&) { return rafted::sim::command<Echo>(1); }));
}
