#include "net/listener.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <system_error>
#include <unordered_set>

#include "net/loop_io.hpp"

namespace rafted::net {
namespace {

using boost::asio::ip::tcp;
using ErrorNumber = boost::system::error_code;

constexpr std::chrono::milliseconds accept_pause{100};
/// Accepted in a row before the connections that stand have their turn.
constexpr int max_accepts = 64;

std::unexpected<Error> cannot_listen(const std::string& address, const ErrorNumber& error) {
    if (error == boost::asio::error::address_in_use) {
        return fail(ErrorCode::in_use, "address " + address +
                                           " is in use by another process; choose another port, "
                                           "or 0 for a free one");
    }
    return fail(ErrorCode::invalid, "cannot listen on " + address + ": " + error.message());
}

Result<tcp::endpoint> resolve(Loop& loop, const Address& address) {
    tcp::resolver resolver(loop.io().context);
    ErrorNumber error;
    const auto found =
        resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
    if (error || found.empty()) return cannot_listen(to_string(address), error);
    return found.begin()->endpoint();
}

/// Says why and hangs up, without a connection to be counted.
void turn_away(int descriptor, const Error& why) {
    OutQueue queue;
    queue.push({.head = encode_refusal(why), .body = {}, .blocks = {}});
    std::array<iovec, 1> slot;
    queue.gather(slot);
    static_cast<void>(
        ::send(descriptor, slot[0].iov_base, slot[0].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL));
    ::close(descriptor);
}

}  // namespace

struct Listener::Core : std::enable_shared_from_this<Listener::Core> {
    Core(Loop& the_loop, Options the_options)
        : loop(the_loop), options(std::move(the_options)), acceptor(the_loop.io().context) {}

    void await();
    void accept_what_waits();
    void accepted(int descriptor);
    Result<void> greet(Connection& connection, const Hello& hello);
    void say(LogLevel level, const std::string& text) const {
        if (options.log) options.log(level, text);
    }

    Loop& loop;
    Options options;
    tcp::acceptor acceptor;
    std::shared_ptr<const Identity> identity;
    Welcome peers;
    Welcome clients;
    std::shared_ptr<int> ticket = std::make_shared<int>(0);
    std::unordered_set<std::shared_ptr<Connection>> strangers;  // no hello yet
};

namespace {

/// Hears the hello of an accepted connection.
class Greeter final : public ConnectionHandler {
public:
    explicit Greeter(std::weak_ptr<Listener::Core> core) : core_(std::move(core)) {}

    Result<void> on_frame(Connection& connection, FrameType type, const Frame& frame) override {
        const auto core = core_.lock();
        if (!core) return fail(ErrorCode::stopped, "the node is stopping");
        if (type != FrameType::hello) return fail(ErrorCode::invalid, "the hello is missing");
        const auto hello = decode_hello(frame.body.subspan(1));
        if (!hello) return std::unexpected(hello.error());
        return core->greet(connection, *hello);
    }

    void on_closed(Connection& connection, const Error& why) override {
        const auto core = core_.lock();
        if (!core) return;
        core->say(LogLevel::info,
                  "connection from " + connection.other_side() + " refused: " + to_string(why));
        core->strangers.erase(connection.shared_from_this());
    }

private:
    std::weak_ptr<Listener::Core> core_;
};

}  // namespace

void Listener::Core::await() {
    acceptor.async_wait(tcp::acceptor::wait_read,
                        [self = shared_from_this()](const ErrorNumber& error) {
                            if (!error && self->acceptor.is_open()) self->accept_what_waits();
                        });
}

void Listener::Core::accept_what_waits() {
    for (int i = 0; i < max_accepts; ++i) {
        const int descriptor =
            ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            accepted(descriptor);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        if (errno == EINTR || errno == ECONNABORTED) continue;
        say(LogLevel::warning, "cannot accept a connection: " +
                                   std::generic_category().message(errno) + "; trying again");
        loop.call_at(loop.now() + accept_pause, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self && self->acceptor.is_open()) self->await();
        });
        return;
    }
    await();
}

void Listener::Core::accepted(int descriptor) {
    const auto count = static_cast<std::size_t>(ticket.use_count()) - 1;
    if (count >= options.max_connections) {
        return turn_away(descriptor, {ErrorCode::busy,
                                      "the node has its " + std::to_string(count) +
                                          " connections (max_connections)",
                                      {}});
    }
    const auto connection = Connection::adopt(loop, descriptor, options.incoming(), ticket);
    connection->set_handler(std::make_shared<Greeter>(weak_from_this()));
    strangers.insert(connection);
    connection->begin();
}

Result<void> Listener::Core::greet(Connection& connection, const Hello& hello) {
    if (auto good = check_hello(hello, identity->cluster); !good) return good;
    const auto shared = connection.shared_from_this();
    const bool peer = hello.kind == HelloKind::peer;
    if (auto taken = (peer ? peers : clients)(shared, hello); !taken) return taken;
    strangers.erase(shared);
    connection.greeted(peer ? options.peer() : options.client());
    connection.send({.head = encode(Hello{.version = protocol_version,
                                          .kind = HelloKind::peer,
                                          .cluster = identity->cluster,
                                          .node = identity->node,
                                          .address = identity->address}),
                     .body = {},
                     .blocks = {}});
    return {};
}

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, const std::string& address,
                                                 const Options& options) {
    auto parsed = parse_address(address);
    if (!parsed) return std::unexpected(parsed.error());
    const auto endpoint = resolve(loop, *parsed);
    if (!endpoint) return std::unexpected(endpoint.error());
    auto core = std::make_shared<Core>(loop, options);
    auto& acceptor = core->acceptor;
    ErrorNumber error;
    acceptor.open(endpoint->protocol(), error);
    // Without it a restart would wait for the kernel to forget the old connections.
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(*endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) acceptor.native_non_blocking(true, error);
    if (error) return cannot_listen(address, error);
    parsed->port = acceptor.local_endpoint(error).port();
    if (error) return cannot_listen(address, error);
    return std::make_unique<Listener>(std::move(core), to_string(*parsed));
}

Listener::Listener(std::shared_ptr<Core> core, std::string address)
    : core_(std::move(core)), address_(std::move(address)) {}

Listener::~Listener() { close(); }

void Listener::start(std::shared_ptr<const Identity> identity, Welcome peers, Welcome clients) {
    core_->identity = std::move(identity);
    core_->peers = std::move(peers);
    core_->clients = std::move(clients);
    core_->await();
}

void Listener::close() {
    ErrorNumber ignored;
    core_->acceptor.close(ignored);
    const auto strangers = std::exchange(core_->strangers, {});
    for (const auto& one : strangers) one->close({ErrorCode::stopped, "the node is stopping", {}});
    core_->peers = nullptr;
    core_->clients = nullptr;
}

}  // namespace rafted::net
