// One line of a trace in the making, field by field in the order of the calls. For tests that write
// traces by hand; it knows no kinds and checks nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rafted::test {

class Line {
public:
    explicit Line(std::string_view kind) { text("kind", kind); }
    Line(std::uint64_t time, std::string_view kind) {
        number("t", time);
        text("kind", kind);
    }
    Line& number(std::string_view key, std::uint64_t value) {
        return raw(key, std::to_string(value));
    }
    Line& text(std::string_view key, std::string_view value) {
        std::string quoted = "\"";
        for (const char one : value) {
            if (one == '"' || one == '\\') quoted += '\\';
            quoted += one;
        }
        return raw(key, quoted + "\"");
    }
    /// Any other JSON, as a list.
    Line& raw(std::string_view key, const std::string& value) {
        out_ += (out_.empty() ? "{\"" : ",\"") + std::string(key) + "\":" + value;
        return *this;
    }
    std::string done() const { return out_ + "}\n"; }

private:
    std::string out_;
};

}  // namespace rafted::test
