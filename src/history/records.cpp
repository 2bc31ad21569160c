// The three formats of history files, read into records; and the telling of which one it is.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "history/edn.hpp"
#include "history/operation.hpp"

namespace rafted::history {
namespace {

constexpr unsigned most_depth = 200;

bool is_type(std::string_view word) {
    return word == "invoke" || word == "ok" || word == "fail" || word == "info";
}

Datum keyword(std::string_view name) { return Datum::of(Datum::Kind::keyword, std::string(name)); }

Datum record_of(std::uint32_t line, Datum process, Datum type, std::vector<Datum> rest) {
    Datum record{Datum::Kind::map, line, {}, {}};
    rest.resize(2);
    record.items = {keyword("process"), std::move(process), keyword("type"),  std::move(type),
                    keyword("f"),       std::move(rest[0]), keyword("value"), std::move(rest[1])};
    return record;
}

/// [process type f value] as a map; everything else as it is.
Datum record_of(Datum form) {
    if (!form.is_list() || form.items.size() < 3 || !form.items[1].is_name() ||
        !is_type(form.items[1].text)) {
        return form;
    }
    std::vector<Datum> rest(form.items.begin() + 2, form.items.end());
    return record_of(form.line, form.items[0], form.items[1], std::move(rest));
}

Result<Datum> datum_of(const nlohmann::json& json, std::uint32_t line, unsigned depth) {
    if (depth > most_depth) return bad_line(line, "nested deeper than 200");
    Datum datum;
    using Type = nlohmann::json::value_t;
    switch (json.type()) {
        case Type::boolean: datum.kind = Datum::Kind::boolean; break;
        case Type::number_integer:
        case Type::number_unsigned:
        case Type::number_float: datum.kind = Datum::Kind::number; break;
        case Type::string: datum.kind = Datum::Kind::text; break;
        case Type::array: datum.kind = Datum::Kind::list; break;
        case Type::object: datum.kind = Datum::Kind::map; break;
        default: break;
    }
    datum.line = line;
    if (json.is_string()) datum.text = json.get<std::string>();
    if (json.is_boolean() || json.is_number()) datum.text = json.dump();
    for (auto item = json.begin(); json.is_structured() && item != json.end(); ++item) {
        if (json.is_object()) datum.items.push_back(Datum::of(Datum::Kind::text, item.key()));
        auto inner = datum_of(*item, line, depth + 1);
        if (!inner) return inner;
        datum.items.push_back(std::move(*inner));
    }
    return datum;
}

std::string_view without_blanks(std::string_view line) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

/// Calls take(line, number) for every line that is not blank, until one fails.
template <class Take>
Result<void> for_lines(std::string_view text, const Take& take) {
    std::uint32_t number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = without_blanks(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.empty()) continue;
        if (auto taken = take(line, number); !taken) return taken;
    }
    return {};
}

/// Whether this is a line of a log that says nothing of an operation.
bool is_chatter(std::string_view line) {
    constexpr std::string_view levels[] = {"INFO", "WARN", "ERROR", "DEBUG", "TRACE", "FATAL"};
    if (line[0] == '#' || line[0] == ';') return true;
    if (std::isdigit(static_cast<unsigned char>(line[0])) != 0 &&
        line.substr(0, 11).find('-') != std::string_view::npos) {
        return true;
    }
    return std::ranges::any_of(levels, [line](auto level) { return line.starts_with(level); });
}

/// The place of a word :invoke, :ok, :fail or :info that something stands before.
std::size_t find_type(std::string_view line) {
    for (auto at = line.find(':', 1); at != std::string_view::npos; at = line.find(':', at + 1)) {
        const auto end = std::min(line.find_first_of(" \t", at), line.size());
        const bool is_word = line[at - 1] == ' ' || line[at - 1] == '\t';
        if (is_word && is_type(line.substr(at + 1, end - at - 1))) return at;
    }
    return std::string_view::npos;
}

}  // namespace

std::unexpected<Error> bad_line(std::uint32_t line, const std::string& what) {
    return fail(ErrorCode::invalid, "line " + std::to_string(line) + ": " + what);
}

