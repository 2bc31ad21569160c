#include "history/edn.hpp"

#include <cctype>
#include <charconv>

namespace rafted::history {
namespace {

constexpr unsigned most_depth = 200;

bool is_blank(char c) { return c == ',' || std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_delimiter(char c) {
    return is_blank(c) || std::string_view("()[]{}\";").find(c) != std::string_view::npos;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool starts_number(std::string_view token) {
    if (token.empty()) return false;
    if (is_digit(token[0])) return true;
    return token.size() > 1 && (token[0] == '-' || token[0] == '+') && is_digit(token[1]);
}

/// One way to write each number: no plus sign, no mark of its size.
std::string plain_number(std::string_view token) {
    if (token.front() == '+') token.remove_prefix(1);
    if (token.back() == 'N' || token.back() == 'M') token.remove_suffix(1);
    return token == "-0" ? "0" : std::string(token);
}

void append_utf8(std::string& out, unsigned code) {
    const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

std::optional<unsigned> hex4(std::string_view digits) {
    unsigned code = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != 4 || error != std::errc() || stop != digits.data() + 4) return {};
    return code;
}

}  // namespace

std::unexpected<Error> EdnReader::bad(std::string what) const {
    return fail(ErrorCode::invalid, "line " + std::to_string(line_) + ": " + std::move(what));
}

void EdnReader::skip_blank() {
    for (; !at_end(); ++place_) {
        const char c = text_[place_];
        if (c == ';') {
            place_ = std::min(text_.find('\n', place_), text_.size());
            if (at_end()) return;
        } else if (!is_blank(c)) {
            return;
        }
        if (text_[place_] == '\n') ++line_;
    }
}

std::string_view EdnReader::token() {
    const std::size_t start = place_;
    while (!at_end() && !is_delimiter(text_[place_])) ++place_;
    return text_.substr(start, place_ - start);
}

Result<std::optional<Datum>> EdnReader::next() { return form(0); }

/// Blanks and discarded forms, of which there may be any number in a row.
Result<void> EdnReader::skip_discarded(unsigned depth) {
    for (skip_blank(); text_.substr(place_).starts_with("#_"); skip_blank()) {
        place_ += 2;
        auto dropped = needed_form(depth + 1, "#_");
        if (!dropped) return std::unexpected(std::move(dropped.error()));
    }
    return {};
}

/// A form, or nothing where the text ends or only discarded forms were left.
Result<std::optional<Datum>> EdnReader::form(unsigned depth) {
    if (depth > most_depth) return bad("nested deeper than " + std::to_string(most_depth));
    if (auto skipped = skip_discarded(depth); !skipped) return std::unexpected(skipped.error());
    if (at_end()) return std::nullopt;
    const std::uint32_t line = line_;
    Result<Datum> read;
    switch (const char c = text_[place_]) {
        case '(':
        case '[': read = container(Datum::Kind::list, c == '(' ? ')' : ']', depth); break;
        case '{': read = container(Datum::Kind::map, '}', depth); break;
        case '"': read = string(); break;
        case '\\': read = character(); break;
        case '#': read = dispatched(depth); break;
        case ')':
        case ']':
        case '}': return bad(std::string("'") + c + "' closes nothing");
        default: read = atom();
    }
    if (!read) return std::unexpected(std::move(read.error()));
    read->line = line;
    return std::optional<Datum>(std::move(*read));
}

Result<Datum> EdnReader::needed_form(unsigned depth, std::string_view after) {
    auto read = form(depth);
    if (!read) return std::unexpected(std::move(read.error()));
    if (!*read) return bad("the file ends after " + std::string(after));
    return std::move(**read);
}

/// What begins with '#': a set, a number like ##Inf, or a tagged form.
Result<Datum> EdnReader::dispatched(unsigned depth) {
    ++place_;
    const char c = at_end() ? ' ' : text_[place_];
    if (c == '{') return container(Datum::Kind::set, '}', depth);
    if (c == '#') {
        ++place_;
        return Datum::of(Datum::Kind::number, std::string(token()));
    }
    const std::string tag = "#" + std::string(token());
    if (tag == "#") return bad("a '#' that starts nothing known");
    return needed_form(depth + 1, tag);
}

Result<Datum> EdnReader::container(Datum::Kind kind, char close, unsigned depth) {
    const std::uint32_t opened = line_;
    Datum datum{kind, opened, {}, {}};
    ++place_;
    for (;;) {
        // A discard may stand before the closing bracket.
        if (auto skipped = skip_discarded(depth); !skipped) {
            return std::unexpected(skipped.error());
        }
        if (at_end()) {
            return bad("the file ends inside what was opened in line " + std::to_string(opened) +
                       "; is it cut off?");
        }
        if (text_[place_] == close) break;
        auto item = needed_form(depth + 1, "an opening bracket");
        if (!item) return item;
        datum.items.push_back(std::move(*item));
    }
    ++place_;
    if (kind == Datum::Kind::map && datum.items.size() % 2 != 0) {
        return bad("a map with a key that has no value");
    }
    return datum;
}

Result<Datum> EdnReader::string() {
    const std::uint32_t opened = line_;
    Datum datum = Datum::of(Datum::Kind::text, {});
    for (++place_; !at_end(); ++place_) {
        char c = text_[place_];
        if (c == '"') {
            ++place_;
            return datum;
        }
        if (c == '\n') ++line_;
        if (c != '\\') {
            datum.text += c;
            continue;
        }
        if (++place_; at_end()) break;
        c = text_[place_];
        constexpr std::string_view marks = "ntrbf0";
        constexpr std::string_view meant("\n\t\r\b\f\0", 6);
        if (c == 'u') {
            const auto code = hex4(text_.substr(place_ + 1, 4));
            if (!code) return bad("\\u without four hex digits in a string");
            append_utf8(datum.text, *code);
            place_ += 4;
        } else if (const auto mark = marks.find(c); mark != std::string_view::npos) {
            datum.text += meant[mark];
        } else {
            datum.text += c;
        }
    }
    return bad("a string opened in line " + std::to_string(opened) + " is not closed");
}

Result<Datum> EdnReader::character() {
    ++place_;
    if (at_end()) return bad("the file ends after a backslash");
    const std::size_t start = place_++;
    (void)token();
    return Datum::of(Datum::Kind::text, std::string(text_.substr(start, place_ - start)));
}

Result<Datum> EdnReader::atom() {
    const std::string_view word = token();
    if (word == "nil") return Datum::nil();
    if (word == "true" || word == "false") {
        return Datum::of(Datum::Kind::boolean, std::string(word));
    }
    if (word.front() == ':') {
        if (word.size() == 1) return bad("a ':' without a name");
        return Datum::of(Datum::Kind::keyword, std::string(word.substr(1)));
    }
    if (starts_number(word)) return Datum::of(Datum::Kind::number, plain_number(word));
    return Datum::of(Datum::Kind::symbol, std::string(word));
}

}  // namespace rafted::history
