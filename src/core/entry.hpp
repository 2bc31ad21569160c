// An entry is bytes, made once: the leader encodes it into one immutable, checksummed block, and
// the journal, the wire and the memory of every member hold those same bytes.
//
//   block = checksum:u64  XXH3 of all that follows
//           size:u32      of the whole block
//           kind:u8  zero:u8*3
//           term:u64  index:u64  time:i64 (log time, ms)
//           payload
//
//   1. An Entry that exists has a right checksum: make() computes it, decode() verifies it.
//   2. A null Entry (default constructed) may only be assigned to or compared.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/time.hpp"
#include "rafted/bytes.hpp"
#include "rafted/ids.hpp"

namespace rafted::core {

enum class EntryKind : std::uint8_t {
    founding,      ///< First entry of a group: its first members and config.
    elected,       ///< First entry of a leader's term; carries the full member list.
    command,       ///< For the value: an envelope (value/envelope.hpp) around the user's bytes.
    open_session,  ///< Opens a session.
    members,       ///< A new member list, in force from the moment it is appended.
    config,        ///< A new GroupConfig, in force once committed.
};
inline constexpr std::uint8_t entry_kind_count = 6;

class Entry {
public:
    static constexpr std::size_t header_bytes = 40;
    /// No block is larger; a decoder refuses more before it allocates.
    static constexpr std::size_t max_bytes = std::size_t{65} << 20;

    Entry() = default;

    struct Head {
        Term term;
        Index index;
        EntryKind kind = EntryKind::command;
        LogTime time{};
    };
    static Entry make(const Head& head, BytesView payload);
    /// Takes the block at the start of `bytes` without copying; `owner` keeps them alive.
    /// Nothing if they are too short, malformed or fail the checksum.
    static std::optional<Entry> decode(std::shared_ptr<const void> owner, BytesView bytes);
    /// What stands for an entry whose bytes a disk has damaged: by this it is known again when
    /// another member has it. Its time is not known, and given as zero.
    struct Outline {
        Term term;
        Index index;
        EntryKind kind = EntryKind::command;
        std::uint32_t size = 0;  ///< Of the block.
        std::uint64_t checksum = 0;
    };
    static Entry outline(const Outline& known);
    /// The size of the block that starts here; 0 if the header is not whole or makes no sense.
    static std::size_t block_size(BytesView bytes);

    Term term() const { return Term(field<std::uint64_t>(16)); }
    Index index() const { return Index(field<std::uint64_t>(24)); }
    LogTime time() const { return LogTime(field<std::int64_t>(32)); }
    EntryKind kind() const { return EntryKind(field<std::uint8_t>(12)); }
    std::uint64_t checksum() const { return field<std::uint64_t>(0); }
    std::size_t size() const { return size_; }
    /// False: it is an outline, and has neither block nor payload.
    bool is_whole() const { return whole_; }
    /// The same entry, be one of them an outline.
    bool is_same_as(const Entry& other) const {
        return index() == other.index() && term() == other.term() && size() == other.size() &&
               checksum() == other.checksum();
    }
    BytesView block() const { return {data_.get(), whole_ ? size_ : header_bytes}; }
    BytesView payload() const { return block().subspan(header_bytes); }
    /// The payload without a copy, kept alive by the entry's own memory.
    std::shared_ptr<const void> owner() const { return data_; }

    bool operator==(const Entry& other) const;

private:
    Entry(std::shared_ptr<const std::byte> data, std::size_t size, bool whole = true)
        : data_(std::move(data)), size_(static_cast<std::uint32_t>(size)), whole_(whole) {}
    template <class T>
    T field(std::size_t at) const {
        T value{};
        std::memcpy(&value, data_.get() + at, sizeof value);
        return value;
    }

    std::shared_ptr<const std::byte> data_;
    std::uint32_t size_ = 0;
    bool whole_ = true;
};
static_assert(sizeof(Entry) == 24, "the log's slots are a power of two");

}  // namespace rafted::core
