// The value of a simulated group, seen from outside: what it was given, what it answered, and what
// its hooks did; and the determinism guard, which runs every entry on copies beside it.
//   1. Every command and query begins with the number of the client's operation, which the value
//      never sees: whoever looks on can tell equal commands apart.
//   2. It changes nothing of what the value does; but it declares every leader hook, so that all
//      of their machinery runs whatever the value declares.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rafted/machine.hpp"
#include "sim/facts.hpp"
#include "value/applier.hpp"

namespace rafted::sim {

class Guard;

/// Who is told what values do. Called on the world's one thread.
class ValueWitness {
public:
    virtual ~ValueWitness() = default;
    virtual void applied(const Applied& fact) = 0;
    virtual void queried(const Queried& fact) = 0;
    virtual void hook(const HookRan& fact) = 0;
    /// The value reads what it must not ("determinism"), or is wrong by its own rules.
    virtual void breaks(std::string_view rule, const std::string& what) = 0;
};

using MachineFactory = value::Applier::MachineFactory;

/// The number of the operation, then the client's own bytes.
Bytes with_operation(std::uint64_t operation, BytesView body);

/// Digest of an answer as clients see it: its bytes, or the code of its error.
std::uint64_t digest_of(const Result<Bytes>& answer);

/// Makes watched machines for one node. `witness` and `guard` outlive them all.
MachineFactory watched(MachineFactory inner, NodeId node, ValueWitness& witness, Guard& guard);

}  // namespace rafted::sim
