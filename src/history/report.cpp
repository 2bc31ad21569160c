#include "history/report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "history/edn.hpp"
#include "history/plan.hpp"

namespace rafted::history {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_around = 6;   // operations shown around the one that cannot be
constexpr std::size_t most_shown = 120;  // characters of one value

std::string_view word_of(Answer answer) {
    switch (answer) {
        case Answer::linearizable: return "linearizable";
        case Answer::not_linearizable: return "not linearizable";
        case Answer::undecided: return "undecided";
    }
    return "";
}

std::string shortened(const std::string& text) {
    if (text.size() <= most_shown) return text;
    const std::size_t half = most_shown / 2;
    return text.substr(0, half) + " ... " + text.substr(text.size() - half);
}

std::string counted(std::size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

bool asks(const Operation& operation) {
    return !operation.input.is_nil() && print(operation.input) != print(answer_of(operation));
}

/// As: process 3, read of "x" -> 5
std::string told(const Operation& operation) {
    std::string text = "process " + operation.client + ", " + operation.name;
    if (operation.key) text += " of " + print(*operation.key);
    const Datum& answer = answer_of(operation);
    const bool is_echo = print(answer) == print(operation.input);
    if (!operation.input.is_nil() && (asks(operation) || is_echo)) {
        text += " " + shortened(print(operation.input));
    }
    if (!operation.is_known()) return text + " (may have happened)";
    if (!is_echo && !answer.is_nil()) text += " -> " + shortened(print(answer));
    const bool is_read = operation.name == "read" || operation.name == "get";
    if (is_read && answer.is_nil()) text += " -> nil";
    return text;
}

std::string lines_of(const Operation& operation) {
    if (operation.line == operation.end_line) return "line " + std::to_string(operation.line);
    const std::string end = operation.is_known() ? std::to_string(operation.end_line) : "?";
    return "lines " + std::to_string(operation.line) + "-" + end;
}

void tell_violation(const Report& report, std::ostream& out) {
    const Violation& found = *report.verdict.violation;
    const auto& operations = report.history.operations;
    const Operation& last = operations[found.last];
    const std::string where = found.partition.empty() ? "" : " on " + shortened(found.partition);
    out << "The shortest beginning that cannot be explained" << where << " ends with line "
        << last.end_line << ", after " << counted(found.prefix.size(), "operation") << ":\n"
        << "  " << lines_of(last) << ": " << told(last) << "\n";
    if (!found.is_shortest) out << "  (there may be a shorter one; a limit was reached)\n";
    if (!found.states.empty()) {
        std::string states;
        for (const std::string& state : found.states) {
            states += (states.empty() ? "" : "  or  ") + shortened(state);
        }
        const bool are_all = found.states.size() < Verdict::most_states;
        out << "Possible just before it took effect: " << states << (are_all ? "" : "  or more")
            << "\n";
    }
    if (found.around.empty()) {
        out << "No other operation was open at the time.\n";
        return;
    }
    out << "Open at the same time:\n";
    const std::size_t hidden =
        found.around.size() > most_around ? found.around.size() - most_around : 0;
    if (hidden > 0) out << "  (" << hidden << " that started earlier are not shown)\n";
    for (std::size_t i = hidden; i < found.around.size(); ++i) {
        const Operation& one = operations[found.around[i]];
        out << "  " << lines_of(one) << ": " << told(one) << "\n";
    }
}

Json json_of(const Datum& datum) { return datum.is_nil() ? Json() : Json(print(datum)); }

Json json_of(const Operation& operation) {
    Json json{{"line", operation.line},
              {"end_line", operation.end_line ? Json(operation.end_line) : Json()},
              {"client", operation.client},
              {"op", operation.name},
              {"key", operation.key ? json_of(*operation.key) : Json()},
              {"value", json_of(operation.input)},
              {"result", json_of(answer_of(operation))},
              {"outcome", operation.is_known() ? "ok" : "unknown"}};
    return json;
}

}  // namespace

Result<Datum> initial_of(std::string_view text) {
    if (text == "unset") return Datum::nil();
    EdnReader reader(text);
    auto first = reader.next();
    if (!first || !*first) {
        return fail(ErrorCode::invalid, "--initial is a value as in a history, or unset");
    }
    const auto second = reader.next();
    if (!second || *second) return Datum::of(Datum::Kind::text, std::string(text));
    if ((*first)->kind == Datum::Kind::symbol) (*first)->kind = Datum::Kind::text;
    return std::move(**first);
}

Result<Report> check_text(std::string_view text, const ModelChoice& choice, const Limits& limits) {
    auto history = read_history(text);
    if (!history) return std::unexpected(std::move(history.error()));
    Report report{choice, std::move(*history), false, {}};
    split_independent_keys(report.history.operations);
    const auto planned = plan(report.history.operations, choice);
    if (!planned) return std::unexpected(planned.error());
    report.has_keys =
        std::ranges::any_of(planned->partitions, [](const auto& one) { return !one.key.empty(); });
    report.verdict = check_partitions(planned->partitions, limits);
    return report;
}

std::string in_words(const Report& report, double milliseconds) {
    const Verdict& verdict = report.verdict;
    const History& history = report.history;
    std::ostringstream out;
    const auto unknown = static_cast<std::size_t>(std::ranges::count_if(
        history.operations, [](const Operation& one) { return !one.is_known(); }));
    out.setf(std::ios::fixed);
    out.precision(1);
    out << word_of(verdict.answer) << ": " << counted(history.operations.size(), "operation")
        << " on " << counted(verdict.partitions, "object") << " (" << unknown
        << " that may have happened; " << history.failed << " failed left out), model "
        << name_of(report.choice.model) << ", " << history.format << ", " << milliseconds << " ms, "
        << counted(verdict.configurations, "configuration") << "\n";
    if (verdict.violation) tell_violation(report, out);
    if (verdict.answer == Answer::undecided) {
        out << "The limit of configurations was reached; nothing is said either way. Shorter\n"
               "histories, more keys, or fewer operations at a time can be decided.\n";
    }
    return out.str();
}

std::string in_json(const Report& report, double milliseconds) {
    const Verdict& verdict = report.verdict;
    const History& history = report.history;
    Json json{{"verdict", word_of(verdict.answer)}, {"model", name_of(report.choice.model)},
              {"format", history.format},           {"operations", history.operations.size()},
              {"failed", history.failed},           {"ignored", history.ignored},
              {"objects", verdict.partitions},      {"configurations", verdict.configurations},
              {"milliseconds", milliseconds},       {"violation", Json()}};
    if (verdict.violation) {
        const Violation& found = *verdict.violation;
        Json around = Json::array();
        for (const std::size_t call : found.around) {
            around.push_back(json_of(history.operations[call]));
        }
        json["violation"] = {
            {"object", found.partition},        {"operations", found.prefix.size()},
            {"is_shortest", found.is_shortest}, {"last", json_of(history.operations[found.last])},
            {"around", std::move(around)},      {"possible_before", found.states}};
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rafted::history
