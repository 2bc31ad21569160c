// expect: rafted: command C has no codec
#include "rafted/group.hpp"
#include "rafted/typed.hpp"

struct Named {
    int name = 0;
};
struct Add : Named {
    int by = 0;
};
struct Counter {
    using Command = Add;
    using Query = rafted::Unit;
    int total = 0;
    int command(const Add& add) { return total += add.by; }
    int query(rafted::Unit) const { return total; }
};

void use() { rafted::Typed<Counter> typed; }
