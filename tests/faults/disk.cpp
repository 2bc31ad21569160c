#include "disk.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "real.hpp"
#include "space.hpp"

namespace rafted::faults {
namespace {

std::uint64_t bytes_of(const iovec* pieces, int count) {
    std::uint64_t sum = 0;
    for (int i = 0; i < count; ++i) sum += pieces[i].iov_len;
    return sum;
}

/// The first `bytes` of the pieces.
std::vector<iovec> first_of(const iovec* pieces, std::uint64_t bytes) {
    std::vector<iovec> some;
    for (; bytes > 0; ++pieces) {
        some.push_back({pieces->iov_base, std::min<std::size_t>(pieces->iov_len, bytes)});
        bytes -= some.back().iov_len;
    }
    return some;
}

std::string beside(const std::string& dir) { return dir + ".beside"; }

}  // namespace

Disk::Disk(Orders orders)
    : orders_(std::move(orders)), chance_(orders_.seed), names_(beside(orders_.dir)) {
    const std::lock_guard hold(mutex_);
    if (orders_.crash_after == 0U && is_armed()) lose_power("before the first call");
}

bool Disk::has(const char* path) const {
    const std::string_view all(path);
    return all.starts_with(orders_.dir) &&
           (all.size() == orders_.dir.size() || all[orders_.dir.size()] == '/');
}

bool Disk::has(int number) {
    const std::lock_guard hold(mutex_);
    return open_.contains(number);
}

bool Disk::arms() {
    const std::lock_guard hold(mutex_);
    return is_armed();
}

bool Disk::is_armed() {
    if (!armed_) armed_ = orders_.arm.empty() || ::access(orders_.arm.c_str(), F_OK) == 0;
    return armed_;
}

bool Disk::fails(Kind kind, const std::string& path) {
    if (!is_armed()) return false;
    const std::uint64_t number = ++calls_of_[static_cast<std::size_t>(kind)];
    const auto& failure = orders_.failure;
    if (!failure || failure->kind != kind || number < failure->at) return false;
    if (number > failure->at && !failure->and_all_after) return false;
    say(std::string(name_of(kind)) + " " + std::to_string(number) + " fails with " +
        std::strerror(failure->reason) + ": " + path);
    errno = failure->reason;
    return true;
}

void Disk::done(Kind kind, const std::string& path) {
    if (!is_armed()) return;
    ++calls_;
    if (orders_.crash_after == calls_) {
        lose_power("after call " + std::to_string(calls_) + ", " + name_of(kind) + " of " + path);
    }
}

void Disk::lose_power(const std::string& when) {
    std::string text = "the power goes " + when + "; loss " + name_of(orders_.loss) + ", seed " +
                       std::to_string(orders_.seed);
    for (auto& [inode, contents] : contents_) {
        if (!contents->is_clean()) text += ", " + contents->lose(orders_.loss, chance_);
    }
    text += ", " + names_.lose(orders_.loss, chance_);
    say(text);
    for (;;) ::kill(::getpid(), SIGKILL);
}

void Disk::lose_power_now() {
    const std::lock_guard hold(mutex_);
    lose_power("at the signal, after call " + std::to_string(calls_));
}

std::string Disk::figures() {
    const std::lock_guard hold(mutex_);
    return std::to_string(calls_) + " persistence calls";
}

int Disk::open(const char* path, int flags, mode_t mode) {
    const std::lock_guard hold(mutex_);
    if (fails(Kind::open, path)) return -1;
    const bool was_there = ::access(path, F_OK) == 0;
    const int number = real::open(path, flags, mode);
    if (number < 0) return number;
    opened(number, path, flags);
    const bool makes = (flags & O_CREAT) != 0 && !was_there;
    if (makes) names_.made(path);
    if (makes || (flags & O_TRUNC) != 0) done(Kind::open, path);
    return number;
}

void Disk::opened(int number, const char* path, int flags) {
    struct stat status{};
    if (::fstat(number, &status) != 0) give_up("cannot look at an open file");
    const Inode inode{status.st_dev, status.st_ino};
    open_[number] = {path, inode, S_ISDIR(status.st_mode)};
    // Only of files that may be written: a second descriptor of a locked file would keep the lock.
    if ((flags & O_ACCMODE) == O_RDONLY) return;
    auto& contents = contents_[inode];
    if (!contents || (flags & O_TRUNC) != 0) {
        contents = std::make_unique<Contents>(::fcntl(number, F_DUPFD_CLOEXEC, 0));
    }
}

int Disk::close(int number) {
    const std::lock_guard hold(mutex_);
    if (const auto found = open_.find(number); found != open_.end()) {
        const Inode inode = found->second.inode;
        open_.erase(found);
        bool is_open = false;
        for (const auto& [other, file] : open_) is_open = is_open || file.inode == inode;
        const auto contents = contents_.find(inode);
        const bool needed = is_open || contents == contents_.end() || !contents->second->is_clean();
        if (!needed) contents_.erase(contents);
    }
    return real::close(number);
}

ssize_t Disk::pread(int number, void* into, std::size_t bytes, off_t offset) {
    {
        const std::lock_guard hold(mutex_);
        const auto found = open_.find(number);
        if (found != open_.end() && fails(Kind::read, found->second.path)) return -1;
    }
    return real::pread(number, into, bytes, offset);
}

std::optional<std::uint64_t> Disk::room() const {
    const auto capacity = capacity_in(orders_.space);
    if (!capacity) return std::nullopt;
    const std::uint64_t used = bytes_below(orders_.dir);
    return *capacity > used ? *capacity - used : 0;
}

ssize_t Disk::pwritev(int number, const iovec* pieces, int count, off_t offset) {
    const std::lock_guard hold(mutex_);
    const auto found = open_.find(number);
    if (found == open_.end()) return real::pwritev(number, pieces, count, offset);
    const std::string& path = found->second.path;
    if (fails(Kind::write, path)) return -1;
    Contents& contents = *contents_.at(found->second.inode);
    const auto from = static_cast<std::uint64_t>(offset);
    std::uint64_t bytes = bytes_of(pieces, count);
    const std::uint64_t size = contents.size();
    if (from + bytes > size) {
        if (const auto left = room(); left && from + bytes > size + *left) {
            bytes = size + *left > from ? size + *left - from : 0;
            if (bytes == 0) {
                errno = ENOSPC;
                return -1;
            }
        }
    }
    contents.before_write(from, bytes);
    const auto some = first_of(pieces, bytes);
    const auto part = real::pwritev(number, some.data(), static_cast<int>(some.size()), offset);
    done(Kind::write, path);
    return part;
}

int Disk::sync(int number) {
    if (orders_.sync_ms > 0 && has(number) && arms()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(orders_.sync_ms));
    }
    const std::lock_guard hold(mutex_);
    const auto found = open_.find(number);
    if (found == open_.end()) return real::fsync(number);
    const OpenFile& file = found->second;
    return file.is_directory ? sync_directory(file) : sync_file(file);
}

