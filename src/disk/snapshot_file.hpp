// One snapshot in one file: what the value wrote, in compressed blocks with a checksum each. Where
// such files lie and which of them count is snapshots.hpp.
//   1. Made in one go, then never changed; a file without its end is no snapshot.
//   2. Block sums are seeded with the header's, the header names node, slot and entry: a block of
//      another snapshot, node or place does not verify.
//   3. stream_checksum() depends on the value's bytes alone, however they were cut into pieces, so
//      that two nodes can compare.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/message.hpp"
#include "disk/packing.hpp"
#include "ports/files.hpp"
#include "ports/storage.hpp"

namespace rafted::disk {

/// Adds up a stream's checksum block by block.
class StreamChecksum {
public:
    void add(BytesView piece);
    /// Of everything added so far.
    std::uint64_t value() const;

private:
    std::uint64_t sum_ = 0;
    Bytes block_;
};

/// Whose snapshot it is.
struct SnapshotOwner {
    NodeId node;
    ports::Slot slot = 0;
    bool operator==(const SnapshotOwner&) const = default;
};

class SnapshotWriter {
public:
    struct Place {
        ports::Files* files = nullptr;
        std::string path;
        SnapshotOwner owner;
        ports::OpenMode mode = ports::OpenMode::create;  ///< Or create_beside.
    };
    static Result<SnapshotWriter> create(const Place& place, const core::SnapshotMeta& meta);

    Result<void> write(BytesView piece);
    /// A block as another node has packed it, and what it holds.
    /// requires: what was written so far are full blocks.
    Result<void> write_packed(BytesView packed, BytesView block);
    /// Writes the end and syncs. Nothing may be written afterwards.
    Result<void> finish();

    const core::SnapshotMeta& meta() const { return meta_; }
    /// Bytes of the value taken so far.
    std::uint64_t size() const { return size_; }
    /// Once finished.
    std::uint64_t stream_checksum() const { return stream_sum_; }

private:
    SnapshotWriter(std::unique_ptr<ports::File> file, core::SnapshotMeta meta)
        : file_(std::move(file)), meta_(std::move(meta)) {}
    Result<void> flush_block();
    Result<void> put_block(BytesView packed, BytesView block);
    Result<void> put(BytesView bytes);

    std::unique_ptr<ports::File> file_;
    core::SnapshotMeta meta_;
    Packer packer_;
    std::uint64_t header_sum_ = 0;
    std::uint64_t position_ = 0;
    std::uint64_t given_ = 0;  // to the device, up to here
    std::uint64_t size_ = 0;
    std::uint64_t stream_sum_ = 0;
    std::vector<std::uint64_t> blocks_;  // where each begins
    Bytes block_;
};

/// Reads a file that a SnapshotWriter has finished.
class SnapshotReader {
public:
    /// Fails with corrupt or wrong_version, naming the path, unless header and end verify and it is
    /// the owner's. The blocks are verified as they are read.
    static Result<SnapshotReader> open(std::unique_ptr<ports::File> file, std::string path,
                                       const SnapshotOwner& owner);

    const core::SnapshotMeta& meta() const { return meta_; }
    std::uint64_t size() const { return size_; }
    std::uint64_t stream_checksum() const { return stream_sum_; }
    std::uint64_t file_bytes() const { return file_bytes_; }
    /// The value's bytes from `offset` on: up to `max`, fewer only at the end.
    Result<Bytes> read(std::uint64_t offset, std::size_t max);
    /// Bytes of all blocks as they travel.
    std::uint64_t packed_size() const { return packed_place(blocks()); }
    /// Of these from `offset` on: up to `max`, fewer only at the end.
    Result<Bytes> read_packed(std::uint64_t offset, std::size_t max);
    /// Fails with corrupt unless every block verifies.
    Result<void> verify() const;
    /// The same for some blocks from this one on, about so many bytes; returns the next one's
    /// number.
    Result<std::size_t> verify(std::size_t block, std::uint64_t bytes) const;
    std::size_t blocks() const { return blocks_.size() - 1; }
    /// Bytes in the file before this block.
    std::uint64_t place_of(std::size_t block) const { return blocks_[block]; }

private:
    SnapshotReader(std::unique_ptr<ports::File> file, std::string path)
        : file_(std::move(file)), path_(std::move(path)) {}
    std::unexpected<Error> corrupt(std::uint64_t offset, const std::string& what) const;
    Result<void> fill(std::uint64_t offset, std::span<std::byte> bytes) const;
    Result<Bytes> bytes_at(std::uint64_t offset, std::uint64_t n) const;
    Result<void> read_header(const SnapshotOwner& owner);
    Result<void> read_end();
    std::uint64_t packed_place(std::size_t block) const;
    Result<void> read_block(std::size_t number, Bytes& bytes) const;
    Result<void> load_packed(std::size_t number);
    Result<void> load_block(std::size_t number);

    std::unique_ptr<ports::File> file_;
    std::string path_;
    core::SnapshotMeta meta_;
    std::uint64_t header_sum_ = 0;
    std::uint64_t header_bytes_ = 0;
    std::uint64_t file_bytes_ = 0;
    std::uint64_t size_ = 0;
    std::uint64_t stream_sum_ = 0;
    std::vector<std::uint64_t> blocks_;  // where each begins, and where the last ends
    std::size_t loaded_packed_ = SIZE_MAX;
    Bytes packed_;  ///< That block, with the head it travels with at the end of its own.
    std::size_t loaded_ = SIZE_MAX;
    BytesView block_;  ///< Of that block, as it was unpacked.
    Unpacker unpacker_;
};

}  // namespace rafted::disk
