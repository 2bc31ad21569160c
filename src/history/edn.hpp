// A reader of EDN, as far as histories use it: all of its data, tags left out, comments skipped.
// Not a checker of EDN: unknown tags are taken for what they stand before.
#pragma once

#include <string_view>

#include "history/datum.hpp"
#include "rafted/result.hpp"

namespace rafted::history {

/// Reads one form after the other from a text that outlives it.
class EdnReader {
public:
    explicit EdnReader(std::string_view text, std::uint32_t line = 1) : text_(text), line_(line) {}

    /// The next form; nothing at the end. Fails with invalid: "line N: ...".
    Result<std::optional<Datum>> next();
    /// The line that has been read up to.
    std::uint32_t line() const { return line_; }

private:
    Result<std::optional<Datum>> form(unsigned depth);
    Result<Datum> needed_form(unsigned depth, std::string_view after);
    Result<void> skip_discarded(unsigned depth);
    Result<Datum> dispatched(unsigned depth);
    Result<Datum> container(Datum::Kind kind, char close, unsigned depth);
    Result<Datum> string();
    Result<Datum> character();
    Result<Datum> atom();
    void skip_blank();
    std::string_view token();
    bool at_end() const { return place_ >= text_.size(); }
    std::unexpected<Error> bad(std::string what) const;

    std::string_view text_;
    std::size_t place_ = 0;
    std::uint32_t line_;
};

}  // namespace rafted::history
