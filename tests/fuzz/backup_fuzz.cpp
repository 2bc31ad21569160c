// Any bytes as a backup's manifest, as they are and with the checksum that would fit them: what is
// accepted must come back the same.
#include <cstdlib>

#include "core/checksum.hpp"
#include "disk/backup_dir.hpp"
#include "rafted/codec.hpp"

namespace {

using namespace rafted;

void read(BytesView bytes) {
    const auto manifest = disk::decode_manifest(bytes, "fuzz");
    if (!manifest) return;
    const auto again = disk::decode_manifest(encode(*manifest), "fuzz");
    if (!again || *again != *manifest) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    read(bytes);
    Writer sealed;
    sealed.raw(bytes);
    sealed.number(core::checksum(bytes));
    read(sealed.view());
    return 0;
}
