// A made-up run as a trace, for the tests of the page that shows runs: five nodes elect, serve two
// clients and go through a cut, a crash, a pause, a new learner, a disk fault, duplicates and an
// isolated node, until two of them lead one term. It plays Raft's outward signs, not Raft: no log
// has contents, and who is elected when is told by the story.
//   1. The same options give the same bytes.
#pragma once

#include <cstdint>
#include <string>

namespace rafted::test {

struct TraceStoryOptions {
    std::uint64_t duration_ms = 5'000;  ///< At least 5,000; the ending comes at its end.
    std::uint64_t seed = 7;
};

/// The trace in JSON Lines, as the simulator writes it.
std::string trace_story(const TraceStoryOptions& options = {});

}  // namespace rafted::test
