// What a history file says, as operations: which client asked for what, when, and what came of it.
// Not what the operations mean; that is the models' part.
//   1. Operations that are known not to have happened are not here.
//   2. `start` and `end` are on one clock: places of lines, or the file's own times.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "history/datum.hpp"
#include "rafted/result.hpp"

namespace rafted::history {

struct Operation {
    std::string client;
    std::string name;             ///< As "read" or "cas".
    std::optional<Datum> key;     ///< The object it is on, if the file names one.
    Datum input;                  ///< The value it was started with.
    Datum output;                 ///< The value it ended with; nil if it is not known to.
    std::optional<Datum> result;  ///< What was answered, where the file keeps that apart.
    std::uint64_t start = 0;
    std::optional<std::uint64_t> end;  ///< None: may have happened at any time, or never.
    std::uint32_t line = 0;            ///< Where its start is told.
    std::uint32_t end_line = 0;        ///< Where its end is told; 0 if nowhere.

    bool is_known() const { return end.has_value(); }
};

struct History {
    std::string format;  ///< "JSON Lines", "EDN" or "log lines".
    std::vector<Operation> operations;
    std::size_t failed = 0;   ///< Left out: known not to have happened.
    std::size_t ignored = 0;  ///< Records that are no client's, as a nemesis's.
};

/// The history in `text`, its format told by its content. Fails with invalid: "line N: ...".
Result<History> read_history(std::string_view text);

/// The records of a file, each a map; one reader per format.
Result<std::vector<Datum>> read_edn_records(std::string_view text);
Result<std::vector<Datum>> read_json_records(std::string_view text);
Result<std::vector<Datum>> read_log_records(std::string_view text);

/// Operations from records of starts and ends (`type`), or of whole operations (`start`).
Result<History> operations_of(const std::vector<Datum>& records);

/// `return bad_line(record.line, "...")`.
std::unexpected<Error> bad_line(std::uint32_t line, const std::string& what);

}  // namespace rafted::history
