// expect: rafted: H::on_elected or on_restored_from_files
#include "rafted/group.hpp"
#include "rafted/typed.hpp"

struct Enqueue {
    int item = 0;
};
struct Dequeue {};
struct Length {};
struct Queue {
    using Command = std::variant<Enqueue, Dequeue>;
    using Query = Length;
    int command(const Enqueue&) { return 0; }
    int command(const Dequeue&) { return 0; }
    int query(const Length&) const { return 0; }
};
struct Hooks : rafted::LeaderHooks<Queue> {
private:
    void on_elected() {}
};

void use() { rafted::Typed<Queue, Hooks> typed; }
