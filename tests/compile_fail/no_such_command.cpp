// expect: rafted: this argument is no command of D
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

void use(const rafted::Group<Queue>& queue) {
    static_cast<void>(queue.command(Enqueue{1}));
    static_cast<void>(queue.command(Length{}));
}
