// How reports of checkers name things: one way for all of them.
#pragma once

#include <string>

#include "sim/facts.hpp"

namespace rafted::sim {

inline std::string said(NodeId node) { return "n" + std::to_string(node.value); }
inline std::string said(Term term) { return "term " + to_string(term); }
inline std::string said(Index index) { return "index " + to_string(index); }
inline std::string said(Index index, Term term) { return said(index) + " of " + said(term); }

}  // namespace rafted::sim
