// Entries, messages, inputs and effects in short words, for scenes and failing tests. Nodes are
// letters (id 1 is a), times are milliseconds; nothing here changes anything.
#pragma once

#include <string>
#include <vector>

#include "core/effects.hpp"

namespace rafted::sim {

/// "a" for node 1, "z" for node 26; "-" for none.
std::string word_of(NodeId id);
/// The node of a letter; none if it is no letter from a to z.
NodeId node_of(std::string_view word);
/// "5/2": index 5, term 2.
std::string word_of(Index index, Term term);
std::string word_of(core::Time time);
std::string word_of(const core::Members& members);
std::string word_of(const core::Entry& entry);
/// "a->b append t2 after 4/1: 5/2 \"x\"; commit 4; round 7".
std::string word_of(const core::Message& message);
/// The same without the ends: "append t2 after 4/1: ...".
std::string words_without_ends(const core::Message& message);
/// "append", "stored", "refused"... as patterns in scenes name the kinds.
std::string kind_of(const core::Message& message);
/// "append from b", "time passes", "written up to 7"...
std::string word_of(const core::Input& input);
/// One line for each effect, in field order; none if nothing is asked. Not wake_at.
std::vector<std::string> lines_of(const core::Effects& effects);

}  // namespace rafted::sim