Result<std::vector<Datum>> read_edn_records(std::string_view text) {
    EdnReader reader(text);
    std::vector<Datum> forms;
    for (;;) {
        auto form = reader.next();
        if (!form) return std::unexpected(std::move(form.error()));
        if (!*form) break;
        forms.push_back(record_of(std::move(**form)));
    }
    if (forms.size() == 1 && forms[0].is_list()) {
        std::vector<Datum> inner = std::move(forms[0].items);
        forms.clear();
        for (Datum& item : inner) forms.push_back(record_of(std::move(item)));
    }
    return forms;
}

Result<std::vector<Datum>> read_json_records(std::string_view text) {
    std::vector<Datum> records;
    const auto take = [&records](std::string_view line, std::uint32_t number) -> Result<void> {
        const auto json = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
        if (json.is_discarded()) {
            return bad_line(number, "this is not JSON; every line must hold one whole object");
        }
        auto record = datum_of(json, number, 0);
        if (!record) return std::unexpected(std::move(record.error()));
        records.push_back(record_of(std::move(*record)));
        return {};
    };
    if (without_blanks(text).starts_with('[')) {
        const auto all = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
        if (!all.is_discarded()) {
            // The parser tells no lines; the number of the element has to do.
            std::uint32_t number = 0;
            for (const nlohmann::json& one : all) {
                auto record = datum_of(one, ++number, 0);
                if (!record) return std::unexpected(std::move(record.error()));
                records.push_back(record_of(std::move(*record)));
            }
            return records;
        }
    }
    if (auto read = for_lines(text, take); !read) return std::unexpected(std::move(read.error()));
    return records;
}

Result<std::vector<Datum>> read_log_records(std::string_view text) {
    std::vector<Datum> records;
    const auto take = [&records](std::string_view line, std::uint32_t number) -> Result<void> {
        const auto type = find_type(line);
        if (type == std::string_view::npos) {
            if (is_chatter(line)) return {};
            return bad_line(number,
                            "neither JSON, EDN nor a log line with :invoke, :ok, :fail or "
                            ":info; see rafted check --help for the formats");
        }
        const auto before = without_blanks(line.substr(0, type));
        const auto process = before.substr(before.find_last_of(" \t") + 1);
        EdnReader first(process, number);
        EdnReader rest(line.substr(type), number);
        std::vector<Datum> words;
        for (EdnReader* reader : {&first, &rest, &rest, &rest}) {
            auto word = reader->next();
            if (!word) return std::unexpected(std::move(word.error()));
            words.push_back(word->value_or(Datum::nil()));
        }
        records.push_back(record_of(number, words[0], words[1], {words[2], words[3]}));
        return {};
    };
    if (auto read = for_lines(text, take); !read) return std::unexpected(std::move(read.error()));
    return records;
}

Result<History> read_history(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const auto begin = text.find_first_not_of(" \t\r\n,");
    if (begin == std::string_view::npos) {
        return fail(ErrorCode::invalid, "the file is empty; a history has at least one line");
    }
    // A JSON object starts {" and a JSON array [{" or ["; EDN uses neither for records.
    const char first = text[begin];
    const auto inner = text.find_first_not_of(" \t\r\n,[", begin);
    const auto key = text.find_first_not_of(" \t\r\n{", std::min(inner, text.size() - 1));
    const bool has_quote = key != std::string_view::npos && text[key] == '"';
    const bool is_json = first == '{' ? has_quote : first == '[' && has_quote && text[inner] == '{';
    const bool is_edn = std::string_view("{[(#;").find(first) != std::string_view::npos;
    auto records = is_json  ? read_json_records(text)
                   : is_edn ? read_edn_records(text)
                            : read_log_records(text);
    if (!records) return std::unexpected(std::move(records.error()));
    auto history = operations_of(*records);
    if (history) history->format = is_json ? "JSON Lines" : is_edn ? "EDN" : "log lines";
    return history;
}

}  // namespace rafted::history
