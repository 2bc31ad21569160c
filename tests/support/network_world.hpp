// Real networks over loopback for tests: nodes with an inbox and a door, and raw sockets that say
// whatever a test wants. Waits on conditions, never for a time.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/client_channel.hpp"
#include "net/loop.hpp"
#include "net/network.hpp"
#include "net/wire.hpp"

namespace rafted::test {

/// A mutex and what is waited for under it. Fails the wait after 20 s: something is broken.
class Watched {
public:
    template <class Change>
    void change(Change&& change) {
        {
            const std::lock_guard lock(mutex_);
            change();
        }
        changed_.notify_all();
    }
    bool wait(const std::function<bool()>& condition,
              std::chrono::milliseconds longest = std::chrono::seconds(20)) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, longest, condition);
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

/// Keeps what arrives.
class Inbox final : public ports::Receiver {
public:
    void receive(ports::Envelope envelope) override {
        watched.change([&] { envelopes.push_back(std::move(envelope)); });
    }
    void heard_beat(NodeId from, const ports::Beat& beat) override {
        watched.change([&] { beats.emplace_back(from, beat); });
    }
    void heard_address(NodeId node, const std::string& address) override {
        watched.change([&] { addresses[node] = address; });
    }

    Watched watched;
    std::vector<ports::Envelope> envelopes;
    std::vector<std::pair<NodeId, ports::Beat>> beats;
    std::map<NodeId, std::string> addresses;
};

/// Keeps the requests, and answers them as the test says: at once by default, with the body.
class TestDoor final : public ports::Door {
public:
    struct Asked {
        ports::ClientRequest request;
        ports::Reply reply;
    };
    void request(ports::ClientRequest request, ports::Reply reply) override {
        if (answer_at_once) {
            count.change([&] { ++answered; });
            return reply(Result<Bytes>(std::move(request.body)));
        }
        count.change([&] { asked.push_back({std::move(request), std::move(reply)}); });
    }

    bool answer_at_once = true;
    Watched count;
    std::vector<Asked> asked;
    int answered = 0;
};

/// One node's network on a loop of its own.
class TestNode {
public:
    explicit TestNode(NodeId node, ClusterId cluster = ClusterId(7), NodeConfig config = {});
    ~TestNode();
    /// Begins to accept; what the test wants to set on door or loop comes before.
    void start();
    /// Runs on the loop (here, if it has not started) and returns when it has run.
    void on_loop(const std::function<void()>& job);
    void send(NodeId to, Term term, std::vector<core::Entry> entries = {});
    void set_address(const TestNode& other) { set_address(other.id, other.network->address()); }
    void set_address(NodeId node, const std::string& address);
    void announce(NodeId node);
    void close();

    NodeId id;
    net::Loop loop;
    Inbox inbox;
    TestDoor door;
    std::unique_ptr<net::Network> network;
    /// Waits for a log line with all these words.
    bool logs(const std::vector<std::string>& words);
    Watched watched_log;
    std::string log;

private:
    bool started_ = false;
    bool closed_ = false;
};

/// A channel on a loop of its own, and calls that wait for their answer.
class TestClient {
public:
    explicit TestClient(ClusterId cluster = {}, net::Options options = {});
    ~TestClient();
    Result<Bytes> ask(const std::string& address, ports::ClientRequest request);

    net::Loop loop;
    net::ClientChannel channel;
};

/// A plain blocking socket.
class RawSocket {
public:
    explicit RawSocket(const std::string& address);
    ~RawSocket();
    RawSocket(const RawSocket&) = delete;
    RawSocket& operator=(const RawSocket&) = delete;
    void send(BytesView bytes) const;
    void end_sending() const;
    /// Everything until the other side closes; gives up (and says false) after 20 s.
    bool read_to_end(Bytes& bytes) const;
    /// The next whole frame's body; empty if the other side closed.
    Bytes read_frame() const;

private:
    int descriptor_;
};

/// A frame around a body, as the wire has it.
Bytes framed(BytesView body);
/// The refusal among these frames, if there is one.
std::optional<Error> refusal_in(BytesView bytes);

}  // namespace rafted::test
