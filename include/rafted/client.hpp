// Client: the same Group<D> from outside the cluster. One thread and one connection per address
// serve any number of groups and calls.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rafted/group.hpp"
#include "rafted/status.hpp"

namespace rafted {

struct ClientConfig {
    /// Any members' addresses, "host:port"; the others are found from there. At least one.
    std::vector<std::string> addresses;
    /// Refuse to talk to any other cluster.
    std::optional<ClusterId> cluster{};
    /// As NodeConfig::spin, of the client's own loop.
    std::chrono::microseconds spin{30};
    /// As NodeConfig::max_calls_per_handle, of this client's handles.
    std::uint64_t max_calls_per_handle = 100'000;

    /// Fails with invalid; the text names the field, its value and the allowed range.
    Result<void> validate() const;
};

class Client {
public:
    /// Connects to nobody yet. Fails with invalid if an address or a number makes no
    /// sense.
    static Result<Client> open(ClientConfig config);

    Client(Client&&) noexcept = default;
    Client& operator=(Client&&) noexcept = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    /// A handle; nothing is asked of anybody before the first call.
    template <class D>
    Group<D> group(const std::string& name) const {
        return Group<D>(caller(name));
    }
    /// A handle for everything that needs no value's type: status, members, lead, config.
    GroupHandle handle(const std::string& name) const { return GroupHandle(caller(name)); }
    std::shared_ptr<Caller> caller(const std::string& name) const;

    /// All groups of the node at this very address, as it sees them.
    Result<std::vector<Status>> groups(const std::string& address,
                                       std::chrono::milliseconds timeout) const;
    /// One group as the node at this very address sees it.
    Result<Status> status(const std::string& address, const std::string& group,
                          std::chrono::milliseconds timeout) const;
    Result<Metrics> metrics(const std::string& address, std::chrono::milliseconds timeout) const;

    struct Question {
        RequestKind kind = RequestKind::status;
        std::string group;
        Bytes body;
    };
    /// For tools: one request to the node at this very address, tried once.
    Result<Bytes> ask(const std::string& address, Question question,
                      std::chrono::milliseconds timeout) const;

private:
    class Impl;
    explicit Client(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace rafted
