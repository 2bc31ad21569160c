// What the tests of the contract of ports/storage.hpp begin with, on every implementation.
#pragma once

#include <gtest/gtest.h>

#include "support/storage_world.hpp"

namespace rafted::test {

/// An implementation of the port.
struct StorageKind {
    const char* name;
    std::unique_ptr<StorageWorld> (*make)();
};

class StorageContract : public testing::TestWithParam<StorageKind> {
protected:
    void SetUp() override {
        world_ = GetParam().make();
        reopen();
    }
    void reopen() {
        if (storage_) storage_->close();
        storage_.reset();
        storage_ = world_->open();
        ASSERT_NE(storage_, nullptr);
        auto recovered = storage_->recover();
        ASSERT_TRUE(recovered.has_value()) << to_string(recovered.error());
        recovered_ = std::move(*recovered);
    }
    void write(ports::GroupWrite write) {
        const auto done = write_and_wait(*storage_, std::move(write));
        ASSERT_TRUE(done.has_value()) << to_string(done.error());
    }
    ports::GroupWrite append(ports::Slot slot, std::vector<core::Entry> entries) {
        ports::GroupWrite write;
        write.slot = slot;
        write.append = std::move(entries);
        return write;
    }
    bool durable() const { return world_->is_durable(); }

    std::unique_ptr<StorageWorld> world_;
    std::unique_ptr<ports::Storage> storage_;
    ports::Recovered recovered_;
};

inline constexpr StorageKind on_disk{"Disk", world_on_disk};
inline constexpr StorageKind on_memory_files{"SimFiles", world_on_memory_files};
inline constexpr StorageKind in_memory{"Memory", world_in_memory};

inline std::string name_of_kind(const testing::TestParamInfo<StorageKind>& kind) {
    return kind.param.name;
}

}  // namespace rafted::test
