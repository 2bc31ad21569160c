// The value that `rafted sim` runs when no user brings one: keys with histories of their own, put,
// compared and swapped, appended to and counted, so that any lost, doubled or reordered command
// shows in a later answer.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "rafted/sim.hpp"

namespace rafted::sim {

struct Shelf {
    /// Answers with the value before.
    struct Put {
        std::string key;
        std::uint64_t value = 0;
    };
    /// Answers whether it was `from`.
    struct Swap {
        std::string key;
        std::uint64_t from = 0;
        std::uint64_t to = 0;
    };
    /// Answers with the count after.
    struct Add {
        std::int64_t by = 0;
    };
    /// Answers with how many there are now, and a digest of them all.
    struct Append {
        std::uint64_t value = 0;
    };
    struct Appended {
        std::uint64_t count = 0;
        std::uint64_t digest = 0;
    };
    /// Answers with the value, zero if there is none.
    struct Get {
        std::string key;
    };
    struct Count {};

    using Command = std::variant<Put, Swap, Add, Append>;
    using Query = std::variant<Get, Count>;

    std::uint64_t command(const Put& put);
    bool command(const Swap& swap);
    std::int64_t command(const Add& add);
    Appended command(const Append& append);
    std::uint64_t query(const Get& get) const;
    std::int64_t query(const Count& count) const;

    std::map<std::string, std::uint64_t> values;
    std::int64_t count = 0;
    Appended appended;
};

/// The shelf, with clients that use all of it, and a judge of what they saw.
Subject shelf();

/// Whether what clients of a shelf saw is linearizable: empty, or why it is not.
std::string judge_shelf(const std::vector<history::Call>& calls);
/// What they asked of keys, as JSON Lines for `rafted check --model kv --initial 0`.
std::string key_history_of(const std::vector<history::Call>& calls);

}  // namespace rafted::sim
