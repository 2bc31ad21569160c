// The smallest replicated value: ten lines of it, and a group of one that lives in memory.
#include <cstdio>

#include "rafted/rafted.hpp"

struct Counter {  // any type with these three things can be replicated
    using Command = int;
    using Query = rafted::Unit;
    int total = 0;
    int command(int by) { return total += by; }
    int query(rafted::Unit) const { return total; }
};

int main() {
    auto node = rafted::Node::open({.listen = "127.0.0.1:0"});
    if (!node) return std::fputs(to_string(node.error()).c_str(), stderr), 1;
    auto hits = node->create_group<Counter>("hits");
    if (!hits) return std::fputs(to_string(hits.error()).c_str(), stderr), 1;

    for (const int by : {3, 4, 5}) {
        const auto total = hits->command(by);  // Result<int>: once, on a majority's disks
        if (!total) return std::fputs(to_string(total.error()).c_str(), stderr), 1;
        std::printf("after adding %d: %d\n", by, *total);
    }
    const auto total = hits->query({});
    return total && *total == 12 ? 0 : 1;
}
