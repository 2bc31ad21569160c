// What clients put into a queue and were told, and whether one order of it explains every answer:
// by Rafted's own checker, and by nobody's word but the clients'.
//   1. What failed with "it did not happen" is left out; what is not known may have happened.
//   2. Nothing is ever taken out, so that each answer, a place in the queue, fixes the order.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "live/live_cluster.hpp"
#include "rafted/history.hpp"

namespace rafted::test {

class QueueHistory {
public:
    Result<std::uint64_t> enqueue(const Group<Queue>& group, const std::string& item,
                                  const CallOptions& options);
    Result<std::uint64_t> length(const Group<Queue>& group, const CallOptions& options);
    /// All of it.
    Result<std::vector<std::string>> items(const Group<Queue>& group, const CallOptions& options);

    /// Commands that were answered.
    std::size_t answered() const;
    /// Calls, and those of them that may have happened.
    std::string figures() const;
    /// What cannot be explained; empty if everything can. Requires: items() was the last call. What
    /// may have happened has happened if it is there, and at the place where it is.
    std::string judge() const;

private:
    template <class R, class Ask>
    Result<R> keep(history::Call call, Ask ask);

    mutable std::mutex mutex_;
    std::vector<history::Call> calls_;
    std::vector<std::string> last_items_;
    std::size_t answered_ = 0;
    std::size_t unknown_ = 0;
};

}  // namespace rafted::test
