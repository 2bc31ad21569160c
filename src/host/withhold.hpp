// What a seat may not say while its disk refuses writes. A pure function: the member has spoken as
// if all were written, and what rests on something that is not there must not leave.
//   1. No entry is acknowledged that is not on disk, nothing in a term that is not. What is there
//      is: the leader must hear that it is followed, so that it leads on and answers queries while
//      all disks are full.
//   2. No vote leaves that is not on disk as it stands, none at all once the disk is fenced.
//   3. Refusals and requests of a leader rest on nothing: they leave.
#pragma once

#include <vector>

#include "core/state.hpp"

namespace rafted::host {

/// What is on disk of the member that speaks.
struct OnDisk {
    const core::State& state;
    const core::HardState& hard;
    bool is_fenced = false;  ///< Nobody knows what is there.
};

/// Takes away what may not be said; of an acknowledgement, what is not on disk.
void withhold(std::vector<core::Message>& messages, const OnDisk& disk);

}  // namespace rafted::host
