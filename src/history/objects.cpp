#include "history/objects.hpp"

#include <algorithm>
#include <array>

namespace rafted::history {
namespace {

constexpr std::array<std::string_view, 9> names = {"cas-register", "register", "kv",
                                                   "queue",        "counter",  "append",
                                                   "set",          "mutex",    "multi-register"};

}  // namespace

std::span<const std::string_view> model_names() { return names; }

std::string_view name_of(Model model) { return names[static_cast<std::size_t>(model)]; }

Result<Model> model_named(std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<Model>(found - names.begin());
    std::string all;
    for (const std::string_view one : names) all += (all.empty() ? "" : ", ") + std::string(one);
    return fail(ErrorCode::invalid, "no model " + std::string(name) + "; there are " + all);
}

std::uint32_t Numbering::number(const std::string& text) {
    const auto [place, is_new] = numbers_.try_emplace(text, size());
    if (is_new) {
        texts_.push_back(text);
        bytes_ += text.size();
    }
    return place->second;
}

Interval interval_at(const Operation& operation) {
    Interval interval;
    interval.start = operation.start;
    interval.end = operation.end;
    return interval;
}

const Datum& answer_of(const Operation& operation) {
    return operation.result ? *operation.result : operation.output;
}

const Datum& argument_of(const Operation& operation) {
    return operation.input.is_nil() ? operation.output : operation.input;
}

std::unexpected<Error> no_such(const Operation& operation, std::string_view there_are) {
    return bad_line(operation.line, "this model has no operation " + operation.name + " with " +
                                        print(argument_of(operation)).substr(0, 60) + "; it has " +
                                        std::string(there_are) + " (choose another with --model)");
}

}  // namespace rafted::history
