// Values as short words, for stories and reports of simulated runs: "Put{"k3", 17}". Not a codec:
// what is long is cut, and nothing reads it back.
//   1. The words are the same from every compiler, and say nothing of addresses.
#pragma once

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "rafted/codec.hpp"

namespace rafted::sim {

namespace inside {

/// The name of a type without namespaces and arguments, out of what a compiler calls a function.
std::string_view short_name(std::string_view function);
/// "\"text\"", cut after some characters.
std::string quoted(std::string_view text);
inline constexpr std::size_t most_elements = 6;
inline constexpr std::size_t most_characters = 160;

template <class T>
std::string_view name_of_type() {
    return short_name(__PRETTY_FUNCTION__);
}

template <class T>
void say(std::string& out, const T& value);

template <class T>
void say_number(std::string& out, T value) {
    char text[64];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    out.append(text, error == std::errc() ? end : text);
}

template <class T>
void say_elements(std::string& out, const T& all) {
    out += '[';
    std::size_t said = 0;
    for (const auto& element : all) {
        if (said == most_elements || out.size() > most_characters) break;
        if (said++ > 0) out += ", ";
        inside::say(out, element);
    }
    if (said < all.size()) out += " and " + std::to_string(all.size() - said) + " more";
    out += ']';
}

template <class T>
void say_fields(std::string& out, const T& value) {
    out += name_of_type<T>();
    if constexpr (!std::is_empty_v<T>) {
        out += '{';
        bool is_first = true;
        detail::for_each_field(value, [&](const auto& field) {
            if (!std::exchange(is_first, false)) out += ", ";
            if (out.size() <= most_characters) inside::say(out, field);
        });
        out += '}';
    }
}

template <class T>
void say_composite(std::string& out, const T& value) {
    if constexpr (detail::is_optional<T>) {
        if (!value) out += "none";
        if (value) inside::say(out, *value);
    } else if constexpr (detail::is_variant<T>) {
        if (value.valueless_by_exception()) return;
        std::visit([&](const auto& held) { inside::say(out, held); }, value);
    } else if constexpr (detail::is_tuple<T>) {
        out += '(';
        bool is_first = true;
        const auto one = [&](const auto& part) {
            if (!std::exchange(is_first, false)) out += ", ";
            inside::say(out, part);
        };
        std::apply([&](const auto&... part) { (one(part), ...); }, value);
        out += ')';
    } else if constexpr (detail::Keyed<T> && !detail::Unordered<T>) {
        inside::say_elements(out, value);
    } else if constexpr (detail::Sequence<T> || detail::is_array<T>) {
        inside::say_elements(out, value);
    } else if constexpr (detail::is_plain_struct<T> && !detail::OwnCodec<T> && Encodable<T>) {
        inside::say_fields(out, value);
    } else {
        out += name_of_type<T>();
    }
}

template <class T>
void say(std::string& out, const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (std::is_same_v<T, char>) {
        out += inside::quoted(std::string_view(&value, 1));
    } else if constexpr (std::is_integral_v<T> || std::is_floating_point_v<T>) {
        inside::say_number(out, +value);
    } else if constexpr (std::is_enum_v<T>) {
        inside::say_number(out, +static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (detail::is_strong_number<T>) {
        inside::say_number(out, value.value);
    } else if constexpr (detail::is_duration<T>) {
        inside::say_number(out, value.count());
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        out += inside::quoted(std::string_view(value));
    } else {
        inside::say_composite(out, value);
    }
}

}  // namespace inside

/// "Add{3}", "int 3", "[1, 2]": what a command or query is called in reports.
template <class T>
std::string words_of(const T& value) {
    std::string out;
    if constexpr (std::is_arithmetic_v<T>) out = std::string(inside::name_of_type<T>()) + " ";
    inside::say(out, value);
    return out;
}

}  // namespace rafted::sim
