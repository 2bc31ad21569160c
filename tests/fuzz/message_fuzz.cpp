// Any bytes through the decoder of messages between members. What it takes must survive being
// encoded and decoded again.
#include "core/check.hpp"
#include "core/codec.hpp"

namespace {

using namespace rafted;

/// Laid back to back, in memory that the entries may keep.
std::optional<core::Message> through_the_wire(const core::Message& message) {
    const auto encoded = core::encode(message);
    const auto memory = std::make_shared<Bytes>(encoded.head);
    for (const auto& block : encoded.blocks) {
        memory->insert(memory->end(), block.block().begin(), block.block().end());
    }
    return core::decode_message(memory, *memory);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    const auto memory = std::make_shared<Bytes>(input.begin(), input.end());
    const auto message = core::decode_message(memory, *memory);
    if (!message) return 0;
    // Compared by their second encoding: a double in the config may be no number, unlike itself.
    const auto again = through_the_wire(*message);
    CHECK(again.has_value(), "what was decoded can be encoded and decoded");
    CHECK(core::encode(*again).head == core::encode(*message).head, "and is the same then");
    return 0;
}
