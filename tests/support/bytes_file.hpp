// One file in memory, and a file system that holds nothing else: what decoders need to be fed.
#pragma once

#include <algorithm>
#include <memory>

#include "ports/files.hpp"

namespace rafted::test {

class BytesFile final : public ports::File {
public:
    explicit BytesFile(std::shared_ptr<Bytes> bytes) : bytes_(std::move(bytes)) {}
    explicit BytesFile(BytesView bytes) : bytes_(std::make_shared<Bytes>(copy_of(bytes))) {}

    Result<std::uint64_t> size() const override { return bytes_->size(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const override {
        if (offset >= bytes_->size()) return std::size_t{0};
        const auto rest = BytesView(*bytes_).subspan(static_cast<std::size_t>(offset));
        const std::size_t n = std::min(rest.size(), into.size());
        std::ranges::copy(rest.first(n), into.begin());
        return n;
    }
    Result<void> write(std::uint64_t offset, std::span<const BytesView> pieces) override {
        for (const BytesView piece : pieces) {
            const auto end = static_cast<std::size_t>(offset) + piece.size();
            bytes_->resize(std::max(bytes_->size(), end));
            std::ranges::copy(piece, bytes_->begin() + static_cast<std::ptrdiff_t>(offset));
            offset += piece.size();
        }
        return {};
    }
    Result<void> sync() override { return {}; }

private:
    std::shared_ptr<Bytes> bytes_;
};

/// Every path is the same file.
class OneFile final : public ports::Files {
public:
    Result<std::unique_ptr<ports::File>> open(const std::string&, ports::OpenMode) override {
        return std::make_unique<BytesFile>(bytes);
    }
    Result<void> make_directory(const std::string&) override { return {}; }
    Result<std::optional<std::vector<std::string>>> list(const std::string&) override {
        return std::vector<std::string>{};
    }
    Result<void> rename(const std::string&, const std::string&) override { return {}; }
    Result<void> remove(const std::string&) override { return {}; }
    Result<void> sync_directory(const std::string&) override { return {}; }
    Result<std::unique_ptr<ports::DirectoryLock>> lock(const std::string&) override {
        return std::make_unique<ports::DirectoryLock>();
    }

    std::shared_ptr<Bytes> bytes = std::make_shared<Bytes>();
};

}  // namespace rafted::test
