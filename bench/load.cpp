// Load on a cluster of three processes on loopback, from a fourth, or (--inside) from the process
// of its leader: closed-loop clients (one request outstanding each), all on one connection's
// thread, so that the generator costs little. Prints one row per workload: operations per second
// and latency percentiles, as a table or as JSON.
//
//   bench_load [--dir DIR] [--clients N,N..] [--seconds S] [--bytes B] [--groups N]
//              [--only put|query] [--no-lease] [--inside] [--json]
//
// Without --dir the nodes are memory-only; with it they sync every batch before they promise. With
// more than one group all are led by the first node, and each request goes to the next one. Batches
// that the leader's node has made durable are counted with --inside alone.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "rafted/rafted.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

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

    rafted::Unit command(const Put& put) {
        entries[put.key] = put.value;
        return {};
    }
    std::optional<std::string> query(const Get& get) const {
        const auto at = entries.find(get.key);
        if (at == entries.end()) return std::nullopt;
        return at->second;
    }
};

struct Options {
    std::string dir;
    std::vector<unsigned> clients{1, 64};
    double seconds = 3;
    std::size_t bytes = 256;
    unsigned groups = 1;
    bool lease = true;
    bool inside = false;
    bool puts = true;
    bool queries = true;
    bool json = false;
};

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "bench_load: %s\n", what.c_str());
    std::_Exit(1);
}

template <class T>
T must(rafted::Result<T> result, const char* what) {
    if (!result) die(std::string(what) + ": " + to_string(result.error()));
    return std::move(*result);
}

rafted::GroupConfig config_of(const Options& options) {
    rafted::GroupConfig config;
    config.heartbeat_interval = 100ms;
    config.election_timeout = 1000ms;
    if (options.lease) config.clock_drift_margin = 100ms;
    return config;
}

rafted::Node open_node(const Options& options, unsigned number) {
    rafted::NodeConfig config;
    if (!options.dir.empty()) config.dir = options.dir + "/" + std::to_string(number);
    return must(rafted::Node::open(config), "opening a node");
}

std::string name_of(unsigned group) { return "load-" + std::to_string(group); }

using Groups = std::vector<rafted::Group<Map>>;

Groups create_groups(rafted::Node& node, const Options& options) {
    Groups groups;
    for (unsigned i = 0; i < options.groups; ++i) {
        groups.push_back(
            must(node.create_group<Map>(name_of(i), config_of(options)), "creating a group"));
    }
    return groups;
}

/// Many at once: joining is waiting, for two heartbeats each.
void join_groups(rafted::Node& node, const Options& options, const std::string& first) {
    constexpr unsigned at_once = 32;
    std::atomic<unsigned> next = 0;
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::min(at_once, options.groups); ++i) {
        threads.emplace_back([&] {
            for (unsigned group = next++; group < options.groups; group = next++) {
                must(node.join_group<Map>(name_of(group), {first}), "joining a group");
            }
        });
    }
}

void send_line(int to, const std::string& text) {
    const std::string line = text + "\n";
    if (write(to, line.data(), line.size()) < 0) die("the other process is gone");
}

std::string read_line(int from) {
    std::string line;
    for (char c = 0; read(from, &c, 1) == 1 && c != '\n';) line += c;
    if (line.empty()) die("a node did not start");
    return line;
}

