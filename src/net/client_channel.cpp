#include "net/client_channel.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/local_calls.hpp"

namespace rafted::net {
namespace {

/// Connections to different addresses at once; a cluster has a few.
constexpr std::size_t max_links = 256;

struct Waiting {
    ports::Reply reply;
    core::Time deadline{};
    std::optional<ports::ClientRequest> unsent;  // until the hello was answered
};

}  // namespace

struct ClientChannel::Pool : std::enable_shared_from_this<ClientChannel::Pool> {
    Pool(Loop& the_loop, ClusterId the_cluster, Options the_options)
        : loop(the_loop),
          cluster(the_cluster),
          options(std::move(the_options)),
          local(std::make_shared<LocalCalls>(loop, options.max_requests)) {}

    struct Link;

    void send(const std::string& address, ports::ClientRequest request, ports::Reply reply);
    Result<std::shared_ptr<Link>> link_to(const std::string& address);
    void expire_by(core::Time deadline);
    void expire();
    void close();

    Loop& loop;
    ClusterId cluster;
    Options options;
    std::shared_ptr<LocalCalls> local;
    std::string local_address;
    ports::Door* door = nullptr;
    std::unordered_map<std::string, std::shared_ptr<Link>> links;
    std::uint64_t next_id = 1;
    std::size_t waiting = 0;
    core::Time next_expiry = core::never;
    Loop::TimerId timer{};
    bool closed = false;
};

/// What goes to one address.
struct ClientChannel::Pool::Link final : ConnectionHandler, std::enable_shared_from_this<Link> {
    explicit Link(std::shared_ptr<Pool> the_pool) : pool(std::move(the_pool)) {}

    void add(std::uint64_t id, ports::ClientRequest request, Waiting entry);
    void transmit(std::uint64_t id, Waiting& entry);
    void finish(std::uint64_t id, Result<Bytes> result);
    void finish_all(const Error& why);
    void expire(core::Time now, core::Time& next);

    void on_connected(Connection& to) override;
    Result<void> on_frame(Connection& from, FrameType type, const Frame& frame) override;
    Result<void> on_hello(Connection& from, const Frame& frame);
    void on_closed(Connection& from, const Error& why) override;

