// How long this machine, not Rafted, kept everybody waiting: for a turn on a core, or for a disk.
// A bound in real time holds beyond what is counted here, on a shared machine too.
#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace rafted::test {

/// Sleeps, writes and syncs over and over, and counts what this takes beyond the usual.
class MachineStalls {
public:
    /// Its file is made in `dir`: the stalls counted are those of that disk.
    explicit MachineStalls(const std::string& dir);

    /// Milliseconds lost since the start.
    double ms() const { return lost_; }

private:
    std::atomic<double> lost_ = 0;
    std::jthread thread_;  // the last member: it uses the other
};

}  // namespace rafted::test
