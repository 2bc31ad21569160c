// The disk of a process: what it does below Orders::dir, call by call, in one order. It knows what
// a loss of power would take, makes calls fail, and takes the power away.
//   1. One call at a time, from whatever thread: what is lost is what had not been synced when the
//      power went, and nothing is done after that.
//   2. Nothing is really synced: the page cache outlives the process, and the power is ours.
//   3. A sync that fails loses at once what it should have kept, as file systems do that mark such
//      pages clean.
#pragma once

#include <sys/uio.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "contents.hpp"
#include "names.hpp"
#include "orders.hpp"

namespace rafted::faults {

class Disk {
public:
    explicit Disk(Orders orders);

    /// Each does what the system call of that name does, and sets errno.
    int open(const char* path, int flags, mode_t mode);
    int close(int number);
    ssize_t pread(int number, void* into, std::size_t bytes, off_t offset);
    ssize_t pwritev(int number, const iovec* pieces, int count, off_t offset);
    int sync(int number);
    int rename(const char* from, const char* to);
    int unlink(const char* path);
    int mkdir(const char* path, mode_t mode);

    bool has(int number);
    bool has(const char* path) const;
    /// For Orders::on_signal.
    [[noreturn]] void lose_power_now();
    std::string figures();

private:
    using Inode = std::pair<std::uint64_t, std::uint64_t>;
    struct OpenFile {
        std::string path;
        Inode inode;
        bool is_directory = false;
    };

    bool is_armed();  ///< With the lock held.
    bool arms();
    /// Whether this call is to fail; sets errno.
    bool fails(Kind kind, const std::string& path);
    /// A persistence call has been done: it may be the last.
    void done(Kind kind, const std::string& path);
    [[noreturn]] void lose_power(const std::string& when);
    void opened(int number, const char* path, int flags);
    int sync_file(const OpenFile& file);
    int sync_directory(const OpenFile& file);
    std::optional<std::uint64_t> room() const;

    const Orders orders_;
    std::mutex mutex_;
    bool armed_ = false;
    std::uint64_t calls_ = 0;
    std::array<std::uint64_t, kinds> calls_of_{};
    Chance chance_;
    std::map<int, OpenFile> open_;
    std::map<Inode, std::unique_ptr<Contents>> contents_;
    Names names_;
};

/// The disk of this process; null if the environment orders none.
Disk* disk();

}  // namespace rafted::faults
