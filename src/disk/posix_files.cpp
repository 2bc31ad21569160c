#include "disk/posix_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "disk/give_way.hpp"

namespace rafted::disk {
namespace {

using ports::DirectoryLock;
using ports::File;
using ports::OpenMode;

ErrorCode code_of(int reason) {
    switch (reason) {
        case ENOSPC:
        case EDQUOT: return ErrorCode::disk_full;
        case EWOULDBLOCK: return ErrorCode::in_use;
        case ENOENT:
        case EACCES:
        case EPERM:
        case EROFS:
        case EISDIR:
        case ENOTDIR:
        case EEXIST:
        case ELOOP:
        case EMFILE:
        case ENFILE:
        case EINVAL:
        case ENAMETOOLONG: return ErrorCode::invalid;
        default: return ErrorCode::disk_failed;
    }
}

std::unexpected<Error> failed(const char* what, const std::string& path, int reason) {
    return fail(code_of(reason), std::string("cannot ") + what + " " + path + ": " +
                                     std::generic_category().message(reason));
}

/// An open descriptor, closed at the end of its life.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }

private:
    int number_;
};

Descriptor open_descriptor(const std::string& path, int flags) {
    int number = -1;
    do {
        // A pipe by that name is not waited for; to files it means nothing.
        number = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0600);
    } while (number < 0 && errno == EINTR);
    return Descriptor(number);
}

/// Where a gathered write has come to: the system may take less than it was given.
class Gather {
public:
    explicit Gather(std::span<const BytesView> pieces) {
        rest_.reserve(pieces.size());
        for (const BytesView piece : pieces) {
            if (piece.empty()) continue;
            // pwritev only reads; its interface is older than const.
            rest_.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
        }
    }
    bool done() const { return at_ == rest_.size(); }
    const iovec* data() const { return rest_.data() + at_; }
    int count() const {
        return static_cast<int>(std::min<std::size_t>(rest_.size() - at_, IOV_MAX));
    }
    void advance(std::size_t written) {
        while (written > 0 && written >= rest_[at_].iov_len) written -= rest_[at_++].iov_len;
        if (written == 0) return;
        rest_[at_].iov_base = static_cast<std::byte*>(rest_[at_].iov_base) + written;
        rest_[at_].iov_len -= written;
    }

private:
    std::vector<iovec> rest_;
    std::size_t at_ = 0;
};

class PosixFile final : public File {
public:
    PosixFile(Descriptor descriptor, std::string path, bool yields)
        : descriptor_(std::move(descriptor)), path_(std::move(path)), yields_(yields) {}

