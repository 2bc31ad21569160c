// What the clients of a run asked and were told, with the bytes, for whoever judges histories.
//   1. Kept are calls that count: not stale queries, nor what certainly did not happen, nor what
//      was asked after close().
//   2. A call whose end came after close() is open: its answer is of an incarnation that is not
//      judged.
#pragma once

#include <vector>

#include "rafted/history.hpp"
#include "sim/facts.hpp"

namespace rafted::sim {

class HistoryKeeper {
public:
    /// requires: operations are numbered from 1, in the order they are asked for.
    void called(const Called& fact, BytesView body);
    /// `counts`: off if a right answer could not be expected.
    void replied(const Replied& reply, const Result<Bytes>& result, bool counts = true);
    /// The group has lost what was acknowledged: the history ends here.
    void close() { is_closed_ = true; }

    std::vector<history::Call> calls() const;

private:
    struct Kept {
        history::Call call;
        bool counts = true;
    };
    std::vector<Kept> kept_;  // that of operation 1 first
    bool is_closed_ = false;
};

}  // namespace rafted::sim
