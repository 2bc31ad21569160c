// A history file from its text to a verdict, and the verdict in words and as JSON.
#pragma once

#include <string>
#include <string_view>

#include "history/objects.hpp"

namespace rafted::history {

struct Report {
    ModelChoice choice;
    History history;
    bool has_keys = false;  ///< The objects have names: keys, or the elements of a set.
    Verdict verdict;
};

/// What --initial says: an EDN value, `unset`, or a word that is a text. Fails with invalid.
Result<Datum> initial_of(std::string_view text);

/// Reads and checks. Fails with invalid if the text cannot be read, or not as of this model; the
/// message says which line, and what to do.
Result<Report> check_text(std::string_view text, const ModelChoice& choice,
                          const Limits& limits = {});

/// At most 15 lines, the first one the verdict. `milliseconds` is how long it took.
std::string in_words(const Report& report, double milliseconds);
std::string in_json(const Report& report, double milliseconds);

}  // namespace rafted::history
