// Requests to doors in this process, without a socket: what a channel does for its node's own
// address, and in a LocalNetwork for all.
//   1. reply is called exactly once, on the loop; never from within send().
//   2. Who is not answered in time is told so; an answer that comes later is dropped.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/loop.hpp"
#include "ports/door.hpp"

namespace rafted::net {

class LocalCalls : public std::enable_shared_from_this<LocalCalls> {
public:
    /// With `most` waiting, more are refused with busy.
    LocalCalls(Loop& loop, std::size_t most) : loop_(loop), most_(most) {}

    /// `address` is for words only. requires: on the loop.
    void send(ports::Door& door, const std::string& address, ports::ClientRequest request,
              ports::Reply reply);
    /// Ends a request that reaches no door. Any thread.
    void refuse(ports::Reply reply, Error why);
    /// Answers what waits with stopped. requires: on the loop, or after it has stopped.
    void close();

private:
    struct Waiting {
        ports::Reply reply;
        core::Time deadline{};
        std::string address;
    };
    struct Arrived {
        std::uint64_t id = 0;
        Result<Bytes> result;
    };
    void answer(Arrived arrived);
    void answer_all();
    void finish(std::uint64_t id, Result<Bytes> result);
    void expire_by(core::Time deadline);
    void expire();

    Loop& loop_;
    std::size_t most_;
    bool inside_door_ = false;  // an answer that comes now must wait: send() has not returned
    std::unordered_map<std::uint64_t, Waiting> waiting_;
    std::uint64_t next_id_ = 1;
    core::Time next_expiry_ = core::never;
    Loop::TimerId timer_{};

    std::mutex mutex_;  // guards what follows: the hand-over from other threads
    std::vector<Arrived> arrived_;
    bool closed_ = false;
};

}  // namespace rafted::net
