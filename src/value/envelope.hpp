// The envelope around a user's command: which id makes it exactly-once.
//
//   envelope = tag:u8 (0 none, 1 caller's id, 2 session)
//              1: high:u64 low:u64
//              2: session:u64 sequence:u64 confirmed_below:u64
//              command bytes (the rest)
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "rafted/bytes.hpp"
#include "rafted/ids.hpp"

namespace rafted::value {

/// One command of a session. All answers below `confirmed_below` have reached the client.
struct SessionId {
    std::uint64_t session = 0;  ///< Drawn from its group and the entry that opened it.
    std::uint64_t sequence = 0;
    std::uint64_t confirmed_below = 0;
    bool operator==(const SessionId&) const = default;
};

using Identity = std::variant<std::monostate, CommandId, SessionId>;

struct Envelope {
    Identity id;
    BytesView command;
};

Bytes seal(const Identity& id, BytesView command);
/// Nothing if malformed. The command points into `payload`.
std::optional<Envelope> open(BytesView payload);

}  // namespace rafted::value
