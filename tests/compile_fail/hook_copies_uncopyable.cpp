// expect: rafted: a hook of H takes the value, but D is not copyable
#include "rafted/group.hpp"
#include "rafted/typed.hpp"

struct Enqueue {
    int item = 0;
};
struct Dequeue {};
struct Length {};
struct Image {
    void save(rafted::Writer&) const {}
};
struct Queue {
    using Command = std::variant<Enqueue, Dequeue>;
    using Query = Length;
    Queue() = default;
    Queue(const Queue&) = delete;
    int command(const Enqueue&) { return 0; }
    int command(const Dequeue&) { return 0; }
    int query(const Length&) const { return 0; }
    Image freeze() const { return {}; }
    void load(rafted::Reader&) {}
};
struct Hooks : rafted::LeaderHooks<Queue> {
    void on_elected(const Queue&) {}
};

void use() { rafted::Typed<Queue, Hooks> typed; }
