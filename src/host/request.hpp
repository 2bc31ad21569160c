// From what a client asks to what the member is given: the bodies of requests, decoded and checked.
#pragma once

#include <optional>
#include <string>

#include "core/input.hpp"
#include "ports/door.hpp"
#include "ports/transport.hpp"

namespace rafted::host {

struct MemberInput {
    core::Input input;
    std::optional<Bytes> query;  ///< To be asked of the value once the read is ready.
};

struct Asked {
    core::RequestId id;
    core::LogTime wall;
    const ports::Transport& transport;  ///< Knows where a node can be.
};

/// Fails with invalid and says what is wrong with the request.
Result<MemberInput> to_input(ports::ClientRequest request, const Asked& asked);

/// What a refusal means and what to do, in one sentence.
std::string explain(ErrorCode code);

}  // namespace rafted::host
