#include "net/tcp_transport.hpp"

#include <algorithm>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rafted::net {
namespace {

struct Peer;
struct Visitor;

}  // namespace

struct TcpTransport::Core : std::enable_shared_from_this<TcpTransport::Core> {
    Core(Loop& the_loop, std::shared_ptr<const Identity> the_self, Options the_options)
        : loop(the_loop), self(std::move(the_self)), options(std::move(the_options)) {}

    std::shared_ptr<Peer> peer(NodeId node);
    void set_address(NodeId node, const std::string& address);
    /// The node itself is there now: whoever looks for it is told, if that is news.
    void found(NodeId node, const std::string& address);
    std::chrono::milliseconds with_chance(std::chrono::milliseconds longest);
    void say(LogLevel level, const std::string& text) const {
        if (options.log) options.log(level, text);
    }

    Loop& loop;
    std::shared_ptr<const Identity> self;
    Options options;
    ports::Receiver* receiver = nullptr;
    std::unordered_map<NodeId, std::shared_ptr<Peer>> peers;
    std::unordered_map<NodeId, std::shared_ptr<Connection>> visitors;  // the newest of each node
    std::vector<std::shared_ptr<Connection>> to_flush;
    std::minstd_rand chance{std::random_device{}()};
    bool closed = false;
};

namespace {

using Core = TcpTransport::Core;

/// A node we send to.
struct Peer final : ConnectionHandler, std::enable_shared_from_this<Peer> {
    Peer(Core& the_core, NodeId the_node) : core(the_core), node(the_node) {}

    void send(OutFrame frame);
    void announce();
    void connect();
    void disconnect(const Error& why);
    void try_again_later(const Error& why);
    void on_connected(Connection& to) override;
    Result<void> on_frame(Connection& from, FrameType type, const Frame& frame) override;
    Result<void> on_hello(Connection& from, const Frame& frame);
    void on_closed(Connection& from, const Error& why) override;

    Core& core;
    NodeId node;
    std::string address;
    std::shared_ptr<Connection> connection;
    bool greeted = false;
    std::vector<OutFrame> early;  // until the hello is answered
    std::size_t early_bytes = 0;
    std::chrono::milliseconds backoff{};
    Loop::TimerId pause{};   // set: no attempt before it has passed
    bool wanted = false;     // a message was dropped during the pause
    bool announces = false;  // it is to have our hello, message or not
    std::string last_trouble;
};

/// A node that sends to us.
struct Visitor final : ConnectionHandler {
    Visitor(std::weak_ptr<Core> the_core, Hello the_hello)
        : core(std::move(the_core)), node(the_hello.node), address(std::move(the_hello.address)) {}

    Result<void> on_frame(Connection& from, FrameType type, const Frame& frame) override;
    Result<void> on_beat(Core& owner, const Frame& frame) const;
    void on_closed(Connection& from, const Error& why) override;

