// Any bytes, in any cutting, through the frame reader and the greeting's decoders. The first byte
// says how large the pieces are. Besides not crashing: the cutting must not change what is seen.
// The same bytes are also taken as one body, which no guessed checksum would let through.
#include <algorithm>

#include "core/check.hpp"
#include "net/frame.hpp"
#include "net/wire.hpp"

namespace {

using namespace rafted;

struct Decoded final : net::FrameSink {
    Result<void> take(const net::Frame& frame) override {
        ++frames;
        bytes += frame.body.size();
        const auto type = net::type_of(frame.body);
        if (!type) return fail(ErrorCode::invalid, "type");
        const auto rest = frame.body.subspan(1);
        if (*type == net::FrameType::hello) {
            if (const auto hello = net::decode_hello(rest)) {
                static_cast<void>(net::check_hello(*hello, ClusterId(1)));
            }
        }
        if (*type == net::FrameType::refusal) static_cast<void>(net::decode_refusal(rest));
        return {};
    }
    std::size_t frames = 0;
    std::size_t bytes = 0;
};

Decoded read_in_pieces(BytesView bytes, std::size_t piece) {
    net::FrameReader reader(std::size_t{1} << 16);
    Decoded decoded;
    while (!bytes.empty()) {
        const auto part = bytes.first(std::min(piece, bytes.size()));
        bytes = bytes.subspan(part.size());
        const auto rest = reader.rest();
        const auto direct = std::min(rest.size(), part.size());
        std::copy_n(part.begin(), direct, rest.begin());
        if (!reader.received(direct, part.subspan(direct), decoded)) break;
    }
    return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
    const auto pieces = read_in_pieces(bytes, std::size_t{data[0]} + 1);
    const auto whole = read_in_pieces(bytes, size);
    CHECK(pieces.frames == whole.frames && pieces.bytes == whole.bytes,
          "the cutting of a stream does not change its frames");
    Decoded unframed;
    if (!bytes.empty()) static_cast<void>(unframed.take({.body = bytes, .owner = nullptr}));
    return 0;
}
