// Transport on TCP: one connection to each peer, opened when there is something to say, shared by
// all groups; connections from peers bring their messages in. Does not look into messages.
//   1. What a peer says in its messages must agree with its hello: another sender or another
//      receiver ends the connection.
//   2. While a peer cannot be reached, messages to it are dropped; attempts to connect are
//      0.5 s apart at most.
//   3. All of it happens on the loop.
#pragma once

#include <memory>
#include <string>

#include "net/options.hpp"
#include "ports/transport.hpp"

namespace rafted::net {

class TcpTransport final : public ports::Transport {
public:
    TcpTransport(Loop& loop, std::shared_ptr<const Identity> self, const Options& options);
    ~TcpTransport() override;
    TcpTransport(const TcpTransport&) = delete;
    TcpTransport& operator=(const TcpTransport&) = delete;

    /// Who takes what arrives. requires: before the first connection.
    void set_receiver(ports::Receiver& receiver);
    /// Takes a connection whose hello was a peer's.
    Result<void> welcome(const std::shared_ptr<Connection>& connection, const Hello& hello);
    /// requires: on the loop, or after it has stopped.
    void close();

    void send(ports::Envelope envelope) override;
    void beat(NodeId node, const ports::Beat& beat) override;
    void set_address(NodeId node, const std::string& address) override;
    bool can_be_at(const std::string& address) const override;
    void announce(NodeId node) override;
    void flush() override;

    struct Core;  // tcp_transport.cpp

private:
    std::shared_ptr<Core> core_;
};

}  // namespace rafted::net
