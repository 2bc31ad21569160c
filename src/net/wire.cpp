#include "net/wire.hpp"

#include <algorithm>

namespace rafted::net {
namespace {

/// Longer error texts are cut, so that a refusal always fits a hello-sized frame.
constexpr std::size_t max_error_text = 2048;
constexpr std::size_t max_address = 300;
/// A caller that waits longer than this waits this long: a day.
constexpr std::uint64_t max_timeout_ms = 24u * 60 * 60 * 1000;

void put_type(Writer& out, FrameType type) { out.number(static_cast<std::uint8_t>(type)); }

void put_error(Writer& out, const Error& error) {
    out.number(static_cast<std::uint8_t>(error.code));
    out.text(std::string_view(error.message).substr(0, max_error_text));
    out.number(static_cast<std::uint8_t>(error.leader.has_value()));
    if (!error.leader) return;
    out.number(error.leader->node.value);
    out.text(std::string_view(error.leader->address).substr(0, max_address));
}

std::optional<Error> get_error(Reader& in) {
    const auto code = in.number<std::uint8_t>();
    if (code > static_cast<std::uint8_t>(ErrorCode::disk_full)) return std::nullopt;
    Error error{ErrorCode(code), in.text(), std::nullopt};
    if (in.number<std::uint8_t>() != 0) {
        const NodeId node(in.number<std::uint64_t>());
        error.leader = LeaderHint{node, in.text()};
        if (error.leader->address.size() > max_address) return std::nullopt;
    }
    if (!in.complete()) return std::nullopt;
    return error;
}

std::string in_words(ClusterId cluster) {
    return cluster ? "cluster " + to_string(cluster) : std::string("no cluster yet");
}

}  // namespace

std::optional<FrameType> type_of(BytesView body) {
    const auto type = body.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(body.front());
    const bool known = type >= static_cast<std::uint8_t>(FrameType::hello) &&
                       type <= static_cast<std::uint8_t>(FrameType::beat);
    return known ? std::optional(FrameType(type)) : std::nullopt;
}

Bytes encode(const Hello& hello) {
    Writer out;
    put_type(out, FrameType::hello);
    out.number(protocol_magic);
    out.number(hello.version);
    out.number(static_cast<std::uint8_t>(hello.kind));
    out.number(hello.cluster.value);
    out.number(hello.node.value);
    out.text(hello.address);
    return out.take();
}

Result<Hello> decode_hello(BytesView rest) {
    Reader in(rest);
    if (in.number<std::uint64_t>() != protocol_magic) {
        return fail(ErrorCode::invalid, "the other side does not speak this protocol");
    }
    Hello hello;
    hello.version = in.number<std::uint32_t>();
    if (in.failed()) return fail(ErrorCode::invalid, "a hello that is cut off");
    if (hello.version != protocol_version) return hello;
    const auto kind = in.number<std::uint8_t>();
    hello.kind = HelloKind(kind);
    hello.cluster = ClusterId(in.number<std::uint64_t>());
    hello.node = NodeId(in.number<std::uint64_t>());
    hello.address = in.text();
    const bool sane = in.complete() && kind <= 1 && hello.address.size() <= max_address;
    if (!sane) return fail(ErrorCode::invalid, "a hello that makes no sense");
    return hello;
}

Result<void> check_hello(const Hello& theirs, ClusterId ours) {
    if (theirs.version != protocol_version) {
        return fail(ErrorCode::wrong_version,
                    "protocol version " + std::to_string(theirs.version) + " meets version " +
                        std::to_string(protocol_version) + "; update the older side");
    }
    if (theirs.cluster && ours && theirs.cluster != ours) {
        return fail(ErrorCode::wrong_cluster,
                    in_words(theirs.cluster) + " meets " + in_words(ours) +
                        "; check the address, or the cluster id in the configuration");
    }
    return {};
}

Bytes encode_refusal(const Error& error) {
    Writer out;
    put_type(out, FrameType::refusal);
    put_error(out, error);
    return out.take();
}

std::optional<Error> decode_refusal(BytesView rest) {
    Reader in(rest);
    return get_error(in);
}

OutFrame encode_message(GroupId group, core::EncodedMessage message) {
    Writer out;
    out.reserve(9);
    put_type(out, FrameType::message);
    out.number(group.value);
    return {
        .head = out.take(), .body = std::move(message.head), .blocks = std::move(message.blocks)};
}

std::optional<ports::Envelope> decode_message(const Frame& frame) {
    const Frame kept = frame.kept();
    Reader in(kept.body);
    in.number<std::uint8_t>();
    const GroupId group(in.number<std::uint64_t>());
    if (in.failed()) return std::nullopt;
    auto message = core::decode_message(kept.owner, in.rest());
    if (!message) return std::nullopt;
    return ports::Envelope{group, std::move(*message)};
}

OutFrame encode_beat(const ports::Beat& beat) {
    Writer out;
    put_type(out, FrameType::beat);
    out.number(beat.epoch);
    out.number(static_cast<std::uint8_t>(beat.is_answer));
    return {.head = out.take(), .body = {}, .blocks = {}};
}

std::optional<ports::Beat> decode_beat(BytesView rest) {
    Reader in(rest);
    const auto epoch = in.number<std::uint64_t>();
    const auto is_answer = in.number<std::uint8_t>();
    if (!in.complete() || epoch == 0 || is_answer > 1) return std::nullopt;
    return ports::Beat{epoch, is_answer == 1};
}

OutFrame encode_request(std::uint64_t id, ports::ClientRequest request) {
    Writer out;
    out.reserve(32 + request.group.size());
    put_type(out, FrameType::request);
    out.number(id);
    out.number(static_cast<std::uint8_t>(request.kind));
    out.number(static_cast<std::uint64_t>(std::max<std::int64_t>(request.timeout.count(), 0)));
    out.text(request.group);
    return {.head = out.take(), .body = std::move(request.body), .blocks = {}};
}

std::optional<RequestFrame> decode_request(BytesView rest) {
    Reader in(rest);
    RequestFrame frame;
    frame.id = in.number<std::uint64_t>();
    const auto kind = in.number<std::uint8_t>();
    const auto timeout = std::min(in.number<std::uint64_t>(), max_timeout_ms);
    frame.request.group = in.text();
    if (in.failed()) return std::nullopt;
    frame.request.kind = RequestKind(kind);
    frame.request.timeout = std::chrono::milliseconds(timeout);
    frame.request.body = copy_of(in.rest());
    return frame;
}

OutFrame encode_response(std::uint64_t id, Result<Bytes> answer) {
    Writer out;
    out.reserve(16);
    put_type(out, FrameType::response);
    out.number(id);
    out.number(static_cast<std::uint8_t>(answer.has_value()));
    if (answer) return {.head = out.take(), .body = std::move(*answer), .blocks = {}};
    put_error(out, answer.error());
    return {.head = out.take(), .body = {}, .blocks = {}};
}

std::optional<ResponseFrame> decode_response(BytesView rest) {
    Reader in(rest);
    ResponseFrame frame;
    frame.id = in.number<std::uint64_t>();
    const auto ok = in.number<std::uint8_t>();
    if (in.failed() || ok > 1) return std::nullopt;
    if (ok == 1) {
        frame.answer = copy_of(in.rest());
        return frame;
    }
    auto error = get_error(in);
    if (!error) return std::nullopt;
    frame.answer = std::unexpected(std::move(*error));
    return frame;
}

}  // namespace rafted::net
