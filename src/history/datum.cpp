#include "history/datum.hpp"

#include <algorithm>
#include <charconv>

namespace rafted::history {
namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default: out += c;
        }
    }
    return out + "\"";
}

std::string joined(const std::vector<std::string>& parts, std::string_view open, char close) {
    std::string out(open);
    for (const std::string& part : parts) {
        if (out.size() > open.size()) out += ' ';
        out += part;
    }
    return out + close;
}

}  // namespace

bool Datum::is_name() const {
    return kind == Kind::text || kind == Kind::keyword || kind == Kind::symbol;
}

std::optional<std::int64_t> Datum::integer() const {
    if (kind != Kind::number) return std::nullopt;
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    return value;
}

const Datum* Datum::find(std::string_view name) const {
    if (kind != Kind::map) return nullptr;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        if (items[i].is_name(name)) return &items[i + 1];
    }
    return nullptr;
}

std::string print(const Datum& datum) {
    std::vector<std::string> parts;
    switch (datum.kind) {
        case Datum::Kind::nil: return "nil";
        case Datum::Kind::text: return quoted(datum.text);
        case Datum::Kind::keyword: return ":" + datum.text;
        case Datum::Kind::boolean:
        case Datum::Kind::number:
        case Datum::Kind::symbol: return datum.text;
        case Datum::Kind::list:
        case Datum::Kind::set:
            for (const Datum& item : datum.items) parts.push_back(print(item));
            if (datum.is_list()) return joined(parts, "[", ']');
            std::ranges::sort(parts);
            parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
            return joined(parts, "#{", '}');
        case Datum::Kind::map:
            for (std::size_t i = 0; i + 1 < datum.items.size(); i += 2) {
                parts.push_back(print(datum.items[i]) + " " + print(datum.items[i + 1]));
            }
            std::ranges::sort(parts);
            return joined(parts, "{", '}');
    }
    return {};
}

}  // namespace rafted::history
