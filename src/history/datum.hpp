// A piece of data from a history file, whichever format it was written in.
//   1. Two data are the same exactly if they print the same.
//   2. A JSON string and an EDN string are alike; an EDN keyword is not a string.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rafted::history {

struct Datum {
    enum class Kind : std::uint8_t { nil, boolean, number, text, keyword, symbol, list, set, map };

    Kind kind = Kind::nil;
    std::uint32_t line = 0;    ///< Where it starts, from 1; 0 if it comes from no file.
    std::string text;          ///< Of everything that is no container, without quotes or colon.
    std::vector<Datum> items;  ///< Of containers; a map has its keys and values in turn.

    bool is_nil() const { return kind == Kind::nil; }
    bool is_list() const { return kind == Kind::list; }
    bool is_pair() const { return kind == Kind::list && items.size() == 2; }
    /// Text, keyword or symbol.
    bool is_name() const;
    bool is_name(std::string_view name) const { return is_name() && text == name; }
    bool is_true() const { return kind == Kind::boolean && text == "true"; }
    bool is_false() const { return kind == Kind::boolean && text == "false"; }
    /// The number, if it is a whole one of 64 bits.
    std::optional<std::int64_t> integer() const;
    /// What a map has under a text, keyword or symbol of this name; null if nothing.
    const Datum* find(std::string_view name) const;

    static Datum nil() { return {}; }
    static Datum of(Kind kind, std::string text) { return {kind, 0, std::move(text), {}}; }
    static Datum list(std::vector<Datum> items = {}) { return {Kind::list, 0, {}, items}; }
};

/// As EDN on one line; sets and maps in sorted order.
std::string print(const Datum& datum);

}  // namespace rafted::history
