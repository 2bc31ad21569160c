// Writes the page of a trace, for looking at it and for tests/web/check: of the made-up run, or of
// a trace file.
//   write_page PAGE.html                the made-up run of five seconds
//   write_page PAGE.html MILLISECONDS   a longer one
//   write_page PAGE.html TRACE.jsonl    the run of that trace
#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "sim/page.hpp"
#include "support/trace_story.hpp"

namespace {

/// The trace that the argument names; empty if it cannot be read.
std::string trace_of(const std::string& argument) {
    std::uint64_t duration_ms = 5'000;
    const char* end = argument.data() + argument.size();
    const auto [stop, error] = std::from_chars(argument.data(), end, duration_ms);
    if (argument.empty() || (error == std::errc() && stop == end)) {
        return rafted::test::trace_story(
            {.duration_ms = std::max<std::uint64_t>(5'000, duration_ms)});
    }
    std::ifstream file(argument, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2 || count > 3) {
        std::cerr << "usage: write_page PAGE.html [MILLISECONDS | TRACE.jsonl]\n";
        return 2;
    }
    const auto page = rafted::sim::trace_page(trace_of(count == 3 ? arguments[2] : ""));
    if (!page) {
        std::cerr << "write_page: " << to_string(page.error()) << "\n";
        return 1;
    }
    std::ofstream file(arguments[1], std::ios::binary);
    file << *page << std::flush;
    if (!file) std::cerr << "write_page: cannot write " << arguments[1] << "\n";
    return file ? 0 : 1;
}