/// Three members; the first, which leads, in this process or in one of its own.
class Cluster {
public:
    explicit Cluster(const Options& options) {
        // Forked before this process has a thread.
        for (unsigned number = options.inside ? 1 : 0; number < 3; ++number) start(options, number);
        std::string first;
        if (options.inside) {
            leader_ = open_node(options, 0);
            groups_ = create_groups(*leader_, options);
            first = leader_->address();
            addresses_.push_back(first);
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
    const std::optional<rafted::Node>& leader() const { return leader_; }
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
    std::optional<rafted::Node> leader_;
    Groups groups_;
};

struct Row {
    std::string workload;
    unsigned clients = 0;
    double per_second = 0;
    double p50_us = 0;
    double p99_us = 0;
    std::uint64_t errors = 0;
    std::optional<double> writes_per_second{};
};

/// One run of closed-loop clients: each asks again as soon as it is answered.
class Run {
public:
    /// Starts one request of a client and calls `done` with whether it went well.
    using Ask = std::function<void(unsigned client, std::function<void(bool)> done)>;

    Run(Ask ask, unsigned clients) : ask_(std::move(ask)), clients_(clients) {}

    Row measure(const std::string& name, double seconds) {
        const auto warm_until = Clock::now() + 300ms;
        begin_ = warm_until;
        end_ = warm_until +
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
        running_ = clients_;
        for (unsigned i = 0; i < clients_; ++i) next(i);
        while (running_ > 0) std::this_thread::sleep_for(5ms);
        std::ranges::sort(latencies_us_);
        Row row{name, clients_, 0, 0, 0, errors_};
        if (latencies_us_.empty()) return row;
        row.per_second = static_cast<double>(latencies_us_.size()) / seconds;
        row.p50_us = latencies_us_[latencies_us_.size() / 2];
        row.p99_us = latencies_us_[latencies_us_.size() * 99 / 100];
        return row;
    }

private:
    void next(unsigned client) {
        const auto sent = Clock::now();
        if (sent >= end_) {
            --running_;
            return;
        }
        ask_(client, [this, client, sent](bool ok) {
            record(ok, sent);
            next(client);
        });
    }

    void record(bool ok, Clock::time_point sent) {
        const auto now = Clock::now();
        const std::lock_guard lock(mutex_);
        if (!ok) ++errors_;
        if (!ok || sent < begin_ || now >= end_) return;
        latencies_us_.push_back(std::chrono::duration<double, std::micro>(now - sent).count());
    }

    Ask ask_;
    unsigned clients_;
    Clock::time_point begin_;
    Clock::time_point end_;
    std::atomic<unsigned> running_ = 0;
    std::mutex mutex_;  // the first requests may be answered on the starting thread
    std::vector<double> latencies_us_;
    std::uint64_t errors_ = 0;
};

/// One of those that a group has, another each time: 10,000 in all groups together.
class Keys {
public:
    explicit Keys(const Options& options) : keys_(std::max(10'000 / options.groups, 1U)) {}
    std::string next() {
        const std::uint64_t number = ++asked_ * 0x9E3779B97F4A7C15ULL >> 40U;
        return "key-" + std::to_string(number % keys_);
    }

private:
    std::uint64_t keys_;
    std::atomic<std::uint64_t> asked_{0};
};

/// What is measured: the groups, and how often their leader's node has written if that is known.
struct Subject {
    Groups groups;
    std::function<std::uint64_t()> writes{};
};

/// `start(group, done)` begins one request.
template <class Start>
Row run(const Subject& subject, const Options& options, unsigned clients, const std::string& name,
        const Start& start) {
    std::atomic<std::size_t> asked = 0;
    const auto ask = [&](unsigned, std::function<void(bool)> done) {
        start(subject.groups[asked++ % subject.groups.size()], std::move(done));
    };
    const std::uint64_t before = subject.writes ? subject.writes() : 0;
    const auto began = Clock::now();
    Row row = Run(ask, clients).measure(name, options.seconds);
    const std::chrono::duration<double> took = Clock::now() - began;
    if (subject.writes) {
        row.writes_per_second = static_cast<double>(subject.writes() - before) / took.count();
    }
    return row;
}

Row put_run(const Subject& subject, const Options& options, unsigned clients) {
    const std::string value(options.bytes, 'x');
    Keys keys(options);
    return run(subject, options, clients, options.dir.empty() ? "put, memory" : "put, durable",
               [&](const rafted::Group<Map>& group, std::function<void(bool)> done) {
                   group.start_command(Put{keys.next(), value}).then([done](const auto& result) {
                       done(result.has_value());
                   });
               });
}

Row get_run(const Subject& subject, const Options& options, unsigned clients) {
    Keys keys(options);
    return run(subject, options, clients, options.lease ? "query, lease" : "query, ReadIndex",
               [&](const rafted::Group<Map>& group, std::function<void(bool)> done) {
                   group.start_query(Get{keys.next()}).then([done](const auto& result) {
                       done(result.has_value());
                   });
               });
}

std::vector<Row> measure(const Subject& subject, const Options& options) {
    std::vector<Row> rows;
    for (const unsigned clients : options.clients) {
        if (options.puts) rows.push_back(put_run(subject, options, clients));
        if (options.queries) rows.push_back(get_run(subject, options, clients));
    }
    return rows;
}

void print(const std::vector<Row>& rows, bool json) {
    if (json) {
        std::printf("[");
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const Row& row = rows[i];
            std::printf(
                "%s\n  {\"workload\": \"%s\", \"clients\": %u, \"per_second\": %.0f, "
                "\"p50_us\": %.0f, \"p99_us\": %.0f, \"errors\": %llu",
                i == 0 ? "" : ",", row.workload.c_str(), row.clients, row.per_second, row.p50_us,
                row.p99_us, static_cast<unsigned long long>(row.errors));
            if (row.writes_per_second) {
                std::printf(", \"writes_per_second\": %.0f", *row.writes_per_second);
            }
            std::printf("}");
        }
        std::printf("\n]\n");
        return;
    }
    std::printf("%-18s %8s %12s %10s %10s %7s %9s\n", "workload", "clients", "per second", "p50 us",
                "p99 us", "errors", "writes/s");
    for (const Row& row : rows) {
        const std::string writes =
            row.writes_per_second ? std::to_string(std::llround(*row.writes_per_second)) : "-";
        std::printf("%-18s %8u %12.0f %10.0f %10.0f %7llu %9s\n", row.workload.c_str(), row.clients,
                    row.per_second, row.p50_us, row.p99_us,
                    static_cast<unsigned long long>(row.errors), writes.c_str());
    }
}

std::vector<unsigned> numbers(const std::string& text) {
    std::vector<unsigned> out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        out.push_back(static_cast<unsigned>(std::strtoul(text.c_str() + at, nullptr, 10)));
        if (out.back() == 0) return {};
        at = comma + 1;
    }
    return out;
}

Options parse(int count, char** words) {
    Options options;
    const std::string usage =
        "usage: bench_load [--dir DIR] [--clients N,N..] [--seconds S] [--bytes B] [--groups N] "
        "[--only put|query] [--no-lease] [--inside] [--json]\n";
    const auto wrong = [&](const std::string& word) {
        std::fprintf(stderr, "bench_load: bad argument '%s'\n%s", word.c_str(), usage.c_str());
        std::_Exit(2);
    };
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        const bool has_next = i + 1 < count;
        if (word == "--json") {
            options.json = true;
        } else if (word == "--no-lease") {
            options.lease = false;
        } else if (word == "--inside") {
            options.inside = true;
        } else if (word == "--only" && has_next) {
            const std::string what = words[++i];
            if (what != "put" && what != "query") wrong(what);
            options.puts = what == "put";
            options.queries = what == "query";
        } else if (word == "--dir" && has_next) {
            options.dir = words[++i];
        } else if (word == "--clients" && has_next) {
            options.clients = numbers(words[++i]);
        } else if (word == "--groups" && has_next) {
            options.groups = static_cast<unsigned>(std::strtoul(words[++i], nullptr, 10));
        } else if (word == "--seconds" && has_next) {
            options.seconds = std::strtod(words[++i], nullptr);
        } else if (word == "--bytes" && has_next) {
            options.bytes = std::strtoul(words[++i], nullptr, 10);
        } else {
            wrong(word);
        }
    }
    if (options.clients.empty() || options.seconds <= 0 || options.groups == 0) {
        wrong("--clients, --seconds or --groups");
    }
    return options;
}

}  // namespace

int main(int count, char** words) {
    const Options options = parse(count, words);
    const Cluster cluster(options);
    if (cluster.leader()) {
        const auto writes = [&] { return cluster.leader()->metrics().writes; };
        print(measure({cluster.groups(), writes}, options), options.json);
        return 0;
    }
    const auto client = must(rafted::Client::open({cluster.addresses(), {}}), "the client");
    Groups groups;
    for (unsigned i = 0; i < options.groups; ++i) groups.push_back(client.group<Map>(name_of(i)));
    print(measure({groups}, options), options.json);
    return 0;
}
