// Processes on loopback, three by default, of which each is a member of the same groups; the
// leader's may be the one that asks for them. Or all members in that one, without sockets.
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "rafted/rafted.hpp"

namespace rafted::bench {

using namespace std::chrono_literals;

struct Put {
    std::string key;
    std::string value;
};
struct Get {
    std::string key;
};

struct Map {
    using Command = Put;
    using Query = Get;
    std::map<std::string, std::string> entries;

    Unit command(const Put& put) {
        entries[put.key] = put.value;
        return {};
    }
    std::optional<std::string> query(const Get& get) const {
        const auto at = entries.find(get.key);
        if (at == entries.end()) return std::nullopt;
        return at->second;
    }
};

/// Asked in the same way, and does next to nothing: what is left is what replicating costs.
struct Count {
    using Command = Put;
    using Query = Get;
    std::uint64_t puts = 0;

    Unit command(const Put&) {
        ++puts;
        return {};
    }
    std::optional<std::string> query(const Get&) const { return std::nullopt; }
};

struct Options {
    std::string dir;
    std::vector<unsigned> clients{1, 64};
    std::vector<unsigned> rates{};  ///< Instead of clients: requests a second.
    double seconds = 3;
    std::size_t bytes = 256;
    unsigned groups = 1;
    unsigned members = 3;
    std::chrono::microseconds spin = NodeConfig{}.spin;
    std::chrono::milliseconds heartbeat{100};  ///< An election takes ten of it.
    std::chrono::milliseconds quiesce = NodeConfig{}.quiesce_after;
    std::uint64_t max_calls = NodeConfig{}.max_calls_per_handle;
    std::uint64_t entries = 0;  ///< In the log, uncompacted, before anything is measured.
    bool lease = true;
    bool counts = false;  ///< The value is a Count in place of a Map.
    bool inside = false;
    std::shared_ptr<LocalNetwork> network{};  ///< All in one process, on this.
    bool puts = true;
    bool queries = true;
    bool json = false;
};

[[noreturn]] inline void die(const std::string& what) {
    std::fprintf(stderr, "bench_load: %s\n", what.c_str());
    std::_Exit(1);
}

template <class T>
T must(Result<T> result, const char* what) {
    if (!result) die(std::string(what) + ": " + to_string(result.error()));
    return std::move(*result);
}

inline GroupConfig config_of(const Options& options) {
    GroupConfig config;
    config.heartbeat_interval = options.heartbeat;
    config.election_timeout = 10 * options.heartbeat;
    if (options.lease) config.clock_drift_margin = 100ms;
    config.max_command_bytes =
        std::max<std::uint64_t>(config.max_command_bytes, options.bytes + 1024);
    if (options.entries > 0) {
        config.max_log_bytes = std::uint64_t{1} << 40;
        config.snapshot_floor_bytes = std::uint64_t{1} << 40;
    }
    return config;
}

inline Node open_node(const Options& options, unsigned number) {
    NodeConfig config;
    if (!options.dir.empty()) config.dir = options.dir + "/" + std::to_string(number);
    config.local_network = options.network;
    config.spin = options.spin;
    config.quiesce_after = options.quiesce;
    config.max_calls_per_handle = options.max_calls;
    return must(Node::open(config), "opening a node");
}

inline std::string name_of(unsigned group) { return "load-" + std::to_string(group); }

using Groups = std::vector<Group<Map>>;

/// Both values are asked by the same handle.
inline MachineFactory value_of(const Options& options) {
    if (options.counts) return [] { return std::make_unique<Typed<Count>>(); };
    return [] { return std::make_unique<Typed<Map>>(); };
}

inline Groups create_groups(Node& node, const Options& options) {
    Groups groups;
    for (unsigned i = 0; i < options.groups; ++i) {
        groups.emplace_back(
            must(node.create_untyped(name_of(i), value_of(options), config_of(options)),
                 "creating a group"));
    }
    return groups;
}

/// Many at once: joining is waiting, for two heartbeats each.
inline void join_groups(Node& node, const Options& options, const std::string& first) {
    const unsigned at_once = std::clamp(options.groups / 32, 32U, 256U);
    std::atomic<unsigned> next = 0;
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::min(at_once, options.groups); ++i) {
        threads.emplace_back([&] {
            for (unsigned group = next++; group < options.groups; group = next++) {
                must(node.join_untyped(name_of(group), value_of(options), {first}, {}),
                     "joining a group");
            }
        });
    }
}

inline void send_line(int to, const std::string& text) {
    const std::string line = text + "\n";
    if (write(to, line.data(), line.size()) < 0) die("the other process is gone");
}

inline std::string read_line(int from) {
    std::string line;
    for (char c = 0; read(from, &c, 1) == 1 && c != '\n';) line += c;
    if (line.empty()) die("a node did not start");
    return line;
}

/// The members; the first, which leads, in this process or in one of its own.
class Cluster {
public:
    explicit Cluster(const Options& options) {
        // Forked before this process has a thread.
        const unsigned first_child = options.network ? options.members : options.inside ? 1 : 0;
        for (unsigned number = first_child; number < options.members; ++number) {
            start(options, number);
        }
        std::string first;
        if (options.inside) {
            leader_ = open_node(options, 0);
            groups_ = create_groups(*leader_, options);
            first = leader_->address();
            addresses_.push_back(first);
        }
        for (unsigned number = 1; options.network && number < options.members; ++number) {
            beside_.push_back(open_node(options, number));
            join_groups(beside_.back(), options, first);
        }
        for (const Child& child : children_) {
            send_line(child.to, first);
            addresses_.push_back(read_line(child.from));
            if (first.empty()) first = addresses_.back();
        }
    }
    ~Cluster() {
        for (const Child& child : children_) kill(child.pid, SIGKILL);
        for (const Child& child : children_) waitpid(child.pid, nullptr, 0);
    }
    const std::vector<std::string>& addresses() const { return addresses_; }
    /// The node that leads and its groups, if that is this process.
    const std::optional<Node>& leader() const { return leader_; }
    const Groups& groups() const { return groups_; }

private:
    struct Child {
        pid_t pid = 0;
        int to = -1;
        int from = -1;
    };

    /// Is told whom to join (nobody: it founds the group), says where it is, and serves until its
    /// parent ends.
    [[noreturn]] static void serve(const Options& options, unsigned number, int from, int to) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        std::string first;
        for (char c = 0; read(from, &c, 1) == 1 && c != '\n';) first += c;
        auto node = open_node(options, number);
        first.empty() ? void(create_groups(node, options)) : join_groups(node, options, first);
        send_line(to, node.address());
        while (true) pause();
    }

    void start(const Options& options, unsigned number) {
        int down[2];
        int up[2];
        if (pipe(down) != 0 || pipe(up) != 0) die("no pipe");
        const pid_t pid = fork();
        if (pid == 0) serve(options, number, down[0], up[1]);
        close(down[0]);
        close(up[1]);
        children_.push_back({pid, down[1], up[0]});
    }

    std::vector<Child> children_;
    std::vector<std::string> addresses_;
    std::optional<Node> leader_;
    std::vector<Node> beside_;  ///< The others, if they are in this process.
    Groups groups_;
};

}  // namespace rafted::bench
