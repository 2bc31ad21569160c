// What clients of a shelf saw, judged: the shelf itself is the sequential model, and its keys, its
// count and what was appended are objects of their own.
#include <nlohmann/json.hpp>

#include "sim/shelf.hpp"

namespace rafted::sim {
namespace {

using history::Call;

/// A search that needs more is given up: of appends that may or may not have happened any number
/// may stand in any order between two that did.
constexpr history::Limits limits{.configurations = 20'000, .states = 20'000};

struct ShelfModel {
    using State = Shelf;

    State initial() const { return {}; }
    std::string fingerprint(const State& state) const {
        const Bytes bytes = encode(state);
        return std::string(text_of(bytes));
    }
    std::string partition(const Call& call) const {
        if (call.read_only) {
            const auto query = decode<Shelf::Query>(call.input);
            const auto* get = query ? std::get_if<Shelf::Get>(&*query) : nullptr;
            return get != nullptr ? get->key : "the count";
        }
        const auto command = decode<Shelf::Command>(call.input);
        if (!command) return {};
        if (const auto* put = std::get_if<Shelf::Put>(&*command)) return put->key;
        if (const auto* swap = std::get_if<Shelf::Swap>(&*command)) return swap->key;
        return std::holds_alternative<Shelf::Add>(*command) ? "the count" : "what was appended";
    }
    std::optional<State> step(const State& state, const Call& call) const {
        State next = state;
        const Bytes answer = call.read_only ? answer_to<Shelf::Query>(next, call.input)
                                            : answer_to<Shelf::Command>(next, call.input);
        if (call.output && *call.output != answer) return std::nullopt;
        return next;
    }
    std::string describe(const State& state) const {
        if (state.appended.count > 0) {
            return std::to_string(state.appended.count) + " appended, digest " +
                   std::to_string(state.appended.digest);
        }
        const auto value = state.values.empty() ? 0 : state.values.begin()->second;
        return state.values.empty() ? std::to_string(state.count) : std::to_string(value);
    }

private:
    template <class Asked>
    static Bytes answer_to(Shelf& shelf, BytesView input) {
        const auto asked = decode<Asked>(input);
        if (!asked) return {};
        return std::visit(
            [&shelf](const auto& one) {
                if constexpr (std::is_same_v<Asked, Shelf::Query>) {
                    return encode(shelf.query(one));
                } else {
                    return encode(shelf.command(one));
                }
            },
            *asked);
    }
};

std::string words_of(const Call& call) {
    std::string text = "client " + std::to_string(call.client) + ": ";
    if (call.read_only) {
        const auto query = decode<Shelf::Query>(call.input);
        const auto* get = query ? std::get_if<Shelf::Get>(&*query) : nullptr;
        return text + (get != nullptr ? "get " + get->key : "count");
    }
    const auto command = decode<Shelf::Command>(call.input);
    if (!command) return text + "no command of the shelf";
    const auto words = [](const auto& one) -> std::string {
        using One = std::remove_cvref_t<decltype(one)>;
        if constexpr (std::is_same_v<One, Shelf::Put>) {
            return "put " + one.key + " " + std::to_string(one.value);
        } else if constexpr (std::is_same_v<One, Shelf::Swap>) {
            return "swap " + one.key + " " + std::to_string(one.from) + " " +
                   std::to_string(one.to);
        } else if constexpr (std::is_same_v<One, Shelf::Add>) {
            return "add " + std::to_string(one.by);
        } else {
            return "append " + std::to_string(one.value);
        }
    };
    return text + std::visit(words, *command);
}

std::string moment_of(const Call& call) {
    const auto ms = [](std::uint64_t time) { return std::to_string(time / 1'000'000); };
    return " (" + ms(call.start) + " to " + (call.end ? ms(*call.end) + " ms)" : "unknown)");
}

/// The line of a call on a key; empty for any other.
std::string line_of(const Call& call) {
    nlohmann::ordered_json json{{"client", call.client}};
    if (call.read_only) {
        const auto query = decode<Shelf::Query>(call.input);
        const auto* get = query ? std::get_if<Shelf::Get>(&*query) : nullptr;
        // A read of which nothing is known says nothing.
        if (get == nullptr || !call.output) return {};
        json.update({{"op", "get"}, {"key", get->key}});
        json["value"] = decode<std::uint64_t>(*call.output).value_or(0);
    } else {
        const auto command = decode<Shelf::Command>(call.input);
        if (!command) return {};
        if (const auto* put = std::get_if<Shelf::Put>(&*command)) {
            json.update({{"op", "put"}, {"key", put->key}, {"value", put->value}});
        } else if (const auto* swap = std::get_if<Shelf::Swap>(&*command)) {
            json.update({{"op", "cas"}, {"key", swap->key}});
            json["value"] = {swap->from, swap->to};
            if (call.output) json["result"] = decode<bool>(*call.output).value_or(false);
        } else {
            return {};
        }
    }
    json["start"] = call.start;
    if (call.end) json["end"] = *call.end;
    return json.dump() + "\n";
}

}  // namespace

std::string judge_shelf(const std::vector<history::Call>& calls) {
    const auto verdict = history::check(ShelfModel{}, calls, limits);
    if (verdict.answer != history::Answer::not_linearizable || !verdict.violation) return {};
    const auto& found = *verdict.violation;
    const Call& last = calls[found.last];
    std::string text = "no order of the calls on " + found.partition + " explains what " +
                       words_of(last) + moment_of(last) + " was told; before it " +
                       found.partition + " may be";
    for (const std::string& state : found.states) text += " " + state;
    text += "; open at the same time:";
    for (const std::size_t call : found.around) {
        if (call != found.last) text += " " + words_of(calls[call]) + moment_of(calls[call]) + ";";
    }
    return text;
}

std::string key_history_of(const std::vector<history::Call>& calls) {
    std::string lines;
    for (const Call& call : calls) lines += line_of(call);
    return lines;
}

}  // namespace rafted::sim
