#include "history/operation.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <tuple>

namespace rafted::history {
namespace {

std::string name_in(const Datum& record, std::string_view a, std::string_view b) {
    const Datum* found = record.find(a);
    if (found == nullptr) found = record.find(b);
    return found != nullptr && found->is_name() ? found->text : "";
}

Datum value_or_nil(const Datum& record, std::string_view name) {
    const Datum* found = record.find(name);
    return found == nullptr ? Datum::nil() : *found;
}

std::optional<Datum> copy_of(const Datum* found) {
    return found == nullptr ? std::nullopt : std::optional(*found);
}

/// Pairs starts with ends, process by process.
class Pairing {
public:
    Result<void> take(const Datum& record, std::uint64_t place) {
        const std::string type = name_in(record, "type", "type");
        const Datum process = value_or_nil(record, "process");
        if (process.is_name() && process.text.starts_with("nemesis")) {
            ++history_.ignored;
            return {};
        }
        if (process.is_nil()) return bad_line(record.line, "no process (who did this?)");
        const std::string name = name_in(record, "f", "op");
        const std::string who = print(process);
        const auto open = open_.find(who);
        if (type == "invoke") return start(record, {who, name}, place);
        if (open == open_.end()) {
            if (type == "info") {
                ++history_.ignored;
                return {};
            }
            return bad_line(record.line, "process " + who + " ends a " + name +
                                             " that it has not started; are lines missing?");
        }
        Operation& operation = history_.operations[open->second];
        if (!name.empty() && name != operation.name && type != "info") {
            return bad_line(record.line, "process " + who + " ends a " + name +
                                             " but had started a " + operation.name + " in line " +
                                             std::to_string(operation.line));
        }
        finish(operation, record, type, place);
        if (type == "fail") failed_.push_back(open->second);
        open_.erase(open);
        return {};
    }

    History done() {
        std::ranges::sort(failed_);
        for (auto place = failed_.rbegin(); place != failed_.rend(); ++place) {
            history_.operations[*place].name.clear();
        }
        std::erase_if(history_.operations, [](const auto& one) { return one.name.empty(); });
        history_.failed = failed_.size();
        return std::move(history_);
    }

private:
    struct Asked {
        std::string who;
        std::string name;
    };

    Result<void> start(const Datum& record, const Asked& asked, std::uint64_t place) {
        if (asked.name.empty()) return bad_line(record.line, "no name of an operation (f, op)");
        const auto [open, is_free] = open_.try_emplace(asked.who, history_.operations.size());
        if (!is_free) {
            return bad_line(record.line,
                            "process " + asked.who + " starts a " + asked.name +
                                " while its operation of line " +
                                std::to_string(history_.operations[open->second].line) +
                                " is open; one process does one thing at a time (end it with ok, "
                                "fail or info)");
        }
        Operation operation;
        operation.client = asked.who;
        operation.name = asked.name;
        operation.key = copy_of(record.find("key"));
        operation.input = value_or_nil(record, "value");
        operation.start = place;
        operation.line = record.line;
        history_.operations.push_back(std::move(operation));
        return {};
    }

    static void finish(Operation& operation, const Datum& record, const std::string& type,
                       std::uint64_t place) {
        operation.end_line = record.line;
        if (type != "ok") return;
        operation.end = place;
        operation.output = value_or_nil(record, "value");
        operation.result = copy_of(record.find("result"));
    }

