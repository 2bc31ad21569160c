// expect: rafted: D cannot be saved
#include "rafted/group.hpp"
#include "rafted/typed.hpp"

// Its save is not const, so that it would be saved by its fields, and loaded by its load.
struct Counter {
    using Command = int;
    using Query = rafted::Unit;
    int total = 0;
    int command(int by) { return total += by; }
    int query(rafted::Unit) const { return total; }
    void save(rafted::Writer& out) { out.number(total); }
    void load(rafted::Reader& in) { total = in.number<int>(); }
};

void use() { rafted::Typed<Counter> typed; }
