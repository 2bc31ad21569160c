// One simulated node: a real Host on simulated ports. Its disk is a MemoryFiles (or nothing), its
// workers run every job at a seeded later moment, its messages go through the world's network.
//   1. Nothing runs but from the world's event queue; what a dead node had asked for never runs.
//   2. power_off() loses what was not synced, stop() of a process loses nothing that was written.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "disk/disk_storage.hpp"
#include "host/host.hpp"
#include "support/memory_files.hpp"
#include "support/virtual_loop.hpp"

namespace rafted::test {

/// How long things take; each time is drawn from one to this many microseconds, and `most_send`
/// from a tenth of it on.
struct Pace {
    std::uint64_t most_send = 2'000;
    std::uint64_t most_disk = 1'000;
    std::uint64_t most_job = 200;
    std::uint64_t most_wake = 20;
};

/// In the order in which a group's seat opens its lanes.
enum class LaneKind : std::uint8_t { hooks, snapshots, pieces, value };

/// What a world gives its nodes.
struct World {
    VirtualLoop loop;
    core::Random random{1};
    Pace pace;
    /// Carries a message; `from` is where its sender is to be found.
    std::function<void(const std::string& from, const std::string& to, ports::Envelope)> carry;
    std::vector<std::string> log;

    core::Duration up_to(std::uint64_t microseconds) {
        return std::chrono::microseconds(random.one_to(microseconds));
    }
};

/// A node's disk: lives longer than its processes.
struct NodeDisk {
    MemoryFiles files;
    bool durable = true;
};

class HostNode {
public:
    struct Start {
        NodeId id;
        std::string address;
        NodeDisk* disk = nullptr;
    };
    /// A process starts on this disk, at this address.
    HostNode(World& world, Start start);
    ~HostNode();
    HostNode(const HostNode&) = delete;
    HostNode& operator=(const HostNode&) = delete;

    host::Host& host() { return *host_; }
    NodeId id() const { return start_.id; }
    const std::string& address() const { return start_.address; }
    /// A message from the node that is to be found at `from` has arrived.
    void arrive(const std::string& from, ports::Envelope envelope);
    /// Gives the host its turn now.
    void turn();
    /// From now on every job of this kind takes this much longer; of all groups, or of the one
    /// that this process opened as its n-th (from 0).
    void slow_down(LaneKind kind, core::Duration by, std::optional<std::size_t> group = {}) {
        slower_[kind] = {by, group};
    }
    /// Writes wait until the disk is let go.
    void hold_disk(bool held);

private:
    class Storage;
    class Transport;
    class Workers;
    class Clock;
    struct Slower {
        core::Duration by{};
        std::optional<std::size_t> group;
    };

    void wake_in(core::Duration time);

    World& world_;
    Start start_;
    std::map<LaneKind, Slower> slower_;
    std::unique_ptr<Clock> clock_;
    std::unique_ptr<Storage> storage_;
    std::unique_ptr<Transport> transport_;
    std::unique_ptr<Workers> workers_;
    std::unique_ptr<host::Host> host_;
    ports::Loop::TimerId next_turn_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::test
