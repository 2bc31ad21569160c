// Your own value in a simulated world of lost messages, power cuts, wrong clocks and full disks. A
// right value goes through; a wrong one, which reads the clock of the machine, is found.
#include <chrono>
#include <cstdio>
#include <map>

#include "rafted/rafted.hpp"
#include "rafted/sim_seeds.hpp"

struct Put {
    std::string item;
    int count = 0;
};
struct Take {
    std::string item;
};
struct Count {
    std::string item;
};

struct Stock {
    using Command = std::variant<Put, Take>;
    using Query = Count;
    std::map<std::string, int> items;

    int command(const Put& put) { return items[put.item] += put.count; }
    bool command(const Take& take) {
        int& count = items[take.item];
        return count > 0 && count-- > 0;
    }
    int query(const Count& count) const {
        const auto found = items.find(count.item);
        return found == items.end() ? 0 : found->second;
    }
};

/// What clients ask for, and what must always hold.
struct Shoppers {
    std::variant<Put, Take, Count> operator()(rafted::sim::Chance& chance) const {
        const std::string item = chance.percent(50) ? "bread" : "salt";
        if (chance.percent(30)) return Count{item};
        if (chance.percent(40)) return Put{item, 1 + static_cast<int>(chance.below(3))};
        return Take{item};
    }
    std::string wrong(const Stock& stock) const {
        for (const auto& [item, count] : stock.items) {
            if (count < 0) return "there are " + std::to_string(count) + " of " + item;
        }
        return {};
    }
};

/// Wrong on purpose: it answers with the time, and every member reads another clock.
struct Stamped : Stock {
    std::chrono::nanoseconds command(const Put& put) {
        Stock::command(put);
        return std::chrono::system_clock::now().time_since_epoch();
    }
    bool command(const Take& take) { return Stock::command(take); }
    void save(rafted::Writer& out) const { rafted::encode(out, items); }
    void load(rafted::Reader& in) { rafted::decode_into(in, items); }
};

int main() {
    const rafted::sim::SeedOptions twenty{.seeds = 20, .run = {.nodes = 3}};
    const auto right = rafted::sim::run_seeds<Stock>(twenty, Shoppers{});
    if (right.failed) return std::puts(story_of(right.smallest).c_str()), 1;
    std::printf("a right value: %llu seeds, %llu commands, %llu crashes, no rule broken\n",
                static_cast<unsigned long long>(right.runs),
                static_cast<unsigned long long>(right.commands_ok),
                static_cast<unsigned long long>(right.crashes));

    const auto wrong = rafted::sim::run<Stamped>({.seed = 7}, Shoppers{});
    std::printf("a wrong one: %s: %s\n", wrong.check.c_str(), wrong.text.c_str());
    return wrong.ok ? 1 : 0;
}
