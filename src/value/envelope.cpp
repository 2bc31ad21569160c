#include "value/envelope.hpp"

namespace rafted::value {
namespace {

enum Tag : std::uint8_t { tag_none = 0, tag_caller = 1, tag_session = 2 };

}  // namespace

Bytes seal(const Identity& id, BytesView command) {
    Writer out;
    out.reserve(25 + command.size());
    if (const auto* named = std::get_if<CommandId>(&id)) {
        out.number<std::uint8_t>(tag_caller);
        out.number(named->high);
        out.number(named->low);
    } else if (const auto* session = std::get_if<SessionId>(&id)) {
        out.number<std::uint8_t>(tag_session);
        out.number(session->session);
        out.number(session->sequence);
        out.number(session->confirmed_below);
    } else {
        out.number<std::uint8_t>(tag_none);
    }
    out.raw(command);
    return out.take();
}

std::optional<Envelope> open(BytesView payload) {
    Reader in(payload);
    Envelope envelope;
    switch (in.number<std::uint8_t>()) {
        case tag_none: break;
        case tag_caller: {
            const auto high = in.number<std::uint64_t>();
            const CommandId named{high, in.number<std::uint64_t>()};
            if (!named) return std::nullopt;
            envelope.id = named;
            break;
        }
        case tag_session: {
            SessionId session;
            session.session = in.number<std::uint64_t>();
            session.sequence = in.number<std::uint64_t>();
            session.confirmed_below = in.number<std::uint64_t>();
            // A client cannot have confirmed the very command it sends.
            if (session.confirmed_below > session.sequence) return std::nullopt;
            envelope.id = session;
            break;
        }
        default: return std::nullopt;
    }
    if (in.failed()) return std::nullopt;
    envelope.command = in.rest();
    return envelope;
}

}  // namespace rafted::value
