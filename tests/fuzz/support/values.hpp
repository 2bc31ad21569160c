// Types as users have them, for what decodes users' bytes: one of each kind that the codec takes,
// and a value with several commands and queries.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "rafted/data.hpp"

namespace rafted::test {

enum class Colour : std::uint8_t { red, green, blue };

struct Point {
    std::int16_t x = 0;
    std::int16_t y = 0;
    auto operator<=>(const Point&) const = default;
};

struct Nothing {};

/// Contains itself.
struct Tree {
    std::int32_t value = 0;
    std::vector<Tree> children;
};

/// Saves itself, and throws at what it does not like.
class Even {
public:
    void save(Writer& out) const { out.number(value_); }
    void load(Reader& in) {
        value_ = in.number<std::uint16_t>();
        if (value_ % 2 != 0) throw std::runtime_error("it is odd");
    }

private:
    std::uint16_t value_ = 0;
};

struct Everything {
    std::string text;
    std::vector<std::uint64_t> run;
    std::vector<bool> bits;
    std::vector<Tree> trees;
    std::deque<double> doubles;
    std::list<Nothing> nothings;
    std::map<std::string, std::vector<std::string>> table;
    std::multimap<std::uint8_t, Point> points;
    std::set<Point> places;
    std::unordered_map<std::uint32_t, std::string> names;
    std::unordered_set<std::string> words;
    std::optional<Colour> colour;
    std::variant<std::monostate, Point, std::string, std::vector<Tree>> choice;
    std::tuple<bool, char, NodeId> parts;
    std::array<std::optional<Point>, 3> corners{};
    std::chrono::milliseconds time{};
    Even even;
};

/// A store of texts, with limits that it keeps by throwing.
struct Store {
    struct Put {
        std::string key;
        std::vector<std::string> values;
    };
    struct Erase {
        std::string key;
    };
    struct Get {
        std::string key;
    };
    struct Count {};
    using Command = std::variant<Put, Erase>;
    using Query = std::variant<Get, Count>;

    std::map<std::string, std::vector<std::string>> texts;

    std::uint64_t command(const Put& put) {
        if (put.key.empty()) throw std::invalid_argument("a key has at least one letter");
        texts[put.key] = put.values;
        return texts.size();
    }
    bool command(const Context& context, const Erase& erase) {
        return texts.erase(erase.key) > 0 && context.index > Index(0);
    }
    std::vector<std::string> query(const Get& get) const { return texts.at(get.key); }
    std::uint64_t query(Count) const { return texts.size(); }
};

}  // namespace rafted::test