    std::weak_ptr<Core> core;
    NodeId node;
    std::string address;  // as its hello said; may be empty
};

void Peer::send(OutFrame frame) {
    if (greeted) {
        const bool first = connection->queued_bytes() == 0;
        if (connection->send(std::move(frame)) && first) core.to_flush.push_back(connection);
        return;
    }
    if (pause.number != 0) {
        wanted = true;
        return;
    }
    if (!connection) connect();
    if (early_bytes + frame.size() > core.options.max_peer_queue_bytes) return;
    early_bytes += frame.size();
    early.push_back(std::move(frame));
}

void Peer::announce() {
    if (greeted) return;
    announces = true;
    if (!connection && pause.number == 0) connect();
}

void Peer::connect() {
    const auto parsed = parse_address(address);
    if (!parsed) return try_again_later(parsed.error());
    connection = Connection::connect(core.loop, *parsed, core.options.peer(), shared_from_this());
}

void Peer::disconnect(const Error& why) {
    core.loop.cancel(pause);
    pause = {};
    backoff = {};
    if (!connection) return;
    connection->set_handler(nullptr);
    std::exchange(connection, nullptr)->close(why);
    greeted = false;
    early.clear();
    early_bytes = 0;
}

void Peer::try_again_later(const Error& why) {
    early.clear();
    early_bytes = 0;
    const auto text = to_string(why);
    if (text != last_trouble) {
        core.say(LogLevel::warning, "node " + to_string(node) + " at " + address + ": " + text);
        last_trouble = text;
    }
    backoff = std::clamp(2 * backoff, core.options.first_backoff, core.options.last_backoff);
    wanted = false;
    pause =
        core.loop.call_at(core.loop.now() + core.with_chance(backoff), [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->pause = {};
            if ((self->wanted || self->announces) && !self->connection) self->connect();
        });
}

void Peer::on_connected(Connection& to) {
    to.send({.head = encode(Hello{.version = protocol_version,
                                  .kind = HelloKind::peer,
                                  .cluster = core.self->cluster,
                                  .node = core.self->node,
                                  .address = core.self->address}),
             .body = {},
             .blocks = {}});
}

Result<void> Peer::on_frame(Connection& from, FrameType type, const Frame& frame) {
    if (type == FrameType::refusal) {
        const auto why = decode_refusal(frame.body.subspan(1));
        from.close(why.value_or(Error{ErrorCode::invalid, "refused without a reason", {}}));
        return {};
    }
    if (!greeted && type == FrameType::hello) return on_hello(from, frame);
    return fail(ErrorCode::invalid, "a peer answered something that is not a hello");
}

Result<void> Peer::on_hello(Connection& from, const Frame& frame) {
    const auto hello = decode_hello(frame.body.subspan(1));
    if (!hello) return std::unexpected(hello.error());
    if (auto good = check_hello(*hello, core.self->cluster); !good) return good;
    if (hello->node != node) {
        return fail(ErrorCode::not_member, "this address belongs to node " +
                                               to_string(hello->node) + " now, not to " +
                                               to_string(node));
    }
    greeted = true;
    announces = false;
    backoff = {};
    last_trouble.clear();
    from.greeted(core.options.peer());
    for (auto& one : early) from.send(std::move(one));
    early.clear();
    early_bytes = 0;
    return {};
}

void Peer::on_closed(Connection&, const Error& why) {
    const auto self = shared_from_this();
    connection.reset();
    greeted = false;
    try_again_later(why);
}

Result<void> Visitor::on_frame(Connection&, FrameType type, const Frame& frame) {
    const auto owner = core.lock();
    if (!owner || owner->receiver == nullptr) return fail(ErrorCode::stopped, "stopping");
    if (type == FrameType::beat) return on_beat(*owner, frame);
    if (type != FrameType::message) {
        return fail(ErrorCode::invalid, "a peer sent something that is not a message");
    }
    auto envelope = decode_message(frame);
    if (!envelope) return fail(ErrorCode::invalid, "a message that makes no sense");
    const auto& message = envelope->message;
    if (message.from != node || message.to != owner->self->node) {
        return fail(ErrorCode::invalid, "a message from " + to_string(message.from) + " to " +
                                            to_string(message.to) + " on a connection from " +
                                            to_string(node) + " to " +
                                            to_string(owner->self->node));
    }
    // A list of old may have said otherwise since the hello: who still speaks from there is there.
    owner->found(node, address);
    owner->receiver->receive(std::move(*envelope));
    return {};
}

Result<void> Visitor::on_beat(Core& owner, const Frame& frame) const {
    const auto beat = decode_beat(frame.body.subspan(1));
    if (!beat) return fail(ErrorCode::invalid, "a beat that makes no sense");
    owner.found(node, address);
    owner.receiver->heard_beat(node, *beat);
    return {};
}

void Visitor::on_closed(Connection& from, const Error& why) {
    const auto owner = core.lock();
    if (!owner) return;
    if (outcome_of(why) != Outcome::no || why.code == ErrorCode::invalid) {
        owner->say(LogLevel::warning,
                   "connection from node " + to_string(node) + " ended: " + to_string(why));
    }
    const auto found = owner->visitors.find(node);
    if (found != owner->visitors.end() && found->second.get() == &from) {
        owner->visitors.erase(found);
    }
}

}  // namespace

