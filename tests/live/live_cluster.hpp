// Real processes for live tests: the binary run to its end, and clusters of the demo's nodes that
// are killed and stopped as an operating system does it. Not for tests of one process.
//   1. No process outlives the object that started it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../apps/rafted/demo/queue.hpp"
#include "rafted/rafted.hpp"

namespace rafted::test {

using app::demo::Dequeue;
using app::demo::Enqueue;
using app::demo::Items;
using app::demo::Length;
using app::demo::Queue;

using LiveClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Asks every 2 ms; false if it did not hold in time.
template <class F>
bool eventually(milliseconds timeout, F holds);
void pause_for(std::chrono::microseconds time);
double ms_since(LiveClock::time_point start);

/// A directory that is gone with the object.
class LiveDir {
public:
    LiveDir();
    ~LiveDir();
    LiveDir(const LiveDir&) = delete;
    LiveDir& operator=(const LiveDir&) = delete;
    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

struct LiveStart {
    std::vector<std::string> arguments{};
    std::string errors_to{};                 ///< A file; empty: the test's own stderr.
    std::vector<std::string> environment{};  ///< Besides the test's own, as NAME=VALUE.
    std::vector<std::string> through{};      ///< A program and arguments that run the binary.
};

/// A process of the rafted binary.
class LiveProcess {
public:
    explicit LiveProcess(LiveStart start);
    explicit LiveProcess(std::vector<std::string> arguments, const std::string& errors_to = {})
        : LiveProcess(LiveStart{std::move(arguments), errors_to}) {}
    ~LiveProcess() { kill(); }
    LiveProcess(const LiveProcess&) = delete;
    LiveProcess& operator=(const LiveProcess&) = delete;

    /// The next line of its stdout; empty if it has ended or said nothing for this long.
    std::string line(milliseconds timeout = std::chrono::seconds(30));
    std::string rest();
    void send(int signal) const;
    void kill();
    /// Its exit code, or the signal that ended it as a negative number; none while it runs.
    std::optional<int> ended();
    /// Ends its stdin and waits; its exit code, or none if it had to be killed.
    std::optional<int> stop(milliseconds deadline = std::chrono::seconds(30));

private:
    bool fill(milliseconds timeout);

    pid_t pid_ = -1;
    std::optional<int> ended_;
    int to_ = -1;
    int from_ = -1;
    std::string read_;
};

struct Finished {
    std::optional<int> code;  ///< None: killed, by a signal or for taking too long.
    std::string out;
    std::string err;
};
Finished run_rafted(LiveStart start);
inline Finished run_rafted(std::vector<std::string> arguments) {
    return run_rafted(LiveStart{std::move(arguments)});
}

/// Whether what a program printed has this part.
inline bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Nodes that host the demo's queue, one process each; the demo's timeouts (T = 250 ms).
class LiveCluster {
public:
    struct Options {
        std::size_t nodes = 3;
        bool durable = true;
        /// Of each start of a member on its directory, besides the test's own.
        std::function<std::vector<std::string>(std::size_t number, const std::string& dir)>
            environment{};
        /// Where their directories are made; empty: in one that goes with the cluster.
        std::string below{};
    };
    explicit LiveCluster(Options options);

    static constexpr milliseconds election_timeout{250};

    /// Starts one more member; its number. With GoogleTest failures if it does not join.
    std::size_t add();
    void kill(std::size_t number) { nodes_[number].process.reset(); }
    void send(std::size_t number, int signal) const { nodes_[number].process->send(signal); }
    /// On its directory, at its old address or (if told so) at any.
    void restart(std::size_t number, bool elsewhere = false);
    std::optional<int> stop(std::size_t number);
    bool runs(std::size_t number) const { return nodes_[number].process.has_value(); }
    /// How its process ended by itself, if it has.
    std::optional<int> ended(std::size_t number) { return nodes_[number].process->ended(); }
    std::size_t size() const { return nodes_.size(); }

    NodeId id(std::size_t number) const { return nodes_[number].id; }
    const std::string& address(std::size_t number) const { return nodes_[number].address; }
    std::string dir(std::size_t number) const;
    /// The file that its stderr goes to.
    std::string log(std::size_t number) const;
    std::vector<std::string> addresses() const;

    /// A handle of a client of its own.
    Group<Queue> group() const;
    Group<Queue> group_at(std::size_t number) const;
    Result<Status> status(std::size_t number) const;
    /// Who leads in a term above this one, by its own word; none if nobody does in time.
    std::optional<std::size_t> leader(Term above = Term(),
                                      milliseconds timeout = std::chrono::seconds(20)) const;
    Term term(std::size_t number) const;
    /// Every running node has applied the same, and nothing is left to apply.
    bool await_equal(milliseconds timeout = std::chrono::seconds(30)) const;

private:
    struct LiveNode {
        NodeId id;
        std::string address = "127.0.0.1:0";
        std::optional<LiveProcess> process;
    };
    void start(std::size_t number, std::vector<std::string> how);

    Options options_;
    LiveDir dir_;
    std::deque<LiveNode> nodes_;
    mutable std::optional<Client> observer_;
};

template <class F>
bool eventually(milliseconds timeout, F holds) {
    const auto end = LiveClock::now() + timeout;
    while (!holds()) {
        if (LiveClock::now() >= end) return false;
        pause_for(milliseconds(2));
    }
    return true;
}

}  // namespace rafted::test
