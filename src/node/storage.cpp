#include "node/storage.hpp"

#include "disk/disk_storage.hpp"
#include "disk/memory_storage.hpp"
#include "disk/posix_files.hpp"

namespace rafted::node {

Result<ports::Recovered> NodeStorage::recover() {
    auto recovered = storage_->recover();
    if (files_) files_->end();
    return recovered;
}

Result<NodeStorage> open_storage(const std::string& dir,
                                 std::function<void(const std::string&)> say,
                                 ports::OfferBeside offer) {
    if (dir.empty()) return NodeStorage(nullptr, std::make_unique<disk::MemoryStorage>());
    disk::ReadProgress::Reading reading;
    reading.dir = dir;
    reading.say = std::move(say);
    auto files = std::make_unique<disk::ReadProgress>(std::make_unique<disk::PosixFiles>(),
                                                      std::move(reading));
    disk::DiskOptions options;
    options.offer = std::move(offer);
    auto storage = disk::open_disk_storage(*files, dir, options);
    if (!storage) return std::unexpected(storage.error());
    return NodeStorage(std::move(files), std::move(*storage));
}

}  // namespace rafted::node
