// How a thread that does much and for which nobody waits lets the others go first.
#pragma once

#include <chrono>

namespace rafted::disk {

/// Of the calling thread, for good: whoever wakes takes the processor from it at once, and it still
/// gets a fourth of one that others want all the time. Best effort: where the system says no, the
/// thread is as good as any other; who started the program by a policy of its own has the last
/// word.
void give_way();

/// Sleeps for as long as something took, 2 ms at most: the device is the others' for that time.
void rest_after(std::chrono::steady_clock::duration took);

}  // namespace rafted::disk
