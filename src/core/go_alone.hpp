// How a member goes on alone with what it has, when the majority is lost for good (D8).
//   1. All that is there becomes committed; nothing is taken away.
//   2. Unsafe while any of the old majority lives: the caller gives the group a new id, so that its
//      members do not hear each other.
#pragma once

#include "core/member.hpp"

namespace rafted::core {

/// Where this log ends; zero if it holds nothing.
LogPlace end_of(const Start& start);

/// Adds the entry that makes `self` the sole member, and forgets who was forced out and what was
/// let go: both speak of members there are no more. Returns where the log ended before. The caller
/// writes hard state and last entry in one batch with the new id.
LogPlace go_alone(Start& start, const Peer& self, LogTime wall);

}  // namespace rafted::core
