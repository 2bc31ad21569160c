// A group handle's engine over the client protocol: finds the leader, follows hints, tries again
// (retry.hpp) and makes commands exactly-once by a session. Knows no socket and no clock of its
// own: a Channel and a Loop are handed in.
//   1. Everything happens on the loop; call() from another thread is one hop to it.
//   2. Every call is answered once, also when the handle goes away or the loop has stopped.
//   3. All attempts of one command carry the same id.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "ports/door.hpp"
#include "ports/loop.hpp"
#include "rafted/caller.hpp"

namespace rafted::client {

struct CallerOptions {
    std::string group;
    /// At least one. For a node's own handle, the first is the node itself.
    std::vector<std::string> addresses;
    bool first_is_local = false;
    /// Calls not answered yet; more fail with busy.
    std::size_t max_calls = 100'000;
    /// Commands of the session not answered yet; more wait. Below max_results_per_session.
    std::uint64_t session_window = 1000;
    /// How long to wait for one attempt before another is made beside it; doubled each time, for
    /// values that are slow. A membership or config request has one attempt for all its time.
    std::chrono::milliseconds patience{1000};
    /// Pauses: doubled from the first to the last, less up to a half by chance.
    std::chrono::milliseconds first_pause{10};
    std::chrono::milliseconds last_pause{250};
    std::uint64_t seed = 1;  ///< Of that chance.
    /// Kept for as long as the caller lives: what loop and channel belong to.
    std::shared_ptr<void> keep_alive{};
};

class GroupCaller final : public Caller {
public:
    /// requires: loop and channel outlive the caller (keep_alive); the channel answers on the loop.
    GroupCaller(ports::Loop& loop, ports::Channel& channel, CallerOptions options);
    /// As close().
    ~GroupCaller() override;
    GroupCaller(const GroupCaller&) = delete;
    GroupCaller& operator=(const GroupCaller&) = delete;

    void call(RequestKind kind, Bytes body, const CallOptions& options, Callback done) override;
    const std::string& group_name() const override { return group_; }
    bool answers_on_this_thread() const override { return loop_.in_loop(); }
    /// Answers what is not answered yet, and every later call, with stopped. Any thread.
    void close();

    class Core;  // calls.hpp

private:
    std::shared_ptr<void> keep_alive_;
    ports::Loop& loop_;
    std::string group_;
    std::shared_ptr<Core> core_;
};

}  // namespace rafted::client
