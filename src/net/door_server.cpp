#include "net/door_server.hpp"

#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

namespace rafted::net {
namespace {

struct Guest;

struct Answer {
    std::shared_ptr<Guest> guest;
    std::uint64_t id = 0;
    Result<Bytes> result;
};

}  // namespace

/// What answers find when they come, even if the server is gone.
struct DoorServer::Desk : std::enable_shared_from_this<DoorServer::Desk> {
    Desk(Loop& the_loop, ports::Door& the_door, Options the_options)
        : loop(the_loop), door(the_door), options(std::move(the_options)) {}

    void answer(Answer answer);
    void hand_out(Answer answer);
    void hand_out_all();

    Loop& loop;
    ports::Door& door;
    Options options;
    std::unordered_set<std::shared_ptr<Guest>> guests;
    std::size_t waiting = 0;  // requests not answered yet

    std::mutex mutex;  // guards what follows: the hand-over from other threads
    std::vector<Answer> arrived;
    bool closed = false;
};

namespace {

/// One client connection.
struct Guest final : ConnectionHandler, std::enable_shared_from_this<Guest> {
    Guest(std::shared_ptr<DoorServer::Desk> the_desk, std::shared_ptr<Connection> the_connection)
        : desk(std::move(the_desk)), connection(std::move(the_connection)) {}

    Result<void> on_frame(Connection& from, FrameType type, const Frame& frame) override;
    void on_closed(Connection&, const Error&) override {
        const auto self = shared_from_this();
        connection.reset();
        desk->guests.erase(self);
    }

    std::shared_ptr<DoorServer::Desk> desk;
    std::shared_ptr<Connection> connection;  // null once it is closed
    std::size_t waiting = 0;
};

Result<void> Guest::on_frame(Connection& from, FrameType type, const Frame& frame) {
    if (type != FrameType::request) {
        return fail(ErrorCode::invalid, "a client sent something that is not a request");
    }
    auto request = decode_request(frame.body.subspan(1));
    if (!request) return fail(ErrorCode::invalid, "a request that makes no sense");
    const auto kind = static_cast<unsigned>(request->request.kind);
    if (kind >= request_kind_count) {
        const bool sent = from.send(encode_response(
            request->id, fail(ErrorCode::wrong_version,
                              "this node knows no request of kind " + std::to_string(kind) +
                                  "; its version of Rafted is older than the client's")));
        return sent ? Result<void>{} : fail(ErrorCode::busy, "the client does not read");
    }
    const auto& options = desk->options;
    if (waiting >= options.max_requests_per_connection || desk->waiting >= options.max_requests) {
        const bool sent = from.send(encode_response(
            request->id, fail(ErrorCode::busy, "too many requests wait for their answers")));
        return sent ? Result<void>{} : fail(ErrorCode::busy, "the client does not read");
    }
    ++waiting;
    ++desk->waiting;
    desk->door.request(std::move(request->request),
                       [self = shared_from_this(), id = request->id](Result<Bytes> result) {
                           self->desk->answer({self, id, std::move(result)});
                       });
    return {};
}

}  // namespace

void DoorServer::Desk::answer(Answer answer) {
    {
        const std::lock_guard lock(mutex);
        if (closed) return;
        if (!loop.in_loop()) {
            arrived.push_back(std::move(answer));
            // The first one of a burst wakes the loop, and the others ride along.
            if (arrived.size() > 1) return;
            loop.post([self = shared_from_this()] { self->hand_out_all(); });
            return;
        }
    }
    hand_out(std::move(answer));
}

void DoorServer::Desk::hand_out(Answer answer) {
    --waiting;
    --answer.guest->waiting;
    const auto connection = answer.guest->connection;
    if (!connection) return;
    if (!connection->send(encode_response(answer.id, std::move(answer.result)))) {
        connection->close({ErrorCode::busy, "the client does not read its answers", {}});
    }
}

void DoorServer::Desk::hand_out_all() {
    std::vector<Answer> answers;
    {
        const std::lock_guard lock(mutex);
        answers.swap(arrived);
    }
    for (auto& one : answers) hand_out(std::move(one));
}

DoorServer::DoorServer(Loop& loop, ports::Door& door, const Options& options)
    : desk_(std::make_shared<Desk>(loop, door, options)) {}

DoorServer::~DoorServer() { close(); }

Result<void> DoorServer::welcome(const std::shared_ptr<Connection>& connection) {
    const auto guest = std::make_shared<Guest>(desk_, connection);
    desk_->guests.insert(guest);
    connection->set_handler(guest);
    return {};
}

void DoorServer::close() {
    desk_->hand_out_all();
    std::vector<Answer> dropped;
    {
        const std::lock_guard lock(desk_->mutex);
        desk_->closed = true;
        dropped.swap(desk_->arrived);
    }
    const auto guests = std::exchange(desk_->guests, {});
    for (const auto& guest : guests) {
        if (!guest->connection) continue;
        guest->connection->flush();
        guest->connection->close({ErrorCode::stopped, "the node is stopping", {}});
    }
}

}  // namespace rafted::net
