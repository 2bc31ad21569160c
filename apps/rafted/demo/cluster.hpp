// The demo's nodes: processes, their directories and addresses, and what they say of themselves.
//   1. A node keeps its number, directory and id for life; a wiped or new one gets a new number.
//   2. Waiting always has an end, and ends early when the user interrupts.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "demo/interrupt.hpp"
#include "demo/process.hpp"
#include "demo/queue.hpp"
#include "rafted/client.hpp"

namespace rafted::app::demo {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

inline double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct DemoNode {
    int number = 0;
    std::string dir;
    std::string address;
    NodeId id;
    bool is_member = false;
    std::optional<Process> process;
};

struct Leading {
    int number = 0;
    Term term;
};

class DemoCluster {
public:
    enum class Start { create, join, join_as_learner };

    DemoCluster(std::string dir, Interrupt& interrupt)
        : dir_(std::move(dir)), interrupt_(interrupt) {}

    /// Starts a node of its own directory; returns its number when it takes part.
    Result<int> add(Start how);
    /// SIGKILL.
    void kill(int number);
    /// Starts it again on the same directory, at its old address or, if taken, at a new one.
    Result<void> restart(int number);
    /// Lets it end by itself. Fails with timeout if it had to be killed.
    Result<void> stop(int number);
    void stop_all();

    DemoNode& node(int number) { return nodes_.at(number); }
    const std::map<int, DemoNode>& nodes() const { return nodes_; }
    bool exists(int number) const { return nodes_.contains(number); }
    bool runs(int number) { return node(number).process && node(number).process->runs(); }
    /// Numbers of the members whose process runs.
    std::vector<int> running();
    int number_of(NodeId id) const;

    /// A handle that knows all running members.
    Result<Group<Queue>> group();
    /// A handle that knows this one node.
    Result<Group<Queue>> group_at(int number);
    Result<Status> status(int number);
    /// Fails with timeout: nobody leads above this term, by its own word and commits there.
    Result<Leading> await_leader(Term above, milliseconds timeout);
    /// Asks again and again. Fails with timeout (the text says what did not come) or cancelled.
    Result<void> wait_until(const std::string& what, milliseconds timeout,
                            const std::function<bool()>& holds);

    /// Asks for a change of members or lead, again while another one is not committed yet.
    Result<void> change(const std::function<Result<void>()>& ask);

private:
    Result<void> launch(DemoNode& node, std::vector<std::string> how, milliseconds timeout);
    Result<void> start(DemoNode& node, std::vector<std::string> how, milliseconds timeout);
    Result<std::string> say(DemoNode& node, milliseconds timeout);
    Result<Client> client(std::vector<std::string> addresses);

    std::string dir_;
    Interrupt& interrupt_;
    std::map<int, DemoNode> nodes_;
    std::optional<Client> observer_;
};

}  // namespace rafted::app::demo
