// expect: rafted: D::command(const C&) is missing
#include "rafted/node.hpp"

struct Enqueue {
    int item = 0;
};
struct Dequeue {};
struct Length {};
struct Queue {
    using Command = std::variant<Enqueue, Dequeue>;
    using Query = Length;
    int command(const Dequeue&) { return 0; }
    int query(const Length&) const { return 0; }
};

void use(rafted::Node& node) {
    auto queue = node.create_group<Queue>("queue");
    static_cast<void>(node.join_group<Queue>("queue", {"localhost:1"}));
    static_cast<void>(queue->command(Enqueue{1}));
    static_cast<void>(queue->command(Dequeue{}));
}
