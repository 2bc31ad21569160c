#include "node/storage.hpp"

#include "disk/disk_storage.hpp"
#include "disk/memory_storage.hpp"
#include "disk/posix_files.hpp"

namespace rafted::node {

Result<NodeStorage> open_storage(const std::string& dir) {
    if (dir.empty()) return NodeStorage(nullptr, std::make_unique<disk::MemoryStorage>());
    auto files = std::make_unique<disk::PosixFiles>();
    auto storage = disk::open_disk_storage(*files, dir);
    if (!storage) return std::unexpected(storage.error());
    return NodeStorage(std::move(files), std::move(*storage));
}

}  // namespace rafted::node
