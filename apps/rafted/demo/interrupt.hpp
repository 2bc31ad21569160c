// Ctrl-C and termination as something to be asked for, so that everything is cleaned up on the way
// out.
//   1. Made before any thread starts: all threads inherit the blocked signals.
#pragma once

#include <chrono>

namespace rafted::app::demo {

class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    /// Sleeps; returns true at once if an interruption has come, now or earlier.
    bool sleep(std::chrono::milliseconds time);
    bool has_come() { return sleep(std::chrono::milliseconds(0)); }
    /// Waits until the file can be read; false if an interruption has come first.
    bool wait_for_input(int file);

private:
    int signals_ = -1;
    bool come_ = false;
};

}  // namespace rafted::app::demo
