// A queue with length, on three nodes: several commands with a result type each, and a second and
// third member that catch up before they vote. Here all live in one process.
#include <cstdio>
#include <deque>

#include "rafted/rafted.hpp"

struct Enqueue {
    std::string item;
};
struct Dequeue {};
struct Length {};

struct Queue {
    using Command = std::variant<Enqueue, Dequeue>;
    using Query = Length;
    std::deque<std::string> items;

    std::size_t command(const Enqueue& enqueue) {  // answers the length before it
        items.push_back(enqueue.item);
        return items.size() - 1;
    }
    std::optional<std::string> command(const Dequeue&) {
        if (items.empty()) return {};
        auto item = items.front();
        items.pop_front();
        return item;
    }
    std::size_t query(const Length&) const { return items.size(); }
};

rafted::Result<void> run() {
    auto a = rafted::Node::open({.listen = "127.0.0.1:0"});
    auto b = rafted::Node::open({.listen = "127.0.0.1:0"});
    auto c = rafted::Node::open({.listen = "127.0.0.1:0"});
    for (const auto* node : {&a, &b, &c})
        if (!*node) return std::unexpected(node->error());
    auto queue = a->create_group<Queue>("queue");
    if (!queue) return std::unexpected(queue.error());
    for (auto* node : {&b, &c}) {  // each returns when it votes
        const auto joined = (*node)->join_group<Queue>("queue", {a->address()});
        if (!joined) return std::unexpected(joined.error());
    }
    for (const char* item : {"bread", "milk", "eggs"}) {
        const auto before = queue->command(Enqueue{item});
        if (!before) return std::unexpected(before.error());
        std::printf("%s is number %zu\n", item, *before + 1);
    }
    const auto first = queue->command(Dequeue{});
    const auto length = queue->query({});
    if (!first || !length) return std::unexpected(first ? length.error() : first.error());
    std::printf("took %s, %zu left\n", first->value_or("nothing").c_str(), *length);
    return {};
}

int main() {
    const auto done = run();
    if (!done) return std::fprintf(stderr, "%s\n", to_string(done.error()).c_str()), 1;
}
