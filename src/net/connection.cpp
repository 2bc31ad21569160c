#include "net/connection.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>
#include <vector>

#include "net/loop_io.hpp"

namespace rafted::net {
namespace {

using boost::asio::ip::tcp;
using ErrorNumber = boost::system::error_code;

/// Gather slots in one write; the kernel takes at most 1024.
constexpr std::size_t max_gather = 512;
/// Reads in a row from one connection before the others have their turn.
constexpr int max_reads = 8;
constexpr std::chrono::milliseconds refusal_deadline{1000};

std::string text_of_errno(int number) { return std::generic_category().message(number); }

std::string in_words(const tcp::endpoint& endpoint) {
    return to_string(Address{endpoint.address().to_string(), endpoint.port()});
}

}  // namespace

struct Connection::Io {
    explicit Io(Loop& loop) : socket(loop.io().context), resolver(loop.io().context) {}
    tcp::socket socket;
    tcp::resolver resolver;
    std::vector<tcp::endpoint> untried;  // last first
};

Connection::Connection(Loop& loop, const Limits& limits)
    : loop_(loop), limits_(limits), io_(std::make_unique<Io>(loop)) {}

Connection::~Connection() = default;

std::shared_ptr<Connection> Connection::connect(Loop& loop, const Address& to, const Limits& limits,
                                                std::shared_ptr<ConnectionHandler> handler) {
    auto connection = std::make_shared<Connection>(loop, limits);
    connection->handler_ = std::move(handler);
    connection->other_side_ = to_string(to);
    connection->set_deadline(
        limits.greeting_deadline,
        {ErrorCode::unreachable, connection->other_side_ + " did not answer in time", {}});
    connection->connect_to(to);
    return connection;
}

std::shared_ptr<Connection> Connection::adopt(Loop& loop, int descriptor, const Limits& limits,
                                              std::shared_ptr<void> ticket) {
    auto connection = std::make_shared<Connection>(loop, limits);
    connection->ticket_ = std::move(ticket);
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const bool known = getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
    ErrorNumber error;
    const auto protocol = known && peer.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
    connection->io_->socket.assign(protocol, descriptor, error);
    const auto endpoint = connection->io_->socket.remote_endpoint(error);
    connection->other_side_ = error ? "an unknown address" : in_words(endpoint);
    connection->set_deadline(limits.greeting_deadline,
                             {ErrorCode::timeout, "no hello in time", {}});
    connection->state_ = State::open;
    connection->set_options();
    return connection;
}

void Connection::set_handler(std::shared_ptr<ConnectionHandler> handler) {
    handler_ = std::move(handler);
}

void Connection::begin() { await_input(); }

void Connection::greeted(const Limits& limits) {
    loop_.cancel(deadline_);
    deadline_ = {};
    limits_ = limits;
    reader_.set_max_body(limits.max_frame_bytes);
    set_options();
}

void Connection::connect_to(const Address& to) {
    ErrorNumber not_a_number;
    const auto number = boost::asio::ip::make_address(to.host, not_a_number);
    if (!not_a_number) {
        io_->untried = {tcp::endpoint(number, to.port)};
        return connect_next({});
    }
    io_->resolver.async_resolve(
        to.host, std::to_string(to.port), tcp::resolver::numeric_service,
        [self = shared_from_this()](const ErrorNumber& error, const auto& found) {
            if (self->state_ != State::connecting) return;
            for (const auto& one : found) self->io_->untried.push_back(one.endpoint());
            std::reverse(self->io_->untried.begin(), self->io_->untried.end());
            self->connect_next(error ? error.message() : std::string("the name has no address"));
        });
}

void Connection::connect_next(const std::string& last_failure) {
    if (io_->untried.empty()) {
        return close(
            {ErrorCode::unreachable, "cannot connect to " + other_side_ + ": " + last_failure, {}});
    }
    const auto endpoint = io_->untried.back();
    io_->untried.pop_back();
    ErrorNumber ignored;
    io_->socket.close(ignored);
    io_->socket.async_connect(endpoint, [self = shared_from_this()](const ErrorNumber& error) {
        if (self->state_ != State::connecting) return;
        if (error) return self->connect_next(error.message());
        self->connected();
    });
}

void Connection::connected() {
    state_ = State::open;
    set_options();
    await_input();
    const auto handler = handler_;
    if (handler) handler->on_connected(*this);
}

void Connection::set_options() {
    const int fd = io_->socket.native_handle();
    const auto set = [fd](int level, int name, int value) {
        // Best effort: a kernel that lacks one of these only notices a dead peer later.
        static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
    };
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 5);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(limits_.silence_deadline.count()));
}

void Connection::set_deadline(std::chrono::milliseconds from_now, Error why) {
    loop_.cancel(deadline_);
    deadline_ =
        loop_.call_at(loop_.now() + from_now, [weak = weak_from_this(), why = std::move(why)] {
            if (const auto self = weak.lock()) self->close(why);
        });
}

