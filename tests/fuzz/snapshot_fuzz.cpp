// Any bytes as a snapshot file (first byte 0), or a real snapshot with bytes changed (first byte n:
// n changes of offset:u16 and mask:u8, then the value): wrong bytes must never come out. The same
// bytes also arrive in pieces, of a size that the first byte tells.
#include <cstdlib>

#include "disk/arrival.hpp"
#include "disk/snapshot_file.hpp"
#include "support/bytes_file.hpp"

namespace {

using namespace rafted;

constexpr disk::SnapshotOwner owner{NodeId(4711), 1};

void need(bool condition) {
    if (!condition) std::abort();
}

std::optional<Bytes> read(BytesView bytes) {
    auto reader =
        disk::SnapshotReader::open(std::make_unique<test::BytesFile>(bytes), "fuzz", owner);
    if (!reader || !reader->verify()) return std::nullopt;
    Bytes value;
    while (value.size() < reader->size()) {
        const auto part = reader->read(value.size(), 100'000);
        if (!part) return std::nullopt;
        need(!part->empty());
        value.insert(value.end(), part->begin(), part->end());
    }
    return value;
}

/// No block is larger than any, and what does not verify is not taken for whole.
void arrive(BytesView bytes, std::size_t piece) {
    core::SnapshotPiece first;
    first.checksum = 1;
    disk::Arrival arrival(first);
    while (!bytes.empty()) {
        const auto part = bytes.first(std::min(piece, bytes.size()));
        bytes = bytes.subspan(part.size());
        const auto added = arrival.add(part, [](const auto& block) -> Result<void> {
            need(!block.value.empty() && block.value.size() <= disk::snapshot_block_bytes);
            return {};
        });
        if (!added) return;
    }
    need(!arrival.verify(0));
}

void change_and_read(std::size_t changes, BytesView bytes) {
    if (bytes.size() < changes * 3) return;
    const auto value = bytes.subspan(changes * 3);
    test::OneFile files;
    auto writer = disk::SnapshotWriter::create({&files, "fuzz", owner}, {});
    need(writer && writer->write(value) && writer->finish());
    Bytes& file = *files.bytes;
    const Bytes before = file;
    for (std::size_t i = 0; i < changes; ++i) {
        Reader change(bytes.subspan(i * 3, 3));
        const auto at = change.number<std::uint16_t>();
        file[at % file.size()] ^= static_cast<std::byte>(change.number<std::uint8_t>());
    }
    const auto found = read(file);
    need(found.has_value() == (file == before));
    need(!found || std::ranges::equal(*found, value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
    arrive(bytes, std::size_t{data[0]} + 1);
    if (data[0] == 0) {
        static_cast<void>(read(bytes));
    } else {
        change_and_read(data[0], bytes);
    }
    return 0;
}
