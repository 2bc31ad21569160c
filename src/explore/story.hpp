// Actions in words: one line each, for whoever reads how something went wrong.
#pragma once

#include <string>

#include "explore/world.hpp"

namespace rafted::explore {

/// "asks n2 for its vote in term 3 (its log ends at 4 of term 2)".
std::string words_of(const core::Message& message);

/// What is done, without what comes of it.
std::string words_of(const Memory& memory, const Action& action);

struct Told {
    std::string line;
    World world;
};
/// Takes the action and says what happened.
Told tell(Rules& rules, const World& world, const Action& action);

}  // namespace rafted::explore
