// Files on the operating system's own file system. Not a policy: it retries only what a signal cut
// short, and reports everything else as it came.
#pragma once

#include "ports/files.hpp"

namespace rafted::disk {

/// Directories are made with mode 0700 and files with 0600.
class PosixFiles final : public ports::Files {
public:
    Result<std::unique_ptr<ports::File>> open(const std::string& path,
                                              ports::OpenMode mode) override;
    Result<void> make_directory(const std::string& path) override;
    Result<std::optional<std::vector<std::string>>> list(const std::string& path) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> remove(const std::string& path) override;
    Result<void> sync_directory(const std::string& path) override;
    Result<std::unique_ptr<ports::DirectoryLock>> lock(const std::string& path) override;
};

}  // namespace rafted::disk