int Disk::sync_file(const OpenFile& file) {
    const auto contents = contents_.find(file.inode);
    if (contents == contents_.end()) give_up("a sync of a file that is only read: " + file.path);
    if (fails(Kind::sync, file.path)) {
        const int reason = errno;
        contents->second->lose(orders_.loss, chance_);
        errno = reason;
        return -1;
    }
    if (!orders_.lying_syncs) contents->second->synced();
    done(Kind::sync, file.path);
    return 0;
}

int Disk::sync_directory(const OpenFile& file) {
    if (fails(Kind::syncdir, file.path)) return -1;
    names_.synced(file.path);
    done(Kind::syncdir, file.path);
    return 0;
}

int Disk::rename(const char* from, const char* to) {
    const std::lock_guard hold(mutex_);
    if (fails(Kind::rename, from)) return -1;
    names_.before_rename(from, to);
    if (real::rename(from, to) != 0) {
        const int reason = errno;
        names_.take_back();
        errno = reason;
        return -1;
    }
    done(Kind::rename, to);
    return 0;
}

int Disk::unlink(const char* path) {
    const std::lock_guard hold(mutex_);
    if (fails(Kind::unlink, path)) return -1;
    names_.before_removal(path);
    if (real::unlink(path) != 0) {
        const int reason = errno;
        names_.take_back();
        errno = reason;
        return -1;
    }
    done(Kind::unlink, path);
    return 0;
}

int Disk::mkdir(const char* path, mode_t mode) {
    if (path == orders_.dir) return real::mkdir(path, mode);
    const std::lock_guard hold(mutex_);
    if (fails(Kind::mkdir, path)) return -1;
    if (real::mkdir(path, mode) != 0) return -1;
    names_.made_directory(path);
    done(Kind::mkdir, path);
    return 0;
}

}  // namespace rafted::faults
