#include "support/forged_journal.hpp"

#include "core/checksum.hpp"

namespace rafted::test {
namespace {

constexpr std::size_t zeros_behind = 256;

std::uint64_t content_of(const ForgedFrame& frame) {
    std::uint64_t size = disk::frame_head_bytes + 2 * frame.records.size() + disk::frame_foot_bytes;
    for (const core::Entry& entry : frame.entries) size += entry.size();
    return size;
}

std::uint64_t units_of(const ForgedFrame& frame) {
    return (content_of(frame) + disk::frame_unit - 1) / disk::frame_unit;
}

void put_frame(Writer& out, const ForgedFrame& frame, std::uint64_t seed, std::uint32_t ordinal) {
    disk::FrameHead head;
    head.records_checksum = core::checksum(frame.records, seed);
    head.records_bytes = static_cast<std::uint32_t>(frame.records.size());
    head.units = static_cast<std::uint32_t>(units_of(frame));
    head.ordinal = ordinal;
    out.raw(encode(head, disk::FrameEnd::head, seed));
    out.raw(frame.records);
    for (const core::Entry& entry : frame.entries) out.raw(entry.block());
    out.raw(Bytes(static_cast<std::size_t>(head.size() - content_of(frame))));
    out.raw(frame.records);
    out.raw(encode(head, disk::FrameEnd::foot, seed));
}

}  // namespace

Bytes bytes_of(std::span<const disk::Record> records) {
    Writer out;
    for (const disk::Record& record : records) encode(out, record);
    return out.take();
}

Bytes forged_segment(const disk::SegmentHead& head, std::span<const ForgedFrame> frames) {
    Writer out;
    out.raw(encode(head));
    std::uint32_t ordinal = 0;
    for (const ForgedFrame& frame : frames) {
        put_frame(out, frame, disk::seed_of(head.node, head.number, out.size()), ordinal++);
    }
    out.raw(Bytes(zeros_behind));
    return out.take();
}

std::uint64_t end_of(std::span<const ForgedFrame> frames) {
    std::uint64_t end = disk::segment_head_bytes;
    for (const ForgedFrame& frame : frames) end += units_of(frame) * disk::frame_unit;
    return end;
}

}  // namespace rafted::test
