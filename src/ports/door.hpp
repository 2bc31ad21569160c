// The client protocol's two ends: a Door answers requests (the host is one), a Channel carries a
// request to the door of some address (the network is one). One request, one answer, any order.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "rafted/bytes.hpp"
#include "rafted/caller.hpp"
#include "rafted/result.hpp"

namespace rafted::ports {

struct ClientRequest {
    RequestKind kind = RequestKind::status;
    std::string group;
    std::chrono::milliseconds timeout{5000};  ///< The caller stops waiting after this.
    Bytes body;
};

using Reply = std::move_only_function<void(Result<Bytes>)>;

class Door {
public:
    virtual ~Door() = default;
    /// Never blocks; `reply` is called exactly once, on any thread.
    virtual void request(ClientRequest request, Reply reply) = 0;
};

class Channel {
public:
    virtual ~Channel() = default;
    /// Connects if need be. Fails with unreachable (it was not sent), timeout or lost connection
    /// (`timeout`: it may have been done). Never blocks; `reply` is called exactly once.
    virtual void send(const std::string& address, ClientRequest request, Reply reply) = 0;
};

}  // namespace rafted::ports
