// Machine: the untyped face of a replicated value. Typed<D, Hooks> (typed.hpp) turns a plain struct
// into one; whoever speaks bytes (another language, a proxy) may implement it directly.
//   1. Called by one thread at a time, not always the same one; what takes long holds up this value
//      alone.
//   2. command() must depend on its arguments and the value alone: all members run it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "rafted/bytes.hpp"
#include "rafted/ids.hpp"
#include "rafted/result.hpp"

namespace rafted {

/// The only clock and chance a value may use: the same on every member.
struct Context {
    Index index;  ///< Of the entry being applied.
    Term term;
    /// Since 1970, by the clock of the leader that took the command; never goes back.
    std::chrono::milliseconds time{};
    std::uint64_t seed = 0;  ///< Differs for every entry.

    /// The n-th random number of this entry (splitmix64 of the seed).
    std::uint64_t random(std::uint64_t n = 0) const;
};

/// What a hook is told besides its own arguments.
struct HookContext {
    std::string group;
    Term term;    ///< Of the leadership the hook runs under.
    Index index;  ///< Of the entry the event belongs to; unique per event except queries.
    /// The event comes from before this leadership: an earlier leader may have run it already.
    bool replaying = false;
};

/// A hook with its arguments bound, to be run later, off the loop; empty if nobody listens.
using HookCall = std::function<void(const HookContext&)>;

struct Answered {
    Result<Bytes> answer;  ///< The encoded result, or invalid / value_threw / too_large.
    HookCall hook;
};

/// The node a membership hook speaks of.
struct HookMember {
    NodeId node;
    std::string address;
    bool operator==(const HookMember&) const = default;
};

/// A value as it was at one moment; saved while the value itself goes on.
class Frozen {
public:
    virtual ~Frozen() = default;
    using Sink = std::function<Result<void>(BytesView)>;
    /// Gives all bytes to the sink in pieces; stops at its first error.
    virtual Result<void> save(const Sink& sink) const = 0;
};

class Machine {
public:
    virtual ~Machine() = default;
    virtual Answered command(const Context& context, BytesView command) = 0;
    virtual Answered query(BytesView query) const = 0;
    /// Cheap or a copy: what save() will write, detached from the running value.
    virtual Result<std::unique_ptr<Frozen>> freeze() const = 0;
    /// Becomes what a Frozen saved: all that is left in the Reader, which brings it in pieces.
    /// Fails with corrupt, and then must not be used further.
    virtual Result<void> load(Reader& saved) = 0;
    Result<void> load(BytesView saved) {
        Reader in(saved);
        return load(in);
    }

    /// Leader hooks for events that are not commands or queries; empty if nobody listens.
    virtual HookCall on_elected() const = 0;
    virtual HookCall on_restored_from_files() const = 0;
    virtual HookCall on_follower_added(const HookMember& member) const = 0;
    virtual HookCall on_follower_removed(const HookMember& member) const = 0;
    /// Whether any command, member or leadership hook is declared: without, nothing is kept.
    virtual bool has_hooks() const = 0;
};

}  // namespace rafted
