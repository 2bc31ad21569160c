// One TCP connection that carries frames, ours or accepted. Knows framing, queues and deadlines;
// not what the frames say (its handler does).
//   1. Everything happens on the loop; a handler is never called from within send().
//   2. on_closed() is called once, last, unless the handler was taken away before.
//   3. What waits to be written is bounded; an idle connection holds no buffer.
//   4. No exception leaves it: whatever goes wrong closes this connection and no other.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "net/frame.hpp"
#include "net/loop.hpp"
#include "net/wire.hpp"
#include "rafted/address.hpp"

namespace rafted::net {

class Connection;

class ConnectionHandler {
public:
    virtual ~ConnectionHandler() = default;
    /// The TCP connection we opened stands.
    virtual void on_connected(Connection&) {}
    /// An error refuses the connection: the other side is told, then it is closed.
    virtual Result<void> on_frame(Connection& connection, FrameType type, const Frame& frame) = 0;
    virtual void on_closed(Connection& connection, const Error& why) = 0;
};

class Connection final : public Flushable,
                         private FrameSink,
                         public std::enable_shared_from_this<Connection> {
public:
    struct Limits {
        std::size_t max_frame_bytes = std::size_t{68} << 20;
        std::size_t max_queue_bytes = std::size_t{64} << 20;
        /// From the first packet to greeted().
        std::chrono::milliseconds greeting_deadline{10'000};
        /// Sent and not acknowledged by the other side's kernel for this long: cut.
        std::chrono::milliseconds silence_deadline{10'000};
    };

    /// Begins to connect; resolves names without blocking and tries each address of a name.
    static std::shared_ptr<Connection> connect(Loop& loop, const Address& to, const Limits& limits,
                                               std::shared_ptr<ConnectionHandler> handler);
    /// Takes over an accepted socket. `ticket` is dropped when the connection closes.
    static std::shared_ptr<Connection> adopt(Loop& loop, int descriptor, const Limits& limits,
                                             std::shared_ptr<void> ticket);
    ~Connection() override;

    void set_handler(std::shared_ptr<ConnectionHandler> handler);
    /// Begins to receive an accepted connection. requires: a handler is set.
    void begin();
    /// The hello was good: deadlines end, full-sized frames are accepted.
    void greeted(const Limits& limits);

    /// Queues a frame for the next flush. Returns false, and drops it, if the queue is full or the
    /// connection closed.
    bool send(OutFrame frame);
    void flush() override;
    std::size_t queued_bytes() const { return out_.bytes(); }

    /// Tells the other side why, and closes once that has left (or a second has passed).
    void refuse(const Error& why);
    void close(const Error& why);
    bool is_open() const { return state_ == State::open; }
    /// "address:port" as far as known, for messages.
    const std::string& other_side() const { return other_side_; }

    struct Io;  // the Asio side (connection.cpp)
    Connection(Loop& loop, const Limits& limits);

private:
    enum class State : std::uint8_t { connecting, open, refusing, closed };

    void connect_to(const Address& to);
    void connect_next(const std::string& last_failure);
    void connected();
    void set_options();
    void set_deadline(std::chrono::milliseconds from_now, Error why);
    void await_input();
    void receive();
    bool receive_once();
    void await_output();
    void write_out();
    Result<void> take(const Frame& frame) override;

    Loop& loop_;
    Limits limits_;
    std::unique_ptr<Io> io_;
    std::shared_ptr<ConnectionHandler> handler_;
    std::shared_ptr<void> ticket_;
    std::string other_side_;
    FrameReader reader_{max_hello_bytes};
    OutQueue out_;
    Loop::TimerId deadline_{};
    State state_ = State::connecting;
    bool awaiting_output_ = false;
    bool flush_is_due_ = false;
};

}  // namespace rafted::net
