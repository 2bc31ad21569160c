// Processes of the real binary under the layer of tests/faults, which takes their power away and
// makes their disks fail. What the layer can do is said in tests/faults/orders.hpp.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "live/live_cluster.hpp"

namespace rafted::test {

/// Whether the long forms are asked for: ./test --full.
bool is_full();
/// The value of an environment variable; empty if there is none.
std::string told(const char* variable);
std::string text_of(const std::string& file);
void write_text(const std::string& file, const std::string& text);

/// The environment of a process whose disk is all below `disk`. `orders`: words besides dir=.
std::vector<std::string> under_faults(const std::string& disk, const std::string& orders);

/// One node with a group of its own, on `dir`/disk/node; its stderr goes to `dir`/log.
class FaultyNode {
public:
    explicit FaultyNode(const std::string& dir);

    /// Starts it, with the layer unless `orders` is "none". Whether it became a member.
    bool start(const std::string& orders);
    /// Without the layer, by another program.
    bool start_through(std::vector<std::string> program);
    LiveProcess& process() { return *process_; }
    void kill() { process_.reset(); }
    /// A handle of a client of its own. Requires: it has been a member in this life.
    Group<Queue> group() const;
    Result<Status> status() const;
    const std::string& address() const { return address_; }
    /// What it answered instead of becoming a member.
    const std::string& refusal() const { return refusal_; }
    std::string log() const { return text_of(dir_ + "/log"); }
    std::string disk() const { return dir_ + "/disk"; }

private:
    bool begin(LiveStart start);

    std::string dir_;
    std::string address_;
    std::string refusal_;
    std::optional<LiveProcess> process_;
};

/// The answer, or none if the process ends first (what had left it by then is still taken).
template <class R>
std::optional<Result<R>> answer_of(Pending<R>& pending, LiveProcess& process) {
    const auto wait = std::chrono::microseconds(100);
    while (!pending.is_ready()) {
        if (process.ended()) {
            (void)eventually(milliseconds(5), [&] { return pending.is_ready(); });
            if (!pending.is_ready()) return std::nullopt;
        } else {
            pause_for(wait);
        }
    }
    return pending.get();
}

}  // namespace rafted::test
