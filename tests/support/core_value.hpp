// The trivial value of the core's tests: the commands it was given, each once, in order. Not a
// user's value: those are tested through value/ and the public interface.
#pragma once

#include <string>
#include <vector>

#include "core/entry.hpp"

namespace rafted::test {

class Value {
public:
    /// A command that is there already is not taken again: the command is its own id.
    void apply(const core::Entry& entry);
    const std::vector<std::string>& items() const { return items_; }
    Index applied() const { return applied_; }
    /// Over everything applied, in order: equal histories have equal digests.
    std::uint64_t digest() const { return digest_; }

    Bytes save() const;
    /// Fails (false) on bytes that save() did not make.
    bool load(BytesView bytes);
    bool operator==(const Value&) const = default;

private:
    std::vector<std::string> items_;
    Index applied_;
    std::uint64_t digest_ = 0;
};

}  // namespace rafted::test
