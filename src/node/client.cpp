#include "rafted/client.hpp"

#include "client/caller.hpp"
#include "net/client_channel.hpp"
#include "net/loop.hpp"
#include "node/system.hpp"
#include "node/wait.hpp"
#include "rafted/codec.hpp"

namespace rafted {

class Client::Impl {
public:
    explicit Impl(ClientConfig client_config)
        : config(std::move(client_config)),
          loop(config.spin),
          channel(loop, config.cluster.value_or(ClusterId()), net::Options::from(NodeConfig{})) {
        loop.start();
    }
    ~Impl() {
        loop.stop();
        channel.close();
    }

    /// One request to this very address, without any policy.
    Result<Bytes> ask(const std::string& address, ports::ClientRequest request) {
        node::Awaited<Bytes> answer;
        const auto time = request.timeout = node::bounded(request.timeout);
        channel.send(address, std::move(request), answer.callback());
        // The channel keeps the time itself; the margin is for its own answer to arrive.
        return answer.wait(time + std::chrono::seconds(2), "the request to " + address);
    }

    ClientConfig config;
    net::Loop loop;
    net::ClientChannel channel;
};

Client::Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<Client> Client::open(ClientConfig config) {
    if (auto valid = config.validate(); !valid) return std::unexpected(std::move(valid.error()));
    // A handle may be the last to hold it, and be let go by a callback on the loop's own thread,
    // which cannot wait for itself.
    const auto let_go = [](Impl* impl) {
        if (!impl->loop.in_loop()) return delete impl;
        std::thread([impl] { delete impl; }).detach();
    };
    return Client(std::shared_ptr<Impl>(new Impl(std::move(config)), let_go));
}

std::shared_ptr<Caller> Client::caller(const std::string& name) const {
    client::CallerOptions options;
    options.group = name;
    options.addresses = impl_->config.addresses;
    options.max_calls = impl_->config.max_calls_per_handle;
    options.seed = node::system_random();
    options.keep_alive = impl_;
    return std::make_shared<client::GroupCaller>(impl_->loop, impl_->channel, std::move(options));
}

Result<std::vector<Status>> Client::groups(const std::string& address,
                                           std::chrono::milliseconds timeout) const {
    auto answer = impl_->ask(address, {RequestKind::list_groups, {}, timeout, {}});
    if (!answer) return std::unexpected(answer.error());
    return decode<std::vector<Status>>(*answer);
}

Result<Status> Client::status(const std::string& address, const std::string& group,
                              std::chrono::milliseconds timeout) const {
    auto answer = impl_->ask(address, {RequestKind::status, group, timeout, {}});
    if (!answer) return std::unexpected(answer.error());
    return decode<Status>(*answer);
}

Result<Metrics> Client::metrics(const std::string& address,
                                std::chrono::milliseconds timeout) const {
    auto answer = impl_->ask(address, {RequestKind::metrics, {}, timeout, {}});
    if (!answer) return std::unexpected(answer.error());
    return decode<Metrics>(*answer);
}

Result<Bytes> Client::ask(const std::string& address, Question question,
                          std::chrono::milliseconds timeout) const {
    return impl_->ask(
        address, {question.kind, std::move(question.group), timeout, std::move(question.body)});
}

}  // namespace rafted
