// Directories of a node for the fuzzer, made from its bytes: real ones with a few changes, and ones
// whose journal says what the bytes say.
#pragma once

#include "support/disk_workload.hpp"
#include "support/forged_journal.hpp"

namespace rafted::test {

struct RealDirectory {
    Workload work;
    std::map<std::string, Bytes> files;
};

/// One of a few lives of a directory, made at its first use.
inline const RealDirectory& real_directory(std::uint8_t which) {
    static const std::array<RealDirectory, 3> all = [] {
        constexpr std::array<WorkloadShape, 3> shapes{
            {{1, 12, 2, 100, true}, {5, 60, 3, 900, true}, {8, 8, 1, 40, false}}};
        std::array<RealDirectory, 3> made;
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            made[i].work = make_workload(shapes[i]);
            sim::SimFiles files;
            run_workload(files, made[i].work);
            for (const auto& path : files.paths()) made[i].files[path] = files.contents(path);
        }
        return made;
    }();
    return all[which % all.size()];
}

inline std::unique_ptr<sim::SimFiles> files_of(const std::map<std::string, Bytes>& all) {
    auto files = std::make_unique<sim::SimFiles>();
    for (const auto& [path, bytes] : all) files->put(path, bytes);
    return files;
}

/// Changes of whole files, of blocks and of bytes, as many as the input has.
class Changer {
public:
    Changer(std::map<std::string, Bytes>& files, Reader& in) : files_(files), in_(in) {}

    void change() {
        const auto act = in_.number<std::uint8_t>();
        const std::string path = pick();
        Bytes& file = files_[path];
        const std::size_t at = file.empty() ? 0 : in_.number<std::uint32_t>() % file.size();
        const std::size_t n = std::min<std::size_t>(in_.number<std::uint16_t>(), file.size() - at);
        const auto place = file.begin() + static_cast<std::ptrdiff_t>(at);
        switch (act % 8) {
            case 0:
                if (n > 0) file[at] ^= static_cast<std::byte>(in_.number<std::uint8_t>() | 1);
                break;
            case 1: std::fill_n(place, n, std::byte{0}); break;
            case 2: file.resize(at); break;
            case 3: file.insert(file.end(), n, static_cast<std::byte>(in_.number<char>())); break;
            case 4: copy_block(file, at, n); break;
            case 5: files_.erase(path); break;
            case 6: std::swap(file, files_[pick()]); break;
            default: {
                const auto bytes = in_.raw(std::min<std::size_t>({n, in_.left(), 64}));
                std::ranges::copy(bytes, place);
            }
        }
    }

private:
    std::string pick() {
        const auto number = in_.number<std::uint8_t>();
        return std::next(files_.begin(), number % static_cast<std::ptrdiff_t>(files_.size()))
            ->first;
    }
    /// A misdirected write, or one that came too late.
    void copy_block(Bytes& file, std::size_t at, std::size_t n) {
        const Bytes from = files_[pick()];
        const std::size_t begin = from.empty() ? 0 : in_.number<std::uint32_t>() % from.size();
        const auto part = BytesView(from).subspan(begin);
        std::ranges::copy(part.first(std::min(n, part.size())),
                          file.begin() + static_cast<std::ptrdiff_t>(at));
    }

    std::map<std::string, Bytes>& files_;
    Reader& in_;
};

inline std::unique_ptr<sim::SimFiles> changed_directory(const RealDirectory& real, Reader& in) {
    constexpr int most_changes = 6;
    auto files = real.files;
    Changer changer(files, in);
    for (int i = 0; i < most_changes && !in.at_end() && !files.empty(); ++i) changer.change();
    return files_of(files);
}

/// A frame of the records in the bytes, if there are any, with blocks for entries that they name.
inline ForgedFrame forged_frame(BytesView bytes) {
    constexpr std::size_t most_blocks = 16;
    auto records = disk::decode_records(bytes);
    if (!records) return {copy_of(bytes), {}};
    ForgedFrame frame;
    for (disk::Record& record : *records) {
        auto* appended = std::get_if<disk::Appended>(&record);
        if (appended == nullptr) continue;
        appended->blocks.resize(std::min(appended->blocks.size(), most_blocks));
        Index index = appended->first;
        for (disk::BlockRef& block : appended->blocks) {
            const Term term(block.checksum % 8);
            frame.entries.push_back(core::Entry::make({term, index}, Bytes(block.size % 64)));
            block.size = static_cast<std::uint32_t>(frame.entries.back().size());
            block.checksum = frame.entries.back().checksum();
            ++index;
        }
    }
    frame.records = bytes_of(*records);
    return frame;
}

/// Segments of frames: before each frame a byte that says whether a segment begins (1) and a size.
inline std::unique_ptr<sim::SimFiles> forged_directory(Reader& in) {
    const NodeId node(4711);
    const RealDirectory& real = real_directory(1);
    std::map<std::string, Bytes> files;
    for (const auto& [path, bytes] : real.files) {
        if (!path.starts_with("node/journal/")) files[path] = bytes;
    }
    std::vector<ForgedFrame> frames;
    disk::SegmentHead head{node, in.number<std::uint8_t>(), 0};
    const auto end_segment = [&] {
        files["node/journal/" + disk::segment_name(head.number)] = forged_segment(head, frames);
        head = {node, head.number + 1, end_of(frames)};
        frames.clear();
    };
    while (!in.at_end() && !in.failed()) {
        const bool begins = in.number<std::uint8_t>() == 1;
        if (begins && !frames.empty()) end_segment();
        const std::size_t size = in.number<std::uint16_t>();
        frames.push_back(forged_frame(in.raw(std::min(size, in.left()))));
    }
    if (!frames.empty()) end_segment();
    return files_of(files);
}

}  // namespace rafted::test
