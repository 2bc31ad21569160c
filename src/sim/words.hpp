// Entries, messages, inputs and effects in short words, for scenes, traces and failing tests. Times
// are milliseconds; nothing here changes anything.
#pragma once

#include <string>
#include <vector>

#include "core/effects.hpp"

namespace rafted::sim {

/// What nodes are called: letters up to 26 ("a" for node 1), or numbers ("n1").
enum class Names : std::uint8_t { letters, numbers };

/// "a" or "n1" for node 1; "-" for none.
std::string word_of(NodeId id, Names names = Names::letters);
/// The node of a letter; none if it is no letter from a to z.
NodeId node_of(std::string_view word);
/// "5/2": index 5, term 2.
std::string word_of(Index index, Term term);
std::string word_of(core::Time time);
std::string word_of(const core::Members& members, Names names = Names::letters);
std::string word_of(const core::Entry& entry, Names names = Names::letters);
/// "a->b append t2 after 4/1: 5/2 \"x\"; commit 4; round 7".
std::string word_of(const core::Message& message, Names names = Names::letters);
/// The same without the ends: "append t2 after 4/1: ...".
std::string words_without_ends(const core::Message& message, Names names = Names::letters);
/// "append", "stored", "refused"... as patterns in scenes name the kinds.
std::string kind_of(const core::Message& message);
/// "append from b", "time passes", "written up to 7"...
std::string word_of(const core::Input& input, Names names = Names::letters);
/// One line for each effect, in field order; none if nothing is asked. Not wake_at.
std::vector<std::string> lines_of(const core::Effects& effects, Names names = Names::letters);

}  // namespace rafted::sim
