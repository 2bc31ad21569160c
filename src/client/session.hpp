// A handle's session with its group: numbers its commands, and knows below which number every
// answer has come. Pure; opening the session is the caller's business.
//   1. A number is given out once.
//   2. Numbers given out and not finished span less than the window, so that the group never
//      forgets an answer that may still be asked for (max_results_per_session).
#pragma once

#include <cstdint>
#include <deque>

#include "value/envelope.hpp"

namespace rafted::client {

class Session {
public:
    explicit Session(std::uint64_t window) : window_(window) {}

    bool is_open() const { return id_ != 0; }
    std::uint64_t id() const { return id_; }
    /// Starts over under a new id; what was outstanding belongs to the old one.
    void open(std::uint64_t id);
    void expired() { open(0); }

    /// A number can be given out now.
    bool has_room() const { return is_open() && done_.size() < window_; }
    /// requires: has_room().
    value::SessionId take();
    /// The command's answer has come, or nobody waits for it any more.
    void finish(const value::SessionId& command);

private:
    std::uint64_t window_;
    std::uint64_t id_ = 0;
    std::uint64_t lowest_ = 1;  // not finished, or the next to be given out
    std::deque<bool> done_;     // of lowest_ and those above it
};

}  // namespace rafted::client
