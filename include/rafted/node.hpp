// Node: one process's place among the others. It has a directory (or none), one listening address,
// and hosts any number of named groups. It starts its own few threads and never calls exit().
//   1. All functions may be called from any thread; those that return a Result wait. Not on the
//      node's own thread, where callbacks and coroutines of its handles go on: there they fail with
//      invalid at once. A node that is let go there is closed by another thread.
//   2. Group handles may outlive their node; their calls then fail with stopped.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "rafted/config.hpp"
#include "rafted/group.hpp"
#include "rafted/hooks.hpp"
#include "rafted/typed.hpp"

namespace rafted {

/// Makes a fresh value each time it is called: at the start and for each snapshot that is loaded.
using MachineFactory = std::function<std::unique_ptr<Machine>()>;

struct JoinOptions {
    /// Joins for good as a learner: it gets everything and counts for nothing.
    bool learner = false;
    /// How long to wait for the leader, for its agreement and for catching up.
    std::chrono::milliseconds timeout{30'000};
};

class Node {
public:
    /// Opens the directory (or starts memory-only), takes the address, starts the threads. Fails
    /// with in_use (directory or address), invalid, corrupt, wrong_version, wrong_cluster,
    /// disk_failed, disk_full; the text says what and where.
    static Result<Node> open(NodeConfig config);

    Node(Node&&) noexcept = default;
    Node& operator=(Node&& other) noexcept;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    /// As close().
    ~Node();

    /// Makes a group whose sole member, this node, leads at once. If the directory holds the group
    /// already, goes on as the member it was and leaves its data and config alone (D2). Fails with
    /// removed if this node was removed from it: a second group of the name would be a fork. If the
    /// group is open already this is one more handle, of a value of the same type: config and hooks
    /// are those of the call that opened it.
    template <class D, class H = LeaderHooks<D>>
    Result<Group<D>> create_group(const std::string& name, const GroupConfig& config = {},
                                  std::shared_ptr<H> hooks = std::make_shared<H>()) {
        return typed<D>(create_untyped(name, factory<D, H>(std::move(hooks)), config));
    }

    /// Joins a group that runs elsewhere: finds its leader from any of its members' addresses, is
    /// added, catches up, and returns when it votes (as a learner: when it is in). If the directory
    /// holds the group already, goes on as the member it was and returns at once. Fails with
    /// unreachable, no_such_group, wrong_cluster (another cluster, or another incarnation of the
    /// group than the directory's), timeout (it goes on in the background; call again to wait on).
    template <class D, class H = LeaderHooks<D>>
    Result<Group<D>> join_group(const std::string& name, const std::vector<std::string>& known,
                                const JoinOptions& options = {},
                                std::shared_ptr<H> hooks = std::make_shared<H>()) {
        return typed<D>(join_untyped(name, factory<D, H>(std::move(hooks)), known, options));
    }

    /// When the majority is lost for good: commits everything this directory has of the group and
    /// goes on as its sole member, as a new incarnation that members of the old one cannot join
    /// unnoticed (D8). What only lost members had is lost. Fails with no_such_group,
    /// already_member (it is open).
    template <class D, class H = LeaderHooks<D>>
    Result<Group<D>> recover_group(const std::string& name,
                                   std::shared_ptr<H> hooks = std::make_shared<H>()) {
        return typed<D>(recover_untyped(name, factory<D, H>(std::move(hooks))));
    }

    /// The same for a Machine of one's own.
    Result<std::shared_ptr<Caller>> create_untyped(const std::string& name, MachineFactory factory,
                                                   const GroupConfig& config);
    Result<std::shared_ptr<Caller>> join_untyped(const std::string& name, MachineFactory factory,
                                                 const std::vector<std::string>& known,
                                                 const JoinOptions& options);
    Result<std::shared_ptr<Caller>> recover_untyped(const std::string& name,
                                                    MachineFactory factory);

    NodeId id() const;
    /// As told to others: with the port that was taken.
    const std::string& address() const;
    ClusterId cluster() const;
    /// What opening the directory had to say, e.g. an unfinished write that was cut off.
    const std::vector<std::string>& notes() const;
    /// All zero once the node is closed, or if it does not answer within 30 s.
    Metrics metrics() const;

    /// Hands its leads over, answers whoever waits, and stops the threads. Fails with timeout if a
    /// value or hook is still running at the stop deadline, or if called on the node's own thread
    /// (rule 1); what is left then ends by itself.
    Result<void> close();

private:
    class Impl;
    explicit Node(std::shared_ptr<Impl> impl);

    template <class D, class H>
    static MachineFactory factory(std::shared_ptr<H> hooks) {
        return [hooks] { return std::make_unique<Typed<D, H>>(hooks); };
    }
    template <class D>
    static Result<Group<D>> typed(Result<std::shared_ptr<Caller>> caller) {
        if (!caller) return std::unexpected(caller.error());
        return Group<D>(std::move(*caller));
    }

    std::shared_ptr<Impl> impl_;
};

}  // namespace rafted
