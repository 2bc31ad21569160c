// A folder of a bench's own, below the current one: on the disk that is measured.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

namespace rafted::bench {

class ScratchFolder {
public:
    explicit ScratchFolder(std::string name) : path(std::move(name)) {
        std::filesystem::create_directories(path);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder() { std::filesystem::remove_all(path); }

    const std::string path;
};

}  // namespace rafted::bench
