// Any bytes as a segment of the journal (first byte 0), or as a frame's records (first byte 1),
// where no checksum stands in the fuzzer's way. Whatever is read must be consistent with itself.
#include <cstdlib>

#include "disk/image.hpp"
#include "disk/segment.hpp"
#include "support/bytes_file.hpp"

namespace {

using namespace rafted;

void need(bool condition) {
    if (!condition) std::abort();
}

void read_segment(BytesView bytes) {
    const test::BytesFile file(bytes);
    const auto head = disk::decode_segment_head(bytes, "fuzz");
    auto reader = disk::SegmentReader::open(file, {"fuzz", std::nullopt, head ? head->number : 0});
    need(reader.has_value() == head.has_value());
    if (!reader) return;
    disk::Image image(true);
    disk::Frame frame;
    for (;;) {
        const auto found = reader->next(frame);
        need(found.has_value());
        if (*found == disk::SegmentReader::Found::end) return;
        if (*found == disk::SegmentReader::Found::frame) {
            need(frame.position + frame.head.size() <= bytes.size());
            static_cast<void>(image.apply({frame.records, frame.entries, 1}));
            continue;
        }
        need(reader->damage().offset <= bytes.size());
        const auto more = reader->resume();
        need(more.has_value());
        if (!*more) return;
    }
}

void read_records(BytesView bytes) {
    const auto records = disk::decode_records(bytes);
    if (!records) return;
    Writer again;
    for (const auto& record : *records) encode(again, record);
    need(std::ranges::equal(again.view(), bytes));
    for (const bool lenient : {false, true}) {
        disk::Image image(lenient);
        if (!image.apply({*records, {}, 1})) continue;
        disk::Image copy(lenient);
        const auto checkpoint = image.checkpoint();
        need(copy.apply({checkpoint, {}, 2}).has_value());
        need(copy.checkpoint() == checkpoint);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
    if (data[0] == 0) read_segment(bytes);
    if (data[0] == 1) read_records(bytes);
    return 0;
}
