// Which storage a node gets: a directory's, or none that lasts.
#pragma once

#include <memory>
#include <string>

#include "ports/files.hpp"
#include "ports/storage.hpp"

namespace rafted::node {

/// A storage with what it stands on.
class NodeStorage {
public:
    NodeStorage() = default;
    NodeStorage(std::unique_ptr<ports::Files> files, std::unique_ptr<ports::Storage> storage)
        : files_(std::move(files)), storage_(std::move(storage)) {}

    ports::Storage& operator*() const { return *storage_; }
    ports::Storage* operator->() const { return storage_.get(); }
    explicit operator bool() const { return storage_ != nullptr; }

private:
    std::unique_ptr<ports::Files> files_;
    std::unique_ptr<ports::Storage> storage_;
};

/// Opens the directory; an empty name means memory only.
Result<NodeStorage> open_storage(const std::string& dir);

}  // namespace rafted::node
