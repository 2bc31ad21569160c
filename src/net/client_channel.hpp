// The client's end of the client protocol: one connection per address, shared by all requests to
// it. No policy: nothing is tried twice (client/caller.hpp does that).
//   1. A request that never left fails with unreachable; one that left and got no answer fails
//      with timeout. A refused hello fails them with the other side's own words.
//   2. reply is called exactly once, on the loop; never from within send().
//   3. Requests to the node's own address go to its Door without a socket.
#pragma once

#include <memory>
#include <string>

#include "net/options.hpp"
#include "ports/door.hpp"

namespace rafted::net {

class ClientChannel final : public ports::Channel {
public:
    /// The cluster to insist on; none: any.
    ClientChannel(Loop& loop, ClusterId cluster, const Options& options);
    ~ClientChannel() override;
    ClientChannel(const ClientChannel&) = delete;
    ClientChannel& operator=(const ClientChannel&) = delete;

    /// Requests to this address go straight to the door. requires: before the first request.
    void set_local(const std::string& address, ports::Door& door);
    /// What to insist on from now on. requires: on the loop, or before it starts.
    void set_cluster(ClusterId cluster);
    /// From any thread. After close() (or once the loop has stopped) it fails with stopped.
    void send(const std::string& address, ports::ClientRequest request,
              ports::Reply reply) override;
    /// Answers what waits with stopped, and closes the connections. requires: on the loop, or
    /// after it has stopped.
    void close();

    struct Pool;  // client_channel.cpp

private:
    std::shared_ptr<Pool> pool_;
};

}  // namespace rafted::net
