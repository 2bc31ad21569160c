#include "entry_words.hpp"

#include "core/codec.hpp"
#include "demo/queue.hpp"
#include "rafted/codec.hpp"
#include "rafted/sim_words.hpp"
#include "value/envelope.hpp"

namespace rafted::app {
namespace {

std::string hex_of(BytesView bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const std::byte byte : bytes) {
        text += digits[std::to_integer<unsigned>(byte) >> 4U];
        text += digits[std::to_integer<unsigned>(byte) & 15U];
    }
    return text;
}

template <class D>
std::optional<std::string> say(BytesView command) {
    const auto decoded = decode<typename D::Command>(command);
    return decoded ? std::optional(sim::words_of(*decoded)) : std::nullopt;
}

std::string id_of(const value::Identity& id) {
    if (const auto* own = std::get_if<CommandId>(&id))
        return "id " + hex(own->high) + hex(own->low);
    if (const auto* session = std::get_if<value::SessionId>(&id)) {
        return "session " + hex(session->session) + " #" + std::to_string(session->sequence);
    }
    return {};
}

std::string list_of(const core::Members& members) {
    std::string text = "members";
    for (const core::Peer& peer : members.all()) {
        text += " " + to_string(peer.id) + " at " + peer.address;
        if (peer.standing != Standing::voter)
            text += " (" + std::string(name_of(peer.standing)) + ")";
    }
    return text;
}

template <class T, class F>
std::string said(const std::optional<T>& decoded, F words) {
    return decoded ? words(*decoded) : std::string("makes no sense to this version");
}

EntryWords command_of(const core::Entry& entry, CommandWords value) {
    const auto envelope = value::open(entry.payload());
    if (!envelope) return {{}, "makes no sense to this version", hex_of(entry.payload())};
    std::optional<std::string> words;
    if (value != nullptr) words = value(envelope->command);
    return {id_of(envelope->id), words.value_or(std::string()), hex_of(envelope->command)};
}

}  // namespace

CommandWords command_words(const std::string& value) {
    return value == "queue" ? &say<demo::Queue> : nullptr;
}

std::string known_values() { return "queue (of rafted demo)"; }

EntryWords words_of(const core::Entry& entry, CommandWords value) {
    const BytesView payload = entry.payload();
    switch (entry.kind()) {
        case core::EntryKind::command: return command_of(entry, value);
        case core::EntryKind::founding:
            return {{},
                    said(core::decode_founding(payload),
                         [](const core::Founding& founding) { return list_of(founding.members); }),
                    {}};
        case core::EntryKind::elected:
        case core::EntryKind::members:
            return {{}, said(core::decode_members(payload), list_of), {}};
        case core::EntryKind::config:
            return {{},
                    said(core::decode_config(payload),
                         [](const GroupConfig& config) { return sim::words_of(config); }),
                    {}};
        case core::EntryKind::open_session: return {{}, {}, hex_of(payload)};
    }
    return {};
}

}  // namespace rafted::app
