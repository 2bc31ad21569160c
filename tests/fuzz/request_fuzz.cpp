// Any bytes through the decoders of the client protocol, on both sides, and of the command
// envelope within. What is taken must survive being encoded and decoded again.
#include "core/check.hpp"
#include "net/wire.hpp"
#include "value/envelope.hpp"

namespace {

using namespace rafted;

Bytes laid_out(net::OutFrame frame) {
    frame.head.insert(frame.head.end(), frame.body.begin(), frame.body.end());
    return std::move(frame.head);
}

void request(BytesView rest) {
    const auto taken = net::decode_request(rest);
    if (!taken) return;
    const auto body = laid_out(net::encode_request(taken->id, taken->request));
    const auto again = net::decode_request(BytesView(body).subspan(1));
    CHECK(again && again->id == taken->id && again->request.group == taken->request.group &&
              again->request.body == taken->request.body &&
              again->request.timeout == taken->request.timeout,
          "a request survives the wire");
    static_cast<void>(value::open(taken->request.body));
}

void response(BytesView rest) {
    const auto taken = net::decode_response(rest);
    if (!taken) return;
    const auto body = laid_out(net::encode_response(taken->id, taken->answer));
    const auto again = net::decode_response(BytesView(body).subspan(1));
    CHECK(again && again->id == taken->id && again->answer.has_value() == taken->answer.has_value(),
          "a response survives the wire");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto body = std::as_bytes(std::span(data, size));
    const auto type = net::type_of(body);
    if (type == net::FrameType::request) request(body.subspan(1));
    if (type == net::FrameType::response) response(body.subspan(1));
    return 0;
}
