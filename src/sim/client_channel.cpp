#include "sim/client_channel.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "sim/world.hpp"

namespace rafted::sim {

ClientChannel::~ClientChannel() = default;

void ClientChannel::send(const std::string& address, ports::ClientRequest request,
                         ports::Reply reply) {
    const auto number = ++last_;
    waiting_.emplace(number, Waiting{address, std::move(reply)});
    auto& loop = world_.loop();
    loop.call_in(request.timeout, [this, number, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) answer(number, fail(ErrorCode::timeout, "no answer in time"));
    });
    const Process* process = world_.at(address);
    const NodeId to = process == nullptr ? NodeId(0) : process->id();
    const auto shared = std::make_shared<const ports::ClientRequest>(std::move(request));
    world_.network().send_once(place_, to,
                               [this, number, address, shared, alive = std::weak_ptr(alive_)] {
                                   if (!alive.expired()) arrive(number, address, *shared);
                               });
}

void ClientChannel::arrive(std::uint64_t number, const std::string& address,
                           const ports::ClientRequest& request) {
    Process* process = world_.at(address);
    if (process == nullptr) {
        return answer(number, fail(ErrorCode::unreachable, "nobody is at " + address));
    }
    const NodeId from = process->id();
    process->host().request(request, [this, number, from,
                                      alive = std::weak_ptr(alive_)](Result<Bytes> result) {
        if (alive.expired() || !world_.exists(from) || !world_.files(from).has_power()) return;
        world_.network().send_once(from, place_, [this, number, alive, result = std::move(result)] {
            if (!alive.expired()) answer(number, result);
        });
    });
}

void ClientChannel::lose(const std::string& address) {
    std::vector<std::uint64_t> lost;
    for (const auto& [number, waiting] : waiting_) {
        if (waiting.address == address) lost.push_back(number);
    }
    for (const auto number : lost) {
        answer(number, fail(ErrorCode::timeout, "the connection was lost"));
    }
}

void ClientChannel::answer(std::uint64_t number, Result<Bytes> result) {
    auto waiting = waiting_.extract(number);
    if (!waiting.empty()) waiting.mapped().reply(std::move(result));
}

}  // namespace rafted::sim
