// All that was ever committed in the group, as the first node that said so had it. The onlooker
// keeps it for all checkers; one that says otherwise later is for "committed is immutable" to
// judge.
//   1. After a forced recovery it is the history that lives on, and nothing above it.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "rafted/ids.hpp"

namespace rafted::sim {

class Commits {
public:
    /// The highest index known to be committed.
    Index last() const { return Index(places_.size()); }
    /// The term of the entry committed there; nothing if none is known to be.
    std::optional<Term> term_at(Index index) const {
        const Place* place = find(index);
        return place == nullptr ? std::nullopt : std::optional(place->term);
    }
    /// The term of the node that first said so: that of the leader that committed it, as leaders
    /// know before others.
    Term said_in(Index index) const {
        const Place* place = find(index);
        return place == nullptr ? Term() : place->said_in;
    }

    /// Does nothing if an entry is committed there already.
    void add(Index index, Term term, Term said_in) {
        if (index == Index()) return;
        if (index > last()) places_.resize(index.value);
        Place& place = places_[index.value - 1];
        if (!place.is_known) place = {term, said_in, true};
    }
    void forget_after(Index kept) {
        places_.resize(std::min<std::size_t>(places_.size(), kept.value));
    }

private:
    struct Place {
        Term term;
        Term said_in;
        bool is_known = false;
    };
    const Place* find(Index index) const {
        if (index == Index() || index > last()) return nullptr;
        const Place& place = places_[index.value - 1];
        return place.is_known ? &place : nullptr;
    }

    std::vector<Place> places_;  // that of index 1 first
};

}  // namespace rafted::sim
