// Serves client connections: requests go to the Door, answers go back in any order. Knows nothing
// of what is asked.
//   1. An answer may come from any thread; a burst of answers wakes the loop once and leaves in
//      one write per connection.
//   2. Requests not answered yet are bounded, per connection and in all; more are refused as busy.
#pragma once

#include <memory>

#include "net/connection.hpp"
#include "net/options.hpp"
#include "ports/door.hpp"

namespace rafted::net {

class DoorServer {
public:
    DoorServer(Loop& loop, ports::Door& door, const Options& options);
    ~DoorServer();
    DoorServer(const DoorServer&) = delete;
    DoorServer& operator=(const DoorServer&) = delete;

    /// Serves a connection whose hello was a client's. requires: on the loop.
    Result<void> welcome(const std::shared_ptr<Connection>& connection);
    /// Closes every connection; answers that still come are dropped. requires: on the loop, or
    /// after it has stopped.
    void close();

    struct Desk;  // door_server.cpp

private:
    std::shared_ptr<Desk> desk_;
};

}  // namespace rafted::net
