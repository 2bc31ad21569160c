// expect: is it a mutable lambda?
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
    static_cast<void>(
        rafted::sim::run<Counter>({}, [n = 0](rafted::sim::Chance&) mutable { return ++n; }));
}
