// What the typed face needs of the library: names of types, and memory that nobody has cleaned.
#include <algorithm>
#include <cstring>
#include <new>

#include "core/random.hpp"
#include "rafted/sim.hpp"

namespace rafted::sim::inside {
namespace {

constexpr std::size_t most_quoted = 40;

/// Where the type's own name ends: before its arguments.
std::string_view without_arguments(std::string_view name) {
    // Scopes may have arguments too, so the last "::" outside of any is looked for.
    std::size_t depth = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (c == '<' || c == '(' || c == '{') ++depth;
        if ((c == '>' || c == ')' || c == '}') && depth > 0) --depth;
        if (depth == 0 && name.substr(i).starts_with("::")) begin = i + 2;
    }
    name.remove_prefix(begin);
    return name.substr(0, name.find('<'));
}

}  // namespace

std::string_view short_name(std::string_view function) {
    // "... [with T = a::B<c>; X = y]" from one compiler, "... [T = a::B<c>]" from the other.
    constexpr std::string_view mark = "T = ";
    const auto begin = function.find(mark);
    if (begin == function.npos) return "value";
    function.remove_prefix(begin + mark.size());
    std::string_view name = function.substr(0, function.find(';'));
    if (name.ends_with(']')) name.remove_suffix(1);
    return without_arguments(name);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text.substr(0, most_quoted)) {
        const bool is_plain = c >= ' ' && c <= '~';
        out += is_plain ? c : '?';
    }
    out += '"';
    if (text.size() > most_quoted) out += " (" + std::to_string(text.size()) + " characters)";
    return out;
}

void* soiled_memory(std::size_t size, std::uint64_t number) {
    auto* const memory = static_cast<std::byte*>(::operator new(size));
    // Zeros and ones alone: a bool of them is a bool.
    core::Random random(number);
    std::generate_n(memory, size, [&random] { return static_cast<std::byte>(random.next() & 1U); });
    return memory;
}

}  // namespace rafted::sim::inside