    Result<std::uint64_t> size() const override {
        struct stat status{};
        if (::fstat(descriptor_.number(), &status) != 0) {
            return failed("read the size of", path_, errno);
        }
        return static_cast<std::uint64_t>(status.st_size);
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const override {
        std::size_t done = 0;
        while (done < into.size()) {
            const auto part = ::pread(descriptor_.number(), into.data() + done, into.size() - done,
                                      static_cast<off_t>(offset + done));
            if (part < 0 && errno == EINTR) continue;
            if (part < 0) return failed("read", path_, errno);
            if (part == 0) break;
            done += static_cast<std::size_t>(part);
        }
        return done;
    }

    Result<void> write(std::uint64_t offset, std::span<const BytesView> pieces) override {
        Gather gather(pieces);
        while (!gather.done()) {
            const auto part = ::pwritev(descriptor_.number(), gather.data(), gather.count(),
                                        static_cast<off_t>(offset));
            if (part < 0 && errno == EINTR) continue;
            if (part < 0) return failed("write", path_, errno);
            if (part == 0) return failed("write", path_, EIO);
            offset += static_cast<std::uint64_t>(part);
            gather.advance(static_cast<std::size_t>(part));
        }
        return {};
    }

    void expect_sync(std::uint64_t offset, std::uint64_t bytes) override {
        // An error of the device comes again with the sync.
        static_cast<void>(::sync_file_range(descriptor_.number(), static_cast<off_t>(offset),
                                            static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE));
    }

    Result<void> write_back(std::uint64_t offset, std::uint64_t bytes) override {
        constexpr unsigned and_wait =
            SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
        return yielding([&] {
            return ::sync_file_range(descriptor_.number(), static_cast<off_t>(offset),
                                     static_cast<off_t>(bytes), and_wait);
        });
    }

    Result<void> sync() override {
        return yielding([&] { return ::fdatasync(descriptor_.number()); });
    }

private:
    template <class Call>
    Result<void> yielding(Call call) {
        const auto begin = std::chrono::steady_clock::now();
        while (call() != 0) {
            if (errno != EINTR) return failed_sync(errno);
        }
        if (yields_) rest_after(std::chrono::steady_clock::now() - begin);
        return {};
    }

    /// Whatever the reason, nothing is known of the bytes any more.
    std::unexpected<Error> failed_sync(int reason) const {
        auto error = failed("sync", path_, reason);
        error.error().code = ErrorCode::disk_failed;
        return error;
    }

    Descriptor descriptor_;
    std::string path_;
    bool yields_;
};

class PosixLock final : public DirectoryLock {
public:
    explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

private:
    Descriptor descriptor_;
};

std::string parent_of(const std::string& path) {
    const auto end = path.find_last_not_of('/');
    if (end == std::string::npos) return "/";
    const auto slash = path.find_last_of('/', end);
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_directory(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Result<std::unique_ptr<File>> PosixFiles::open(const std::string& path, OpenMode mode) {
    const bool reads = mode == OpenMode::read || mode == OpenMode::verify;
    const int flags = reads                     ? O_RDONLY
                      : mode == OpenMode::write ? O_RDWR
                                                : O_RDWR | O_CREAT | O_TRUNC;
    auto descriptor = open_descriptor(path, flags);
    if (!descriptor.is_open()) return failed("open", path, errno);
    struct stat status{};
    if (::fstat(descriptor.number(), &status) != 0) return failed("open", path, errno);
    if (!S_ISREG(status.st_mode)) {
        return fail(ErrorCode::invalid, "cannot open " + path + ": it is no regular file");
    }
    // What is only read is read from begin to end; more of it is fetched ahead then.
    if (reads) {
        static_cast<void>(::posix_fadvise(descriptor.number(), 0, 0, POSIX_FADV_SEQUENTIAL));
    }
    if (mode == OpenMode::verify) {
        static_cast<void>(::posix_fadvise(descriptor.number(), 0, 0, POSIX_FADV_DONTNEED));
    }
    return std::make_unique<PosixFile>(std::move(descriptor), path,
                                       mode == OpenMode::create_beside);
}

Result<void> PosixFiles::make_directory(const std::string& path) {
    if (is_directory(path)) return {};
    const std::string parent = parent_of(path);
    if (auto made = make_directory(parent); !made) return made;
    if (::mkdir(path.c_str(), 0700) != 0 && !(errno == EEXIST && is_directory(path))) {
        return failed("make the directory", path, errno);
    }
    return sync_directory(parent);
}

Result<std::optional<std::vector<std::string>>> PosixFiles::list(const std::string& path) {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) {
        if (errno == ENOENT) return std::nullopt;
        return failed("open the directory", path, errno);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(name);
        errno = 0;
    }
    const int reason = errno;
    ::closedir(directory);
    if (reason != 0) return failed("list the directory", path, reason);
    std::ranges::sort(names);
    return names;
}

Result<void> PosixFiles::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename", from, errno);
    return {};
}

Result<void> PosixFiles::remove(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path, errno);
    return {};
}

Result<void> PosixFiles::sync_directory(const std::string& path) {
    const auto descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor.is_open()) return failed("open the directory", path, errno);
    while (::fsync(descriptor.number()) != 0) {
        if (errno == EINTR) continue;
        auto error = failed("sync the directory", path, errno);
        error.error().code = ErrorCode::disk_failed;
        return error;
    }
    return {};
}

Result<std::unique_ptr<DirectoryLock>> PosixFiles::lock(const std::string& path) {
    auto descriptor = open_descriptor(path, O_RDONLY | O_CREAT);
    // A directory that may only be read can be inspected, and locked against others who do.
    int reason = errno;
    if (!descriptor.is_open() && (reason == EROFS || reason == EACCES)) {
        descriptor = open_descriptor(path, O_RDONLY);
        if (errno != ENOENT) reason = errno;  // else it is the making that was refused
    }
    if (!descriptor.is_open()) return failed("open", path, reason);
    while (::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) return failed("lock", path, errno);
        return fail(ErrorCode::in_use, "the directory " + parent_of(path) +
                                           " is in use, by another process or another node of "
                                           "this one: stop it first, or "
                                           "give this one a directory of its own");
    }
    return std::make_unique<PosixLock>(std::move(descriptor));
}

}  // namespace rafted::disk
