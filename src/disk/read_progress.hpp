// Files that say how far a long reading of a node's directory has come: one line a second, while
// it opens or is looked through. Not the reading itself, which knows nothing of it.
//   1. What is over within a second says nothing.
//   2. After end() the files are those underneath, without a step between.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "ports/files.hpp"

namespace rafted::disk {

class ReadProgress final : public ports::Files {
public:
    using Clock = std::chrono::steady_clock;
    struct Reading {
        std::string dir;
        /// Every snapshot will be read, not only the newest of each group.
        bool all_snapshots = false;
        std::function<void(const std::string&)> say;
        std::function<Clock::time_point()> now = [] { return Clock::now(); };
    };
    ReadProgress(std::unique_ptr<ports::Files> files, Reading reading);

    /// The reading is over; the last line, if there was any.
    void end();

    Result<std::unique_ptr<ports::File>> open(const std::string& path,
                                              ports::OpenMode mode) override;
    Result<void> make_directory(const std::string& path) override {
        return files_->make_directory(path);
    }
    Result<std::optional<std::vector<std::string>>> list(const std::string& path) override {
        return files_->list(path);
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        return files_->rename(from, to);
    }
    Result<void> remove(const std::string& path) override { return files_->remove(path); }
    Result<void> sync_directory(const std::string& path) override {
        return files_->sync_directory(path);
    }
    Result<std::unique_ptr<ports::DirectoryLock>> lock(const std::string& path) override {
        return files_->lock(path);
    }

private:
    class Counted;
    void count(std::uint64_t bytes);
    std::uint64_t bytes_of(const std::string& path) const;
    std::uint64_t bytes_of_folder(const std::string& path, bool newest_only) const;
    std::uint64_t bytes_to_read() const;

    std::unique_ptr<ports::Files> files_;
    Reading reading_;
    Clock::time_point began_;
    Clock::time_point said_at_;
    std::atomic<std::uint64_t> read_ = 0;
    std::uint64_t total_ = 0;  // zero: not asked yet
    std::atomic<bool> over_ = false;
};

}  // namespace rafted::disk
