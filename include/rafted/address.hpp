// "host:port" or "[v6]:port", as users write and nodes tell each other. Not a resolved address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rafted/result.hpp"

namespace rafted {

struct Address {
    std::string host;        ///< A name or a number, without brackets; empty: every interface.
    std::uint16_t port = 0;  ///< 0: one that is free, for who listens.
    bool operator==(const Address&) const = default;
};

/// Fails with invalid: says what is wrong with the text and what is expected.
Result<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);
/// Whether another machine can find somebody there: a host, which is not 0.0.0.0 or ::, and a port.
bool is_somewhere(const Address& address);

}  // namespace rafted
