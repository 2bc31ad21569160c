// How a thread that does much and for which nobody waits lets the others go first.
#pragma once

namespace rafted::disk {

/// Of the calling thread, for good: whoever wakes takes the processor from it at once, and it still
/// gets a fourth of one that others want all the time. Best effort: where the system says no, the
/// thread is as good as any other; who started the program by a policy of its own has the last
/// word.
void give_way();

}  // namespace rafted::disk