std::shared_ptr<Peer> TcpTransport::Core::peer(NodeId node) {
    auto& known = peers[node];
    if (!known) known = std::make_shared<Peer>(*this, node);
    return known;
}

void TcpTransport::Core::set_address(NodeId node, const std::string& address) {
    if (closed || node == self->node) return;
    const auto known = peer(node);
    if (known->address == address) return;
    known->address = address;
    known->disconnect({ErrorCode::cancelled, "the node is to be found elsewhere now", {}});
    if (known->announces) known->connect();
}

void TcpTransport::Core::found(NodeId node, const std::string& address) {
    if (address.empty() || peer(node)->address == address) return;
    set_address(node, address);
    if (receiver != nullptr) receiver->heard_address(node, address);
}

/// Between half of `longest` and all of it, so that nodes do not knock in step.
std::chrono::milliseconds TcpTransport::Core::with_chance(std::chrono::milliseconds longest) {
    std::uniform_int_distribution<std::int64_t> pick(longest.count() / 2, longest.count());
    return std::chrono::milliseconds(pick(chance));
}

TcpTransport::TcpTransport(Loop& loop, std::shared_ptr<const Identity> self, const Options& options)
    : core_(std::make_shared<Core>(loop, std::move(self), options)) {}

TcpTransport::~TcpTransport() { close(); }

void TcpTransport::set_receiver(ports::Receiver& receiver) { core_->receiver = &receiver; }

Result<void> TcpTransport::welcome(const std::shared_ptr<Connection>& connection,
                                   const Hello& hello) {
    if (!hello.node || hello.node == core_->self->node) {
        return fail(ErrorCode::invalid, "a hello from node " + to_string(hello.node) +
                                            ", which is none or this node itself");
    }
    if (core_->peers.size() >= core_->options.max_connections &&
        !core_->peers.contains(hello.node)) {
        return fail(ErrorCode::busy, "this node knows too many others (max_connections)");
    }
    connection->set_handler(std::make_shared<Visitor>(core_, hello));
    auto& newest = core_->visitors[hello.node];
    if (const auto older = std::exchange(newest, connection)) {
        older->close({ErrorCode::cancelled, "the node opened a newer connection", {}});
    }
    core_->found(hello.node, hello.address);
    return {};
}

void TcpTransport::close() {
    core_->closed = true;
    core_->receiver = nullptr;
    const Error why{ErrorCode::stopped, "the node is stopping", {}};
    for (const auto& [node, peer] : std::exchange(core_->peers, {})) {
        if (peer->connection) peer->connection->flush();
        peer->disconnect(why);
    }
    for (const auto& [node, connection] : std::exchange(core_->visitors, {})) {
        connection->close(why);
    }
}

void TcpTransport::send(ports::Envelope envelope) {
    const auto found = core_->peers.find(envelope.message.to);
    if (found == core_->peers.end() || found->second->address.empty()) return;
    auto frame = encode_message(envelope.group, core::encode(envelope.message));
    if (frame.size() > core_->options.max_frame_bytes) {
        core_->say(LogLevel::error, "a message of " + std::to_string(frame.size()) +
                                        " bytes is over max_frame_bytes and cannot be sent");
        return;
    }
    found->second->send(std::move(frame));
}

void TcpTransport::beat(NodeId node, const ports::Beat& beat) {
    const auto found = core_->peers.find(node);
    if (found == core_->peers.end() || found->second->address.empty()) return;
    found->second->send(encode_beat(beat));
}

void TcpTransport::set_address(NodeId node, const std::string& address) {
    core_->set_address(node, address);
}

bool TcpTransport::can_be_at(const std::string& address) const {
    const auto parsed = parse_address(address);
    return parsed && is_somewhere(*parsed);
}

void TcpTransport::announce(NodeId node) {
    const auto found = core_->peers.find(node);
    if (core_->closed || found == core_->peers.end() || found->second->address.empty()) return;
    found->second->announce();
}

void TcpTransport::flush() {
    for (const auto& connection : core_->to_flush) connection->flush();
    core_->to_flush.clear();
}

}  // namespace rafted::net
