#include "support/network_world.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <utility>

#include "core/check.hpp"
#include "core/checksum.hpp"

namespace rafted::test {

TestNode::TestNode(NodeId node, ClusterId cluster, NodeConfig config) : id(node) {
    config.log = [this](LogLevel, std::string_view line) {
        watched_log.change([&] { log += std::string(line) + "\n"; });
    };
    auto opened = net::Network::open(loop, config, {.node = node, .cluster = cluster});
    CHECK(opened.has_value(), "a test's network opens");
    network = std::move(*opened);
}

TestNode::~TestNode() { close(); }

void TestNode::start() {
    network->start(inbox, door);
    loop.start();
    started_ = true;
}

void TestNode::on_loop(const std::function<void()>& job) {
    if (!started_) return job();
    std::promise<void> done;
    const bool posted = loop.post([&] {
        job();
        done.set_value();
    });
    if (posted) done.get_future().wait();
}

void TestNode::send(NodeId to, Term term, std::vector<core::Entry> entries) {
    on_loop([&] {
        core::AppendRequest request;
        request.entries = std::move(entries);
        network->transport().send(
            {GroupId(9), {.from = id, .to = to, .term = term, .body = std::move(request)}});
        network->transport().flush();
    });
}

void TestNode::announce(NodeId node) {
    on_loop([&] { network->transport().announce(node); });
}

void TestNode::set_address(NodeId node, const std::string& address) {
    on_loop([&] { network->transport().set_address(node, address); });
}

bool TestNode::logs(const std::vector<std::string>& words) {
    return watched_log.wait([&] {
        for (const auto& word : words) {
            if (log.find(word) == std::string::npos) return false;
        }
        return true;
    });
}

void TestNode::close() {
    if (std::exchange(closed_, true)) return;
    on_loop([&] { network->close(); });
    loop.stop();
}

TestClient::TestClient(ClusterId cluster, net::Options options) : channel(loop, cluster, options) {
    loop.start();
}

TestClient::~TestClient() {
    loop.stop();
    channel.close();
}

Result<Bytes> TestClient::ask(const std::string& address, ports::ClientRequest request) {
    std::promise<Result<Bytes>> answer;
    channel.send(address, std::move(request),
                 [&](Result<Bytes> result) { answer.set_value(std::move(result)); });
    return answer.get_future().get();
}

RawSocket::RawSocket(const std::string& address)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int result = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&to), sizeof to);
    CHECK(result == 0, "a test's socket connects");
}

RawSocket::~RawSocket() { ::close(descriptor_); }

void RawSocket::send(BytesView bytes) const {
    while (!bytes.empty()) {
        const auto n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return;  // the other side has hung up: the test looks at what it said
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
}

void RawSocket::end_sending() const { ::shutdown(descriptor_, SHUT_WR); }

bool RawSocket::read_to_end(Bytes& bytes) const {
    std::byte buffer[4096];
    for (;;) {
        const auto n = ::recv(descriptor_, buffer, sizeof buffer, 0);
        if (n == 0) return true;
        if (n < 0) return errno == ECONNRESET;
        bytes.insert(bytes.end(), buffer, buffer + n);
    }
}

Bytes RawSocket::read_frame() const {
    std::uint32_t header[2];
    if (::recv(descriptor_, header, sizeof header, MSG_WAITALL) != sizeof header) return {};
    Bytes body(header[0]);
    const auto n = ::recv(descriptor_, body.data(), body.size(), MSG_WAITALL);
    return n == static_cast<ssize_t>(body.size()) ? body : Bytes{};
}

Bytes framed(BytesView body) {
    Writer out;
    out.number(static_cast<std::uint32_t>(body.size()));
    out.number(static_cast<std::uint32_t>(core::checksum(body)));
    out.raw(body);
    return out.take();
}

std::optional<Error> refusal_in(BytesView bytes) {
    Reader in(bytes);
    while (!in.at_end() && !in.failed()) {
        const auto length = in.number<std::uint32_t>();
        in.number<std::uint32_t>();
        const auto body = in.raw(length);
        if (net::type_of(body) == net::FrameType::refusal) {
            return net::decode_refusal(body.subspan(1));
        }
    }
    return std::nullopt;
}

}  // namespace rafted::test
