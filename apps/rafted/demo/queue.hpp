// The value that the demo replicates: a queue with length, the reference's own example.
//   1. Answers depend on the queue and the command alone.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rafted/data.hpp"

namespace rafted::app::demo {

inline constexpr auto group_name = "queue";

struct Enqueue {
    std::string item;
};
struct Dequeue {};
struct Length {};
/// The whole queue, first item first.
struct Items {};

struct Queue {
    using Command = std::variant<Enqueue, Dequeue>;
    using Query = std::variant<Length, Items>;
    std::deque<std::string> items;

    /// The length before it.
    std::uint64_t command(const Enqueue& enqueue) {
        items.push_back(enqueue.item);
        return items.size() - 1;
    }
    /// The first item, or none.
    std::optional<std::string> command(const Dequeue&) {
        if (items.empty()) return std::nullopt;
        auto item = std::move(items.front());
        items.pop_front();
        return item;
    }
    std::uint64_t query(const Length&) const { return items.size(); }
    std::vector<std::string> query(const Items&) const { return {items.begin(), items.end()}; }
};

}  // namespace rafted::app::demo
