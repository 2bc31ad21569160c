// What an entry of a log says, in words: what the library itself has put there, and commands as
// the value's own type has them, or as hex.
#pragma once

#include <optional>
#include <string>

#include "core/entry.hpp"

namespace rafted::app {

/// Says a command of a known type; nothing if it is none.
using CommandWords = std::optional<std::string> (*)(BytesView command);

/// The types of values that this program knows, by name; null if there is none of this name.
CommandWords command_words(const std::string& value);
/// Their names, for help texts.
std::string known_values();

struct EntryWords {
    std::string id;    ///< By which a command is known again; empty: by none.
    std::string what;  ///< In words...
    std::string hex;   ///< ...or, of a command, its bytes. All of them.
};
/// requires: the entry is whole.
EntryWords words_of(const core::Entry& entry, CommandWords value);

}  // namespace rafted::app
