#include "contents.hpp"

#include <algorithm>
#include <set>

#include "real.hpp"

namespace rafted::faults {
namespace {

std::string read_from(int descriptor, std::uint64_t offset, std::uint64_t bytes) {
    std::string read(bytes, '\0');
    std::uint64_t done = 0;
    while (done < bytes) {
        const auto part = real::pread(descriptor, read.data() + done, bytes - done,
                                      static_cast<off_t>(offset + done));
        if (part < 0) give_up("cannot read what a write is about to change");
        if (part == 0) break;
        done += static_cast<std::uint64_t>(part);
    }
    read.resize(done);
    return read;
}

/// Which versions stay, asked from the newest write back, sector by sector.
class Choice {
public:
    Choice(Loss loss, std::size_t writes, Chance& chance) : loss_(loss), chance_(chance) {
        if (loss != Loss::torn || writes == 0) return;
        // Every second time it is the newest write that is torn.
        torn_ = chance.coin() ? writes - 1 : chance.below(writes);
    }
    bool keeps(std::size_t write, std::uint64_t sector_of_write, std::uint64_t sectors) {
        switch (loss_) {
            case Loss::all: return false;
            case Loss::none: return true;
            case Loss::sectors: return chance_.coin();
            case Loss::torn: break;
        }
        if (write != torn_) return write < torn_;
        if (sector_of_write == 0) cut_ = chance_.below(sectors + 1);
        return sector_of_write < cut_;
    }

private:
    Loss loss_;
    Chance& chance_;
    std::size_t torn_ = 0;
    std::uint64_t cut_ = 0;
};

}  // namespace

Contents::Contents(int descriptor) : descriptor_(descriptor), synced_size_(0) { synced(); }

Contents::~Contents() { real::close(descriptor_); }

std::uint64_t Contents::size() const {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) give_up("cannot read a file's size");
    return static_cast<std::uint64_t>(status.st_size);
}

void Contents::synced() {
    writes_.clear();
    synced_size_ = size();
}

void Contents::before_write(std::uint64_t offset, std::uint64_t bytes) {
    if (bytes == 0) return;
    const std::uint64_t first = offset / sector_bytes;
    const std::uint64_t end = (offset + bytes + sector_bytes - 1) / sector_bytes;
    writes_.push_back({first, end - first,
                       read_from(descriptor_, first * sector_bytes, (end - first) * sector_bytes)});
}

void Contents::undo(const Write& write, std::uint64_t sector) const {
    const std::uint64_t from = sector * sector_bytes;
    std::string old;
    if (from < write.before.size()) old = write.before.substr(from, sector_bytes);
    old.resize(sector_bytes, '\0');
    const auto place = static_cast<off_t>(write.first_sector * sector_bytes + from);
    if (real::pwrite(descriptor_, old.data(), old.size(), place) !=
        static_cast<ssize_t>(sector_bytes)) {
        give_up("cannot take a sector back");
    }
}

std::string Contents::lose(Loss loss, Chance& chance) {
    const std::uint64_t now = size();
    std::uint64_t reaches = synced_size_;
    std::set<std::uint64_t> seen, kept;
    Choice choice(loss, writes_.size(), chance);
    for (std::size_t i = writes_.size(); i-- > 0;) {
        const Write& write = writes_[i];
        for (std::uint64_t n = 0; n < write.sectors; ++n) {
            const std::uint64_t sector = write.first_sector + n;
            seen.insert(sector);
            if (kept.contains(sector)) continue;
            if (!choice.keeps(i, n, write.sectors)) {
                undo(write, n);
                continue;
            }
            kept.insert(sector);
            reaches = std::max(reaches, std::min(now, (sector + 1) * sector_bytes));
        }
    }
    // The size may have become durable ahead of the bytes.
    if (loss == Loss::none || (loss == Loss::sectors && chance.coin())) {
        reaches = std::max(reaches, now);
    }
    if (real::ftruncate(descriptor_, static_cast<off_t>(reaches)) != 0) {
        give_up("cannot take a file's size back");
    }
    synced();
    return "kept " + std::to_string(kept.size()) + " of " + std::to_string(seen.size()) +
           " sectors";
}

}  // namespace rafted::faults
