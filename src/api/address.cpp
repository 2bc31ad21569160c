#include "rafted/address.hpp"

#include <charconv>

namespace rafted {
namespace {

constexpr std::size_t longest_host = 253;  // RFC 1035

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
    return fail(ErrorCode::invalid, "address \"" + std::string(text.substr(0, 300)) +
                                        "\": " + std::string(why) +
                                        "; expected host:port or [v6]:port, port 0 to 65535");
}

bool is_host_char(char c, bool bracketed) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '.' || c == '-' || c == '_';
    return plain || (bracketed && (c == ':' || c == '%'));
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad(text, "no port");
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (bracketed && host.empty()) return bad(text, "nothing between the brackets");
    if (host.size() > longest_host) return bad(text, "the host is longer than 253 characters");
    for (const char c : host) {
        if (!is_host_char(c, bracketed))
            return bad(text, "the host has a character that no host has");
    }
    Address address{.host = std::string(host)};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (port.empty() || error != std::errc{} || end != port.data() + port.size()) {
        return bad(text, "the port is not a number from 0 to 65535");
    }
    return address;
}

std::string to_string(const Address& address) {
    const bool v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool is_somewhere(const Address& address) {
    const bool is_any = address.host.empty() || address.host == "0.0.0.0" || address.host == "::";
    return !is_any && address.port != 0;
}

}  // namespace rafted
