// Which storage a node gets: a directory's, or none that lasts.
#pragma once

#include <memory>
#include <string>

#include "disk/read_progress.hpp"
#include "ports/beside.hpp"
#include "ports/storage.hpp"

namespace rafted::node {

/// A storage with what it stands on.
class NodeStorage {
public:
    NodeStorage() = default;
    NodeStorage(std::unique_ptr<disk::ReadProgress> files, std::unique_ptr<ports::Storage> storage)
        : files_(std::move(files)), storage_(std::move(storage)) {}

    /// As the storage does, which says how far it is.
    Result<ports::Recovered> recover();

    ports::Storage& operator*() const { return *storage_; }
    ports::Storage* operator->() const { return storage_.get(); }
    explicit operator bool() const { return storage_ != nullptr; }

private:
    std::unique_ptr<disk::ReadProgress> files_;
    std::unique_ptr<ports::Storage> storage_;
};

/// Opens the directory; an empty name means memory only. `say` hears of a recovery that takes long,
/// `offer` of small writes while the disk is quick.
Result<NodeStorage> open_storage(const std::string& dir,
                                 std::function<void(const std::string&)> say,
                                 ports::OfferBeside offer);

}  // namespace rafted::node