    std::shared_ptr<Pool> pool;
    std::string address;
    std::shared_ptr<Connection> connection;
    bool greeted = false;
    std::optional<Error> refused;
    std::unordered_map<std::uint64_t, Waiting> entries;
};

namespace {

using Pool = ClientChannel::Pool;

Error not_in_time(const std::string& address, bool sent) {
    if (!sent) return {ErrorCode::unreachable, address + " could not be reached in time", {}};
    return {ErrorCode::timeout, address + " did not answer in time", {}};
}

}  // namespace

void Pool::Link::add(std::uint64_t id, ports::ClientRequest request, Waiting entry) {
    entry.unsent = std::move(request);
    auto& added = entries.emplace(id, std::move(entry)).first->second;
    if (greeted) transmit(id, added);
}

void Pool::Link::transmit(std::uint64_t id, Waiting& entry) {
    auto request = std::move(*entry.unsent);
    // The clock began when the caller asked: what is left is what the other side may use.
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(entry.deadline - pool->loop.now());
    request.timeout = std::max(left, std::chrono::milliseconds(1));
    entry.unsent.reset();
    if (connection->send(encode_request(id, std::move(request)))) return;
    const auto node = entries.extract(id);
    --pool->waiting;
    pool->local->refuse(std::move(node.mapped().reply),
                        {ErrorCode::busy, "too much is queued towards " + address, {}});
}

void Pool::Link::finish(std::uint64_t id, Result<Bytes> result) {
    const auto node = entries.extract(id);
    if (!node) return;  // it came after its deadline
    --pool->waiting;
    node.mapped().reply(std::move(result));
}

void Pool::Link::finish_all(const Error& why) {
    auto all = std::exchange(entries, {});
    pool->waiting -= all.size();
    for (auto& [id, entry] : all) {
        Error error = why;
        const bool answered = refused || why.code == ErrorCode::stopped;
        if (!answered) error.code = entry.unsent ? ErrorCode::unreachable : ErrorCode::timeout;
        if (!entry.unsent && !refused && error.code != ErrorCode::stopped) {
            error.message = "the connection was lost before the answer came: " + why.message;
        }
        entry.reply(std::unexpected(std::move(error)));
    }
}

void Pool::Link::expire(core::Time now, core::Time& next) {
    std::vector<std::uint64_t> late;
    for (const auto& [id, entry] : entries) {
        if (entry.deadline <= now) {
            late.push_back(id);
        } else {
            next = std::min(next, entry.deadline);
        }
    }
    for (const auto id : late) {
        const auto found = entries.find(id);
        if (found == entries.end()) continue;
        finish(id, std::unexpected(not_in_time(address, !found->second.unsent)));
    }
}

void Pool::Link::on_connected(Connection& to) {
    to.send({.head = encode(Hello{.version = protocol_version,
                                  .kind = HelloKind::client,
                                  .cluster = pool->cluster,
                                  .node = {},
                                  .address = {}}),
             .body = {},
             .blocks = {}});
}

Result<void> Pool::Link::on_frame(Connection& from, FrameType type, const Frame& frame) {
    const auto rest = frame.body.subspan(1);
    if (type == FrameType::refusal) {
        refused = decode_refusal(rest).value_or(
            Error{ErrorCode::invalid, "refused without a reason", {}});
        refused->message = address + " refused the connection: " + refused->message;
        from.close(*refused);
        return {};
    }
    if (!greeted && type == FrameType::hello) return on_hello(from, frame);
    if (!greeted || type != FrameType::response) {
        return fail(ErrorCode::invalid, "a server sent something that is not an answer");
    }
    auto response = decode_response(rest);
    if (!response) return fail(ErrorCode::invalid, "an answer that makes no sense");
    finish(response->id, std::move(response->answer));
    return {};
}

Result<void> Pool::Link::on_hello(Connection& from, const Frame& frame) {
    const auto hello = decode_hello(frame.body.subspan(1));
    Result<void> good;
    if (!hello) good = std::unexpected(hello.error());
    if (hello) good = check_hello(*hello, pool->cluster);
    if (!good) {
        refused = good.error();
        return good;
    }
    greeted = true;
    from.greeted(pool->options.client());
    std::vector<std::uint64_t> ids;
    for (const auto& [id, entry] : entries) ids.push_back(id);
    std::ranges::sort(ids);  // in the order they were asked
    for (const auto id : ids) transmit(id, entries.at(id));
    return {};
}

void Pool::Link::on_closed(Connection&, const Error& why) {
    const auto self = shared_from_this();
    connection.reset();
    const auto found = pool->links.find(address);
    if (found != pool->links.end() && found->second == self) pool->links.erase(found);
    finish_all(refused ? *refused : why);
}

void Pool::send(const std::string& address, ports::ClientRequest request, ports::Reply reply) {
    if (door != nullptr && address == local_address) {
        return local->send(*door, address, std::move(request), std::move(reply));
    }
    if (closed) {
        return local->refuse(std::move(reply), {ErrorCode::stopped, "the network is closed", {}});
    }
    if (waiting >= options.max_requests) {
        return local->refuse(std::move(reply),
                             {ErrorCode::busy, "too many requests wait for their answers", {}});
    }
    const auto link = link_to(address);
    if (!link) return local->refuse(std::move(reply), link.error());
    const auto id = next_id++;
    const auto deadline = loop.now() + request.timeout;
    ++waiting;
    expire_by(deadline);
    (*link)->add(id, std::move(request), {std::move(reply), deadline, {}});
}

Result<std::shared_ptr<Pool::Link>> Pool::link_to(const std::string& address) {
    if (const auto found = links.find(address); found != links.end()) return found->second;
    const auto parsed = parse_address(address);
    if (!parsed) return std::unexpected(parsed.error());
    if (links.size() >= max_links) {
        return fail(ErrorCode::busy,
                    "connections to " + std::to_string(max_links) + " addresses stand already");
    }
    const auto link = std::make_shared<Link>(shared_from_this());
    link->address = address;
    links.emplace(address, link);
    link->connection = Connection::connect(loop, *parsed, options.client(), link);
    return link;
}

/// One timer for all requests: most are answered long before, so it is rarely set again.
void Pool::expire_by(core::Time deadline) {
    if (deadline >= next_expiry) return;
    loop.cancel(timer);
    next_expiry = deadline;
    timer = loop.call_at(deadline, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->expire();
    });
}

void Pool::expire() {
    next_expiry = core::never;
    core::Time next = core::never;
    const auto now = loop.now();
    std::vector<std::shared_ptr<Link>> all;
    for (const auto& [address, link] : links) all.push_back(link);
    for (const auto& link : all) link->expire(now, next);
    if (next != core::never) expire_by(next);
}

void Pool::close() {
    closed = true;
    loop.cancel(timer);
    const Error why{ErrorCode::stopped, "the network was closed before the answer came", {}};
    const auto all = std::exchange(links, {});
    for (const auto& [address, link] : all) {
        if (link->connection) link->connection->close(why);
        link->connection.reset();
    }
    local->close();
}

ClientChannel::ClientChannel(Loop& loop, ClusterId cluster, const Options& options)
    : pool_(std::make_shared<Pool>(loop, cluster, options)) {}

ClientChannel::~ClientChannel() { close(); }

void ClientChannel::set_local(const std::string& address, ports::Door& door) {
    pool_->local_address = address;
    pool_->door = &door;
}

void ClientChannel::set_cluster(ClusterId cluster) { pool_->cluster = cluster; }

void ClientChannel::send(const std::string& address, ports::ClientRequest request,
                         ports::Reply reply) {
    if (pool_->loop.in_loop()) return pool_->send(address, std::move(request), std::move(reply));
    // Shared: if the loop takes the job no more, the reply must still be called, here.
    const auto shared = std::make_shared<ports::Reply>(std::move(reply));
    const bool posted =
        pool_->loop.post([pool = pool_, address, request = std::move(request), shared]() mutable {
            pool->send(address, std::move(request), std::move(*shared));
        });
    if (!posted) (*shared)(fail(ErrorCode::stopped, "the network is closed"));
}

void ClientChannel::close() { pool_->close(); }

}  // namespace rafted::net