    History history_;
    std::map<std::string, std::size_t> open_;
    std::vector<std::size_t> failed_;
};

/// Whole operations, one per record, with times of their own.
class Spans {
public:
    Result<void> take(const Datum& record) {
        Operation operation;
        operation.name = name_in(record, "op", "f");
        const Datum* client = record.find("client");
        operation.client = print(client ? *client : value_or_nil(record, "process"));
        operation.line = operation.end_line = record.line;
        const auto start = time_in(record, "start");
        const auto end = time_in(record, "end");
        std::string outcome = name_in(record, "outcome", "type");
        if (outcome.empty()) outcome = end ? "ok" : "unknown";
        if (operation.name.empty()) return bad_line(record.line, "no name of an operation (op)");
        if (!start) return bad_line(record.line, "start is not a number");
        if (outcome == "fail") {
            ++history_.failed;
            return {};
        }
        if (outcome != "ok" && outcome != "unknown" && outcome != "info") {
            return bad_line(record.line, "outcome is " + outcome + "; it is ok, fail or unknown");
        }
        if (outcome == "ok" && !end) {
            return bad_line(record.line, "an operation with the outcome ok needs an end");
        }
        if (end && *end < *start) return bad_line(record.line, "its end is before its start");
        operation.key = copy_of(record.find("key"));
        operation.input = value_or_nil(record, "value");
        const std::size_t place = history_.operations.size();
        times_.emplace_back(*start, false, place);
        if (outcome == "ok") {
            operation.output = operation.input;
            operation.result = copy_of(record.find("result"));
            operation.end = 0;
            times_.emplace_back(*end, true, place);
        }
        history_.operations.push_back(std::move(operation));
        return {};
    }

    /// Times become ranks; what happens at one time keeps one rank.
    History done() {
        std::ranges::sort(times_);
        std::uint64_t rank = 0;
        for (std::size_t i = 0; i < times_.size(); ++i) {
            const auto& [time, is_end, place] = times_[i];
            if (i > 0 && std::get<0>(times_[i - 1]) < time) ++rank;
            Operation& operation = history_.operations[place];
            if (is_end) {
                operation.end = rank;
            } else {
                operation.start = rank;
            }
        }
        return std::move(history_);
    }

private:
    static std::optional<long double> time_in(const Datum& record, std::string_view name) {
        const Datum* found = record.find(name);
        if (found == nullptr || found->kind != Datum::Kind::number) return std::nullopt;
        long double time = 0;
        const char* end = found->text.data() + found->text.size();
        const auto [stop, error] = std::from_chars(found->text.data(), end, time);
        // ##NaN is a number in EDN, but neither before nor after any other.
        if (error != std::errc() || stop != end || !std::isfinite(time)) return std::nullopt;
        return time;
    }

    History history_;
    std::vector<std::tuple<long double, bool, std::size_t>> times_;
};

Result<bool> is_span(const Datum& record) {
    if (record.kind != Datum::Kind::map) {
        return bad_line(record.line,
                        "a record must be a map, as {\"process\":0,...} or "
                        "{:process 0, ...}, not " +
                            print(record).substr(0, 60));
    }
    const std::string type = name_in(record, "type", "type");
    if (type == "invoke" || type == "ok" || type == "fail" || type == "info") {
        if (record.find("start") == nullptr) return false;
    }
    if (record.find("start") != nullptr) return true;
    return bad_line(record.line, type.empty()
                                     ? "no type (invoke, ok, fail, info) and no start"
                                     : "type is " + type + "; it is one of invoke, ok, fail, info");
}

}  // namespace

Result<History> operations_of(const std::vector<Datum>& records) {
    Pairing pairing;
    Spans spans;
    std::optional<bool> are_spans;
    std::uint64_t place = 0;
    for (const Datum& record : records) {
        const auto kind = is_span(record);
        if (!kind) return std::unexpected(kind.error());
        if (are_spans.value_or(*kind) != *kind) {
            return bad_line(record.line,
                            "records of starts and ends (type) and of whole "
                            "operations (start, end) are mixed in one file");
        }
        are_spans = *kind;
        auto taken = *kind ? spans.take(record) : pairing.take(record, place++);
        if (!taken) return std::unexpected(std::move(taken.error()));
    }
    return are_spans.value_or(false) ? spans.done() : pairing.done();
}

}  // namespace rafted::history
