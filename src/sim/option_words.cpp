// The other way round of replay.hpp: options from the words of a Report::replay.
#include <algorithm>
#include <charconv>

#include "rafted/sim.hpp"
#include "sim/replay.hpp"

namespace rafted::sim {
namespace {

/// The next word, which is taken off the text; empty at its end.
std::string_view take_word(std::string_view& text) {
    const auto begin = std::min(text.find_first_not_of(" \t\n"), text.size());
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(" \t\n"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

template <class T>
Result<T> number_after(std::string_view name, std::string_view word) {
    T number{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size() && !word.empty()) return number;
    return fail(ErrorCode::invalid,
                std::string(name) + " wants a number, not '" + std::string(word) + "'");
}

template <class T, class Taken>
Result<void> take(T& into, Result<Taken> taken) {
    if (!taken) return std::unexpected(std::move(taken.error()));
    into = T(std::move(*taken));
    return {};
}

/// Takes the words that need nothing behind them.
bool take_switch(std::string_view name, Options& options) {
    if (name == "--no-swarm") {
        options.swarm = false;
    } else if (name == "--disk") {
        options.durable = true;
    } else if (name == "--memory") {
        options.durable = false;
    } else {
        return false;
    }
    return true;
}

Result<void> take_option(std::string_view name, std::string_view word, Options& options) {
    if (name == "--seed") return take(options.seed, number_after<std::uint64_t>(name, word));
    if (name == "--nodes") return take(options.nodes, number_after<unsigned>(name, word));
    if (name == "--faults") return take(options.faults, faults_of(word));
    if (name == "--operations") return take(options.operations, number_after<unsigned>(name, word));
    if (name == "--clients") return take(options.clients, number_after<unsigned>(name, word));
    if (name == "--time") return take(options.time, number_after<std::int64_t>(name, word));
    if (name == "--only-strikes") return take(options.only_strikes, numbers_of(word));
    if (name == "--only-operations") return take(options.only_operations, numbers_of(word));
    return fail(ErrorCode::invalid,
                "'" + std::string(name) +
                    "' is no option of a run; there are --seed, --nodes, --faults, --no-swarm, "
                    "--operations, --clients, --time, --disk, --memory, --only-strikes and "
                    "--only-operations");
}

}  // namespace

Result<Options> options_of(std::string_view words, Options start) {
    for (std::string_view name = take_word(words); !name.empty(); name = take_word(words)) {
        if (take_switch(name, start)) continue;
        if (auto taken = take_option(name, take_word(words), start); !taken) {
            return std::unexpected(std::move(taken.error()));
        }
    }
    return start;
}

}  // namespace rafted::sim
