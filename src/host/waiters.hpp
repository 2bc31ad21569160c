// Who waits for what at one member: first under a request id, then, once accepted, at a place in
// the log. Answered, or told that the outcome is unknown; never forgotten.
//   1. Every waiter leaves by exactly one of take(), applied() and fail_*(), and is then answered.
//   2. Places are in log order, one waiter each.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/effects.hpp"
#include "ports/door.hpp"

namespace rafted::host {

struct Waiter {
    RequestKind kind = RequestKind::command;
    Bytes query;  ///< What a read will ask.
    ports::Reply reply;
};

class Waiters {
public:
    core::RequestId add(Waiter waiter);
    /// requires: the request waits.
    void set_query(core::RequestId request, Bytes query);
    /// Accepted: from now on it waits for the entry at this place.
    void place(const core::Accepted& accepted);
    std::optional<Waiter> take(core::RequestId request);
    /// The entry at this place has been applied: who waited for just that one. Those whose place
    /// went to another entry are told that the lead was lost.
    std::optional<Waiter> applied(Index index, Term term);
    /// Everyone who waits at a place: the lead is lost, what they asked for may still happen.
    void fail_placed(const Error& error);
    void fail_all(const Error& error);
    std::size_t size() const { return by_request_.size() + placed_.size(); }

private:
    struct Placed {
        Index index;
        Term term;
        Waiter waiter;
    };
    std::unordered_map<core::RequestId, Waiter> by_request_;
    std::deque<Placed> placed_;
    core::RequestId next_ = 1;
};

}  // namespace rafted::host
