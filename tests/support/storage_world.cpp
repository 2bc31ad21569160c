#include "support/storage_world.hpp"

#include <filesystem>
#include <future>

#include "disk/memory_storage.hpp"
#include "disk/posix_files.hpp"

namespace rafted::test {

TempDir::TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "rafted-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

namespace {

class DiskWorld final : public StorageWorld {
public:
    std::unique_ptr<ports::Storage> open() override {
        auto storage = disk::DiskStorage::open(files_, dir_.path() + "/node", small_options(true));
        EXPECT_TRUE(storage.has_value()) << to_string(storage.error());
        return std::move(*storage);
    }
    bool is_durable() const override { return true; }

private:
    TempDir dir_;
    disk::PosixFiles files_;
};

class MemoryFilesWorld final : public StorageWorld {
public:
    std::unique_ptr<ports::Storage> open() override {
        auto storage = disk::DiskStorage::open(files_, "node", small_options(true));
        EXPECT_TRUE(storage.has_value()) << to_string(storage.error());
        return std::move(*storage);
    }
    bool is_durable() const override { return true; }

private:
    sim::SimFiles files_;
};

class MemoryWorld final : public StorageWorld {
public:
    std::unique_ptr<ports::Storage> open() override {
        return std::make_unique<disk::MemoryStorage>();
    }
    bool is_durable() const override { return false; }
};

}  // namespace

std::unique_ptr<StorageWorld> world_on_disk() { return std::make_unique<DiskWorld>(); }
std::unique_ptr<StorageWorld> world_on_memory_files() {
    return std::make_unique<MemoryFilesWorld>();
}
std::unique_ptr<StorageWorld> world_in_memory() { return std::make_unique<MemoryWorld>(); }

disk::DiskOptions small_options(bool own_thread) {
    disk::DiskOptions options;
    options.journal = {16 << 10, 4 << 10, 4 << 10, 4 << 10};
    options.own_thread = own_thread;
    return options;
}

core::Entry entry(std::uint64_t term, std::uint64_t index, std::size_t payload) {
    return core::Entry::make({Term(term), Index(index)},
                             some_bytes(payload, term * 1'000'003 + index));
}

std::vector<core::Entry> entries(std::uint64_t term, std::uint64_t from, std::uint64_t to,
                                 std::size_t payload) {
    std::vector<core::Entry> all;
    for (std::uint64_t index = from; index <= to; ++index) {
        all.push_back(entry(term, index, payload));
    }
    return all;
}

core::SnapshotMeta snapshot_meta(std::uint64_t term, std::uint64_t index) {
    core::SnapshotMeta meta;
    meta.index = Index(index);
    meta.term = Term(term);
    meta.time = core::LogTime(77);
    meta.members = core::Members({{NodeId(7), "127.0.0.1:7", Standing::voter}});
    return meta;
}

Bytes some_bytes(std::size_t size, std::uint64_t seed) {
    Bytes bytes(size);
    std::uint64_t state = seed;
    for (std::byte& one : bytes) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        one = static_cast<std::byte>(state >> 56);
    }
    return bytes;
}

ports::GroupRecord record(ports::Slot slot, const std::string& name) {
    return {slot, name, GroupId(1000 + slot), false};
}

ports::GroupWrite founding(ports::Slot slot, const std::string& name) {
    ports::GroupWrite write;
    write.slot = slot;
    write.record = record(slot, name);
    write.hard_state = core::HardState{Term(1), NodeId(7), {}};
    write.append = entries(1, 1, 1);
    return write;
}

Result<void> write_and_wait(ports::Storage& storage, ports::Batch batch) {
    std::promise<Result<void>> promise;
    auto future = promise.get_future();
    storage.write(std::move(batch),
                  [&promise](Result<void> r) { promise.set_value(std::move(r)); });
    return future.get();
}

Result<void> write_and_wait(ports::Storage& storage, ports::GroupWrite write) {
    ports::Batch batch;
    batch.push_back(std::move(write));
    return write_and_wait(storage, std::move(batch));
}

void save(ports::Storage& storage, ports::Slot slot, const core::SnapshotMeta& meta,
          BytesView bytes) {
    auto sink = storage.save_snapshot(slot, meta);
    ASSERT_TRUE(sink.has_value()) << to_string(sink.error());
    for (std::size_t at = 0; at < bytes.size(); at += 1234) {
        ASSERT_TRUE(
            (*sink)->write(bytes.subspan(at, std::min<std::size_t>(1234, bytes.size() - at))));
    }
    const auto done = (*sink)->commit();
    ASSERT_TRUE(done.has_value()) << to_string(done.error());
}

Bytes read_all(ports::SnapshotSource& source, std::size_t piece) {
    Bytes all;
    while (all.size() < source.size()) {
        const auto part = source.read(all.size(), piece);
        EXPECT_TRUE(part.has_value()) << to_string(part.error());
        if (!part || part->empty()) break;
        all.insert(all.end(), part->begin(), part->end());
    }
    return all;
}

std::vector<core::SnapshotPiece> pieces_of(ports::SnapshotSource& source, std::size_t piece) {
    std::vector<core::SnapshotPiece> pieces;
    std::uint64_t at = 0;
    do {
        auto data = source.read_packed(at, piece);
        EXPECT_TRUE(data.has_value());
        core::SnapshotPiece next;
        next.meta = source.meta();
        next.offset = at;
        next.data = *data;
        at += data->size();
        next.last = at >= source.packed_size();
        next.checksum = source.checksum();
        pieces.push_back(std::move(next));
    } while (at < source.packed_size());
    return pieces;
}

}  // namespace rafted::test
