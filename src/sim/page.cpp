#include "sim/page.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "sim/page_files.hpp"

namespace rafted::sim {
namespace {

using Json = nlohmann::json;

enum class Type : std::uint8_t { number, text };

struct LineField {
    std::string_view name;
    Type type = Type::number;
};

struct Kind {
    std::string_view name;
    std::array<LineField, 4>
        fields;  ///< What the page cannot do without; unused ones have no name.
};

constexpr std::array<Kind, 11> kinds = {{
    {"run", {{{"format"}, {"seed"}, {"nodes"}}}},
    {"state", {{{"node"}, {"role", Type::text}}}},
    {"step", {{{"node"}, {"input", Type::text}, {"effects", Type::text}}}},
    {"send", {{{"id"}, {"from"}, {"to"}, {"what", Type::text}}}},
    {"arrive", {{{"id"}, {"to"}}}},
    {"node", {{{"node"}, {"event", Type::text}}}},
    {"fault", {{{"text", Type::text}}}},
    {"call", {{{"client"}, {"op"}, {"text", Type::text}}}},
    {"answer", {{{"client"}, {"op"}, {"outcome", Type::text}}}},
    {"violation", {{{"check", Type::text}, {"text", Type::text}}}},
    {"end", {{{"result", Type::text}}}},
}};

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

bool has(const Json& line, const LineField& field) {
    const auto found = line.find(field.name);
    if (found == line.end()) return false;
    return field.type == Type::text ? found->is_string() : found->is_number_unsigned();
}

/// What is wrong with the fields of a line of this kind; empty if nothing is.
std::string wrong_fields(const Json& line, const Kind& kind) {
    for (const LineField& field : kind.fields) {
        if (field.name.empty() || has(line, field)) continue;
        return "is of kind " + in_quotes(kind.name) + " and needs " + in_quotes(field.name) +
               (field.type == Type::text ? ", a string" : ", a whole number from 0");
    }
    if (kind.name == "send" && has(line, {"arrives"}) == has(line, {"lost", Type::text})) {
        return "is of kind \"send\" and needs either \"arrives\", a time, or \"lost\", a string";
    }
    if (kind.name == "run" && line["format"] != page_trace_format) {
        return "has format " + line["format"].dump() + "; this page reads format " +
               std::to_string(page_trace_format);
    }
    return {};
}

/// Reads a trace line by line, from its first to its last.
class TraceReader {
public:
    /// What is wrong with the next line; empty if nothing is.
    std::string check(std::string_view text) {
        const Json line = Json::parse(text, nullptr, false);
        if (!line.is_object()) return "is no JSON object";
        if (!has(line, {"kind", Type::text})) return "needs \"kind\", a string";
        const std::string& name = line["kind"].get_ref<const std::string&>();
        const auto kind = std::ranges::find(kinds, name, &Kind::name);
        if (kind == kinds.end())
            return "has a kind that the page does not know: " + in_quotes(name);
        if (began_ == (name == "run")) {
            return began_ ? "is a second \"run\"; a page shows one run"
                          : "comes before the \"run\" line that begins a trace";
        }
        if (ended_) return "comes after the \"end\" line that ends a trace";
        began_ = true;
        ended_ = name == "end";
        if (std::string wrong = wrong_fields(line, *kind); !wrong.empty()) return wrong;
        return name == "run" ? std::string() : check_time(line);
    }
    bool has_begun() const { return began_; }

private:
    std::string check_time(const Json& line) {
        if (!has(line, {"t"})) return "needs \"t\", simulated microseconds";
        const std::uint64_t time = line["t"].get<std::uint64_t>();
        if (time < time_) {
            return "goes back in time, from " + std::to_string(time_) + " to " +
                   std::to_string(time);
        }
        time_ = time;
        return {};
    }

    bool began_ = false;
    bool ended_ = false;
    std::uint64_t time_ = 0;
};

/// JSON has "<" in strings alone, where it may be spelled so. Without it no line can hold an end
/// of the script element or the beginning of a comment.
void put_escaped(std::string& out, std::string_view line) {
    for (const char c : line) {
        if (c == '<') {
            out += "\\u003c";
        } else {
            out += c;
        }
    }
    out += '\n';
}

/// The trace as it stands in the page.
Result<std::string> escaped_trace(std::string_view lines) {
    TraceReader reader;
    std::string out;
    out.reserve(lines.size() + lines.size() / 64);
    std::uint64_t number = 0;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
        if (const std::string wrong = reader.check(line); !wrong.empty()) {
            return fail(ErrorCode::invalid, "trace line " + std::to_string(number) + " " + wrong);
        }
        put_escaped(out, line);
    }
    if (!reader.has_begun()) {
        return fail(ErrorCode::invalid, "the trace is empty; write one with rafted sim --trace");
    }
    return out;
}

std::string_view text_of(std::string_view name) {
    const std::span<const PageFile> files = page_files();
    const auto file = std::ranges::find(files, name, &PageFile::name);
    return file == files.end() ? std::string_view() : file->text;
}

/// page.html, with each mark "@name@" of a file replaced by it, and "@trace@" by the trace.
std::string assemble(const std::string& trace) {
    std::string_view rest = text_of("page.html");
    std::string out;
    out.reserve(trace.size() + 200'000);
    while (true) {
        const std::size_t begin = rest.find('@');
        out += rest.substr(0, begin);
        if (begin == std::string_view::npos) return out;
        const std::size_t end = rest.find('@', begin + 1);
        const std::string_view name = rest.substr(begin + 1, end - begin - 1);
        out += name == "trace" ? std::string_view(trace) : text_of(name);
        rest.remove_prefix(end + 1);
    }
}

}  // namespace

Result<std::string> trace_page(std::string_view trace_lines) {
    const Result<std::string> trace = escaped_trace(trace_lines);
    if (!trace) return std::unexpected(trace.error());
    return assemble(*trace);
}

}  // namespace rafted::sim