bool Connection::send(OutFrame frame) {
    if (state_ == State::closed || state_ == State::refusing) return false;
    if (out_.bytes() + frame.size() > limits_.max_queue_bytes && !out_.empty()) return false;
    out_.push(std::move(frame));
    if (!flush_is_due_) {
        flush_is_due_ = true;
        loop_.flush_later(shared_from_this());
    }
    return true;
}

void Connection::flush() {
    flush_is_due_ = false;
    if (state_ == State::connecting || state_ == State::closed || awaiting_output_) return;
    write_out();
}

void Connection::refuse(const Error& why) {
    if (state_ != State::open) return close(why);
    send({.head = encode_refusal(why), .body = {}, .blocks = {}});
    state_ = State::refusing;
    const auto handler = std::exchange(handler_, nullptr);
    if (handler) handler->on_closed(*this, why);
    ticket_.reset();
    set_deadline(refusal_deadline, why);
    // At once: what is read next may be the other side's end.
    if (!awaiting_output_) write_out();
}

void Connection::close(const Error& why) {
    if (state_ == State::closed) return;
    state_ = State::closed;
    const auto self = shared_from_this();
    loop_.cancel(deadline_);
    ErrorNumber ignored;
    io_->resolver.cancel();
    io_->socket.close(ignored);
    ticket_.reset();
    if (const auto handler = std::exchange(handler_, nullptr)) handler->on_closed(*this, why);
}

void Connection::await_input() {
    io_->socket.async_wait(tcp::socket::wait_read,
                           [self = shared_from_this()](const ErrorNumber& error) {
                               if (!error && self->state_ != State::closed) self->receive();
                           });
}

/// Takes what has arrived, a bounded number of reads at a time.
void Connection::receive() {
    for (int reads = 0; reads < max_reads; ++reads) {
        if (!receive_once()) break;
    }
    if (state_ != State::closed) await_input();
}

/// Returns whether more may be waiting.
bool Connection::receive_once() {
    auto& scratch = loop_.io().scratch;
    const auto rest = reader_.rest();
    std::array<iovec, 2> slots{{{rest.data(), rest.size()}, {scratch.data(), scratch.size()}}};
    msghdr message{};
    message.msg_iov = rest.empty() ? &slots[1] : slots.data();
    message.msg_iovlen = rest.empty() ? 1 : 2;
    const auto n = ::recvmsg(io_->socket.native_handle(), &message, MSG_DONTWAIT);
    if (n < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return false;
        close({ErrorCode::unreachable, other_side_ + ": " + text_of_errno(errno), {}});
        return false;
    }
    if (n == 0) {
        close({ErrorCode::unreachable, other_side_ + " closed the connection", {}});
        return false;
    }
    const auto size = static_cast<std::size_t>(n);
    const bool filled = size == rest.size() + scratch.size();
    if (state_ == State::refusing) return filled;  // drained, lest the refusal be reset away
    const auto direct = std::min(size, rest.size());
    try {
        const auto taken = reader_.received(direct, BytesView(scratch).first(size - direct), *this);
        if (!taken && state_ == State::open) refuse(taken.error());
    } catch (const std::exception& thrown) {
        close({ErrorCode::invalid, other_side_ + ": " + thrown.what(), {}});
    }
    return filled && state_ != State::closed;
}

Result<void> Connection::take(const Frame& frame) {
    if (state_ != State::open || !handler_) return fail(ErrorCode::stopped, "closed");
    const auto type = type_of(frame.body);
    if (!type) {
        return fail(ErrorCode::invalid, "a frame of unknown type " +
                                            std::to_string(std::to_integer<int>(frame.body[0])));
    }
    const auto handler = handler_;  // it may be replaced while it works
    return handler->on_frame(*this, *type, frame);
}

void Connection::await_output() {
    awaiting_output_ = true;
    io_->socket.async_wait(tcp::socket::wait_write,
                           [self = shared_from_this()](const ErrorNumber& error) {
                               self->awaiting_output_ = false;
                               if (!error && self->state_ != State::closed) self->write_out();
                           });
}

void Connection::write_out() {
    while (!out_.empty()) {
        std::array<iovec, max_gather> slots;
        msghdr message{};
        message.msg_iov = slots.data();
        message.msg_iovlen = out_.gather(slots);
        const auto n =
            ::sendmsg(io_->socket.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return await_output();
            return close({ErrorCode::unreachable, other_side_ + ": " + text_of_errno(errno), {}});
        }
        out_.written(static_cast<std::size_t>(n));
    }
    if (state_ == State::refusing) {
        ErrorNumber ignored;
        io_->socket.shutdown(tcp::socket::shutdown_send, ignored);
    }
}

}  // namespace rafted::net
