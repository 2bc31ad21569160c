// Messages, member lists, hard states and snapshot metas as bytes. Decoders take bytes from
// outside: they return nothing rather than trust a length, and never allocate more than they were
// given. Entries travel as their own blocks behind the head, so that a sender can gather them from
// memory without copying and a receiver can keep them in the frame they came in.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/hard_state.hpp"
#include "core/message.hpp"

namespace rafted::core {

/// A message ready to be written: the head, then each block, back to back.
struct EncodedMessage {
    Bytes head;
    std::vector<Entry> blocks;
    std::size_t size() const;
};

EncodedMessage encode(const Message& message);
/// Decodes what encode() made, laid out as one run of bytes that `owner` keeps alive.
std::optional<Message> decode_message(const std::shared_ptr<const void>& owner, BytesView bytes);

/// No log gets here; what lies behind leaves room for counting. A snapshot of more is refused.
inline constexpr Index max_index{std::uint64_t{1} << 63};

/// All but let_go, which few have.
void encode(Writer& out, const HardState& state);
HardState decode_hard_state(Reader& in);
void encode(Writer& out, const LogPlace& end);
LogPlace decode_log_place(Reader& in);
void encode(Writer& out, const SnapshotMeta& meta);
SnapshotMeta decode_snapshot_meta(Reader& in);
void encode(Writer& out, const GroupConfig& config);
GroupConfig decode_group_config(Reader& in);

/// Payload of a founding entry.
struct Founding {
    Members members;
    GroupConfig config;
    bool operator==(const Founding&) const = default;
};
Bytes encode(const Founding& founding);
std::optional<Founding> decode_founding(BytesView payload);

/// Payload of members and elected entries: the list in force from this entry on.
Bytes encode(const Members& members);
std::optional<Members> decode_members(BytesView payload);
Bytes encode(const GroupConfig& config);
std::optional<GroupConfig> decode_config(BytesView payload);

}  // namespace rafted::core
