// expect: rafted: the result of D::command(const C&) has no codec
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
    int* command(const Enqueue&) { return nullptr; }
    int command(const Dequeue&) { return 0; }
    int query(const Length&) const { return 0; }
};

void use(const rafted::Group<Queue>& queue) {
    rafted::Typed<Queue> typed;
    rafted::Typed<Queue> another;
    const rafted::Group<Queue> copy(std::shared_ptr<rafted::Caller>{});
    static_cast<void>(queue.command(Enqueue{1}));
    static_cast<void>(queue.command(Enqueue{2}));
    static_cast<void>(queue.start_query(Length{}).get());
}
