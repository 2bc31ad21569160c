// One self-contained HTML page that shows a simulated run: the trace of the run, with the style and
// the scripts of src/sim/page/ around it. It makes the page's text; it writes no file and runs
// nothing. What the page does is in src/sim/page/*.js, what a trace says is in docs/testing.md.
//   1. The page needs nothing from outside: no network, no other file. Its own policy forbids it.
//   2. Every line of the trace is in the page, unchanged but for how "<" is spelled.
//   3. Nothing that a trace says can end the page's script or begin another.
#pragma once

#include <string>
#include <string_view>

#include "rafted/result.hpp"

namespace rafted::sim {

/// The version of the trace's lines that the page reads, as in the first line's "format".
inline constexpr std::uint64_t page_trace_format = 1;

/// The page of a trace in JSON Lines: a line of kind "run" first, then lines in order of time.
/// Empty lines are skipped. Returns the page's whole text, UTF-8.
/// Fails with invalid, naming the line and what is wrong with it.
Result<std::string> trace_page(std::string_view trace_lines);

}  // namespace rafted::sim
