// Values that break the one rule of a value, each in another way; and one that keeps it. Each is
// wrong on purpose: the simulated world must say so, and name the command.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "rafted/sim.hpp"

namespace rafted::test::wrong {

struct Add {
    int by = 0;
};
struct Sum {};

/// Adds what the workload says, and reads the sum.
struct AddAndSum {
    std::variant<Add, Sum> operator()(sim::Chance& chance) const {
        if (chance.percent(30)) return Sum{};
        return Add{static_cast<int>(chance.below(9)) + 1};
    }
};

struct Adder {
    using Command = Add;
    using Query = Sum;
    int total = 0;
    int command(const Add& add) { return total += add.by; }
    int query(const Sum&) const { return total; }
};

struct ReadsClock : Adder {
    std::int64_t command(const Add& add) {
        Adder::command(add);
        return std::chrono::steady_clock::now().time_since_epoch().count();
    }
    void save(Writer& out) const { out.number(total); }
    void load(Reader& in) { total = in.number<int>(); }
};

/// Counts calls in what all members of a process share.
struct CountsInStatic : Adder {
    int command(const Add& add) {
        static int calls = 0;
        return Adder::command(add) + ++calls;
    }
    void save(Writer& out) const { out.number(total); }
    void load(Reader& in) { total = in.number<int>(); }
};

/// Its query writes: members that were asked differ from those that were not.
struct CountsQueries : Adder {
    mutable int asked = 0;
    int query(const Sum&) const {
        ++asked;
        return total;
    }
    void save(Writer& out) const {
        out.number(total);
        out.number(asked);
    }
    void load(Reader& in) {
        total = in.number<int>();
        asked = in.number<int>();
    }
};

/// Answers in the order of a container that is sorted by addresses.
struct OrderOfAddresses {
    using Command = Add;
    using Query = Sum;
    std::vector<std::shared_ptr<const int>> numbers;

    std::vector<int> command(const Add& add) {
        numbers.push_back(std::make_shared<const int>(add.by));
        std::unordered_map<const int*, int> seen;
        for (const auto& number : numbers) seen[number.get()] = *number;
        std::vector<int> all;
        for (const auto& [address, number] : seen) all.push_back(number);
        return all;
    }
    std::size_t query(const Sum&) const { return numbers.size(); }
    void save(Writer& out) const {
        std::vector<int> all;
        for (const auto& number : numbers) all.push_back(*number);
        encode(out, all);
    }
    void load(Reader& in) {
        std::vector<int> all;
        decode_into(in, all);
        numbers.clear();
        for (const int number : all) numbers.push_back(std::make_shared<const int>(number));
    }
};

/// A member that no constructor sets, and that is not saved.
struct NeverSet : Adder {
    NeverSet() {}  // NOLINT: that is the point
    int offset;
    int command(const Add& add) { return Adder::command(add) + offset; }
    void save(Writer& out) const { out.number(total); }
    void load(Reader& in) { total = in.number<int>(); }
};

/// Only members that were restored from a snapshot are wrong.
struct ForgetsField : Adder {
    int commands = 0;
    int command(const Add& add) {
        ++commands;
        return Adder::command(add) + commands / 10;
    }
    void save(Writer& out) const { out.number(total); }
    void load(Reader& in) { total = in.number<int>(); }
};

/// What it saves is more than it loads: no snapshot of it is of any use.
struct LoadsLess : Adder {
    int commands = 0;
    int command(const Add& add) {
        ++commands;
        return Adder::command(add);
    }
    void save(Writer& out) const {
        out.number(total);
        out.number(commands);
    }
    void load(Reader& in) { total = in.number<int>(); }
};

/// It cannot be saved once it has grown.
struct ThrowsInSave : Adder {
    void save(Writer& out) const {
        if (total > 50) throw std::runtime_error("too large for me");
        out.number(total);
    }
    void load(Reader& in) { total = in.number<int>(); }
};

/// The same, but only a query tells it.
struct ForgetsWhatIsAsked : Adder {
    int commands = 0;
    int command(const Add& add) {
        ++commands;
        return Adder::command(add);
    }
    int query(const Sum&) const { return commands; }
    void save(Writer& out) const { out.number(total); }
    void load(Reader& in) { total = in.number<int>(); }
};

/// Saves what it reads back otherwise.
struct LoadsOtherwise : Adder {
    void save(Writer& out) const { out.number(total); }
    void load(Reader& in) { total = in.number<int>() / 2 * 2; }
};

}  // namespace rafted::test::wrong
