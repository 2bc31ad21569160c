// Any bytes as an identity file, a segment's header, or the name of a file: what is accepted must
// be exactly what is written for it.
#include <cstdlib>

#include "disk/snapshots.hpp"

namespace {

void need(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rafted;
    const auto bytes = std::as_bytes(std::span(data, size));
    if (const auto identity = disk::decode_identity(bytes, "fuzz")) {
        const Bytes again = encode(*identity);
        need(again.size() == size);
        const auto twice = disk::decode_identity(again, "fuzz");
        need(twice && *twice == *identity);
    }
    if (const auto head = disk::decode_segment_head(bytes, "fuzz")) {
        const auto twice = disk::decode_segment_head(encode(*head), "fuzz");
        need(twice && *twice == *head);
    }
    const auto name = text_of(bytes);
    if (const auto number = disk::segment_number(name)) need(disk::segment_name(*number) == name);
    if (const auto parsed = disk::Snapshots::parse(name)) {
        need(disk::Snapshots::text(*parsed) == name);
    }
    return 0;
}
