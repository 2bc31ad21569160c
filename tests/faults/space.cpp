#include "space.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "real.hpp"

namespace rafted::faults {

std::optional<std::uint64_t> capacity_in(const std::string& file) {
    if (file.empty()) return std::nullopt;
    const int number = real::open(file.c_str(), O_RDONLY | O_CLOEXEC, 0);
    if (number < 0) return std::nullopt;
    std::array<char, 32> text{};
    const auto read = real::pread(number, text.data(), text.size() - 1, 0);
    real::close(number);
    if (read <= 0) return std::nullopt;
    return std::strtoull(text.data(), nullptr, 10);
}

std::uint64_t bytes_below(const std::string& dir) {
    DIR* const folder = ::opendir(dir.c_str());
    if (folder == nullptr) return 0;
    std::uint64_t sum = 0;
    while (const dirent* entry = ::readdir(folder)) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        const std::string path = dir + "/" + entry->d_name;
        struct stat status{};
        if (::lstat(path.c_str(), &status) != 0) continue;
        sum += S_ISDIR(status.st_mode) ? bytes_below(path)
                                       : static_cast<std::uint64_t>(status.st_size);
    }
    ::closedir(folder);
    return sum;
}

}  // namespace rafted::faults
