// Strong numbers and identities. A Term cannot be used where an Index is wanted, nor one id for
// another. All are plain values: copyable, ordered, hashable.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace rafted {

/// A counting number of one kind (term, log index). Differences are plain numbers.
template <class Tag>
struct Number {
    std::uint64_t value = 0;

    constexpr Number() = default;
    constexpr explicit Number(std::uint64_t v) : value(v) {}
    constexpr auto operator<=>(const Number&) const = default;

    constexpr Number operator+(std::uint64_t n) const { return Number(value + n); }
    constexpr Number operator-(std::uint64_t n) const { return Number(value - n); }
    constexpr std::uint64_t operator-(Number other) const { return value - other.value; }
    constexpr Number& operator++() {
        ++value;
        return *this;
    }
};

/// Election epoch; 0 is "before the first election" (Raft paper §5.1).
using Term = Number<struct TermTag>;
/// Position in a group's log; the first entry has index 1, 0 is "before the log" (§5.3).
using Index = Number<struct IndexTag>;

/// A random 64-bit identity of one kind; 0 means "none". Printed as 16 hex digits.
template <class Tag>
struct Id {
    std::uint64_t value = 0;

    constexpr Id() = default;
    constexpr explicit Id(std::uint64_t v) : value(v) {}
    constexpr auto operator<=>(const Id&) const = default;
    constexpr explicit operator bool() const { return value != 0; }
};

/// Durable identity of a node's directory, made at its first start. The address is data that may
/// change; a wiped directory is a new node.
using NodeId = Id<struct NodeTag>;
/// Identity of one incarnation of a group: made by create_group, renewed by recover_group.
using GroupId = Id<struct GroupTag>;
/// Identity of a cluster: every node and group of it carries the same one.
using ClusterId = Id<struct ClusterTag>;

/// Names one command for ever: the same id gives the same answer and is applied once, for as long
/// as the group remembers it. Any 128 bits the caller likes; all zero means "none given".
struct CommandId {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    constexpr auto operator<=>(const CommandId&) const = default;
    constexpr explicit operator bool() const { return high != 0 || low != 0; }
};

/// 16 lower-case hex digits, as every table, log line and tool prints ids.
std::string hex(std::uint64_t value);
template <class Tag>
std::string to_string(Id<Tag> id) {
    return hex(id.value);
}
template <class Tag>
std::string to_string(Number<Tag> number) {
    return std::to_string(number.value);
}

/// The empty argument: a query or command that carries nothing.
struct Unit {
    constexpr auto operator<=>(const Unit&) const = default;
};

}  // namespace rafted

template <class Tag>
struct std::hash<rafted::Number<Tag>> {
    std::size_t operator()(rafted::Number<Tag> n) const noexcept { return n.value; }
};
template <class Tag>
struct std::hash<rafted::Id<Tag>> {
    std::size_t operator()(rafted::Id<Tag> id) const noexcept { return id.value; }
};
