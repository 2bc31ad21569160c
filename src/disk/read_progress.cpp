#include "disk/read_progress.hpp"

#include <algorithm>

#include "disk/directory.hpp"

namespace rafted::disk {
namespace {

constexpr auto pause = std::chrono::seconds(1);
constexpr std::uint64_t mebibyte = 1 << 20;

std::string seconds_text(ReadProgress::Clock::duration time) {
    const auto tenths = std::chrono::round<std::chrono::milliseconds>(time).count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

}  // namespace

/// A file whose reads count.
class ReadProgress::Counted final : public ports::File {
public:
    Counted(std::unique_ptr<ports::File> file, ReadProgress& owner)
        : file_(std::move(file)), owner_(owner) {}
    Result<std::uint64_t> size() const override { return file_->size(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const override {
        auto got = file_->read(offset, into);
        if (got) owner_.count(*got);
        return got;
    }
    Result<void> write(std::uint64_t offset, std::span<const BytesView> pieces) override {
        return file_->write(offset, pieces);
    }
    void expect_sync(std::uint64_t offset, std::uint64_t bytes) override {
        file_->expect_sync(offset, bytes);
    }
    Result<void> write_back(std::uint64_t offset, std::uint64_t bytes) override {
        return file_->write_back(offset, bytes);
    }
    Result<void> sync() override { return file_->sync(); }

private:
    std::unique_ptr<ports::File> file_;
    ReadProgress& owner_;
};

ReadProgress::ReadProgress(std::unique_ptr<ports::Files> files, Reading reading)
    : files_(std::move(files)),
      reading_(std::move(reading)),
      began_(reading_.now()),
      said_at_(began_) {}

Result<std::unique_ptr<ports::File>> ReadProgress::open(const std::string& path,
                                                        ports::OpenMode mode) {
    auto file = files_->open(path, mode);
    if (!file || mode != ports::OpenMode::read || over_) return file;
    return std::make_unique<Counted>(std::move(*file), *this);
}

void ReadProgress::count(std::uint64_t bytes) {
    if (over_) return;
    read_ += bytes;
    const auto now = reading_.now();
    if (now - said_at_ < pause) return;
    said_at_ = now;
    if (total_ == 0) total_ = bytes_to_read();
    // Some bytes are read twice: the heads of files, and what a frame shares with the next read.
    const std::uint64_t read = std::min<std::uint64_t>(read_, total_);
    const std::uint64_t share = total_ == 0 ? 100 : read * 100 / total_;
    reading_.say(reading_.dir + ": " + std::to_string(read / mebibyte) + " of " +
                 std::to_string(total_ / mebibyte) + " MiB read, " + std::to_string(share) + " %");
}

void ReadProgress::end() {
    if (over_.exchange(true) || said_at_ == began_) return;
    reading_.say(reading_.dir + ": read in " + seconds_text(reading_.now() - began_));
}

std::uint64_t ReadProgress::bytes_of(const std::string& path) const {
    const auto file = files_->open(path, ports::OpenMode::read);
    return file ? (*file)->size().value_or(0) : 0;
}

std::uint64_t ReadProgress::bytes_of_folder(const std::string& path, bool newest_only) const {
    const auto found = files_->list(path);
    if (!found || !*found) return 0;
    std::uint64_t sum = 0;
    for (const std::string& name : **found) {
        const std::uint64_t bytes = bytes_of(path + "/" + name);
        sum = newest_only ? bytes : sum + bytes;  // names are sorted: the newest comes last
    }
    return sum;
}

std::uint64_t ReadProgress::bytes_to_read() const {
    std::uint64_t sum = bytes_of_folder(reading_.dir + "/" + journal_name, false);
    const std::string snapshots = reading_.dir + "/" + snapshots_name;
    const auto groups = files_->list(snapshots);
    if (!groups || !*groups) return sum;
    for (const std::string& group : **groups) {
        sum += bytes_of_folder(snapshots + "/" + group, !reading_.all_snapshots);
    }
    return sum;
}

}  // namespace rafted::disk
