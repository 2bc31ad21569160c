// A client's way to the doors of nodes, through the world's network: requests and answers are
// lost, late and doubled like everything else, and a node that dies takes its connections along.
#pragma once

#include <map>
#include <string>

#include "ports/door.hpp"
#include "rafted/ids.hpp"

namespace rafted::sim {

class World;

class ClientChannel final : public ports::Channel {
public:
    /// `place`: where the client is in the network.
    ClientChannel(World& world, NodeId place) : world_(world), place_(place) {}
    ~ClientChannel() override;
    ClientChannel(const ClientChannel&) = delete;
    ClientChannel& operator=(const ClientChannel&) = delete;

    void send(const std::string& address, ports::ClientRequest request,
              ports::Reply reply) override;
    /// Who waits for an answer from there loses the connection.
    void lose(const std::string& address);

private:
    struct Waiting {
        std::string address;
        ports::Reply reply;
    };
    void arrive(std::uint64_t number, const std::string& address,
                const ports::ClientRequest& request);
    void answer(std::uint64_t number, Result<Bytes> result);

    World& world_;
    NodeId place_;
    std::map<std::uint64_t, Waiting> waiting_;
    std::uint64_t last_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::sim
