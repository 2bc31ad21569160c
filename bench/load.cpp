// Load on a cluster of three processes on loopback, from a fourth, or (--inside) from the process
// of its leader, which may be the only one (--one-process): closed-loop clients (one request
// outstanding each) or requests at a rate (--rate), all on one connection's thread, so that the
// generator costs little. Prints one row per workload: operations per second, latency percentiles,
// and whether the leader stayed, as a table or as JSON.
//
// The value is a map of 10,000 keys, or with --count a counter that looks at nothing it is given.
// Without --dir the nodes are memory-only; with it they sync every batch before they promise. With
// more than one group all are led by the first node, and each request goes to the next one. Batches
// that the leader's node has made durable are counted with --inside alone.
#include <cmath>
#include <fstream>

#include "load_cluster.hpp"
#include "load_runs.hpp"

namespace {

using namespace rafted::bench;

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
    const Options& options;
    Groups groups;
    std::function<std::uint64_t()> writes{};
};

/// So many clients, or if there are none, requests at so high a rate.
struct Load {
    unsigned clients = 0;
    double rate = 0;
};

/// What this process holds in memory.
double resident_mib() {
    std::ifstream statm("/proc/self/statm");
    double pages = 0;
    statm >> pages >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

/// Under load it may take a while to be told.
std::uint64_t term_of(const Subject& subject) {
    rafted::CallOptions patient;
    patient.timeout = 30s;
    return must(subject.groups.front().status(patient), "the status").current_term.value;
}

/// `start(group, done)` begins one request.
template <class Start>
Row run(const Subject& subject, const Load& load, std::string name, const Start& start) {
    std::atomic<std::size_t> asked = 0;
    const Ask ask = [&](std::function<void(bool)> done) {
        start(subject.groups[asked++ % subject.groups.size()], std::move(done));
    };
    Row row;
    row.workload = std::move(name);
    row.clients = load.clients;
    row.rate = load.rate;
    const std::uint64_t term = term_of(subject);
    const std::uint64_t before = subject.writes ? subject.writes() : 0;
    const auto began = Clock::now();
    if (load.clients > 0) {
        ClosedLoop(ask, load.clients, subject.options.seconds).run().fill(row);
    } else {
        OpenLoop(ask, load.rate, subject.options.seconds).run().fill(row);
    }
    const std::chrono::duration<double> took = Clock::now() - began;
    row.terms = term_of(subject) - term;
    if (subject.writes) {
        row.mib = resident_mib();
        row.writes_per_second = static_cast<double>(subject.writes() - before) / took.count();
    }
    return row;
}

Row put_run(const Subject& subject, const Load& load) {
    const Options& options = subject.options;
    const std::string value(options.bytes, 'x');
    Keys keys(options);
    return run(subject, load, options.dir.empty() ? "put, memory" : "put, durable",
               [&](const rafted::Group<Map>& group, std::function<void(bool)> done) {
                   group.start_command(Put{keys.next(), value}).then([done](const auto& result) {
                       done(result.has_value());
                   });
               });
}

Row get_run(const Subject& subject, const Load& load) {
    const Options& options = subject.options;
    Keys keys(options);
    return run(subject, load, options.lease ? "query, lease" : "query, ReadIndex",
               [&](const rafted::Group<Map>& group, std::function<void(bool)> done) {
                   group.start_query(Get{keys.next()}).then([done](const auto& result) {
                       done(result.has_value());
                   });
               });
}

/// Lengthens the logs, from as many clients as that takes.
void append_entries(const Subject& subject) {
    const Options& options = subject.options;
    const std::string value(options.bytes, 'x');
    Keys keys(options);
    std::atomic<std::size_t> asked = 0;
    const Ask ask = [&](std::function<void(bool)> done) {
        const auto& group = subject.groups[asked++ % subject.groups.size()];
        group.start_command(Put{keys.next(), value}).then([done](const auto& result) {
            done(result.has_value());
        });
    };
    Requests(ask, 1024, options.entries).run();
}

std::vector<Row> measure(const Subject& subject) {
    const Options& options = subject.options;
    if (options.entries > 0) append_entries(subject);
    std::vector<Load> loads;
    for (const unsigned rate : options.rates) loads.push_back({0, static_cast<double>(rate)});
    if (loads.empty()) {
        for (const unsigned clients : options.clients) loads.push_back({clients, 0});
    }
    std::vector<Row> rows;
    for (const Load& load : loads) {
        if (options.puts) rows.push_back(put_run(subject, load));
        if (options.queries) rows.push_back(get_run(subject, load));
    }
    return rows;
}

void print_json(const std::vector<Row>& rows) {
    std::printf("[");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        std::printf(
            "%s\n  {\"workload\": \"%s\", \"clients\": %u, \"rate\": %.0f, "
            "\"per_second\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
            "\"errors\": %llu, \"error_p99_us\": %.0f, \"terms\": %llu",
            i == 0 ? "" : ",", row.workload.c_str(), row.clients, row.rate, row.per_second,
            row.p50_us, row.p99_us, static_cast<unsigned long long>(row.errors), row.error_p99_us,
            static_cast<unsigned long long>(row.terms));
        if (row.writes_per_second) {
            std::printf(", \"writes_per_second\": %.0f, \"mib\": %.1f", *row.writes_per_second,
                        row.mib);
        }
        std::printf("}");
    }
    std::printf("\n]\n");
}

void print_table(const std::vector<Row>& rows) {
    std::printf("%-18s %10s %12s %10s %10s %9s %10s %6s %9s %8s\n", "workload", "clients",
                "per second", "p50 us", "p99 us", "errors", "their p99", "terms", "writes/s",
                "MiB");
    for (const Row& row : rows) {
        const std::string load = row.clients > 0 ? std::to_string(row.clients)
                                                 : std::to_string(std::llround(row.rate)) + "/s";
        const std::string writes =
            row.writes_per_second ? std::to_string(std::llround(*row.writes_per_second)) : "-";
        std::printf("%-18s %10s %12.0f %10.0f %10.0f %9llu %10.0f %6llu %9s %8.1f\n",
                    row.workload.c_str(), load.c_str(), row.per_second, row.p50_us, row.p99_us,
                    static_cast<unsigned long long>(row.errors), row.error_p99_us,
                    static_cast<unsigned long long>(row.terms), writes.c_str(), row.mib);
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

/// The options that are one number. Returns whether this is one of them.
bool take_number(Options& options, const std::string& word, const char* text) {
    const std::uint64_t number = std::strtoull(text, nullptr, 10);
    if (word == "--groups") {
        options.groups = static_cast<unsigned>(number);
    } else if (word == "--members") {
        options.members = static_cast<unsigned>(number);
    } else if (word == "--spin") {
        options.spin = std::chrono::microseconds(number);
    } else if (word == "--heartbeat-ms") {
        options.heartbeat = std::chrono::milliseconds(number);
    } else if (word == "--quiesce-ms") {
        options.quiesce = std::chrono::milliseconds(number);
    } else if (word == "--max-calls") {
        options.max_calls = number;
    } else if (word == "--entries") {
        options.entries = number;
    } else if (word == "--bytes") {
        options.bytes = number;
    } else {
        return false;
    }
    return true;
}

Options parse(int count, char** words) {
    Options options;
    const std::string usage =
        "usage: bench_load [--dir DIR] [--clients N,N.. | --rate N,N..] [--seconds S] [--bytes B] "
        "[--groups N] [--members N] [--entries N] [--spin US] [--heartbeat-ms MS] "
        "[--quiesce-ms MS] [--max-calls N] "
        "[--only put|query] [--no-lease] [--count] [--inside | --one-process] [--json]\n";
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
        } else if (word == "--count") {
            options.counts = true;
        } else if (word == "--inside") {
            options.inside = true;
        } else if (word == "--one-process") {
            options.inside = true;
            options.network = rafted::make_local_network();
        } else if (word == "--only" && has_next) {
            const std::string what = words[++i];
            if (what != "put" && what != "query") wrong(what);
            options.puts = what == "put";
            options.queries = what == "query";
        } else if (word == "--dir" && has_next) {
            options.dir = words[++i];
        } else if (word == "--clients" && has_next) {
            options.clients = numbers(words[++i]);
        } else if (word == "--rate" && has_next) {
            options.rates = numbers(words[++i]);
            if (options.rates.empty()) wrong(words[i]);
        } else if (word == "--seconds" && has_next) {
            options.seconds = std::strtod(words[++i], nullptr);
        } else if (!has_next || !take_number(options, word, words[++i])) {
            wrong(word);
        }
    }
    if (options.clients.empty() || options.seconds <= 0 || options.groups == 0 ||
        options.members == 0 || options.heartbeat <= 0ms) {
        wrong("--clients, --seconds, --groups, --members or --heartbeat-ms");
    }
    return options;
}

}  // namespace

int main(int count, char** words) {
    const Options options = parse(count, words);
    const Cluster cluster(options);
    Subject subject{options, cluster.groups(), {}};
    std::optional<rafted::Client> client;
    if (cluster.leader()) {
        subject.writes = [&] { return cluster.leader()->metrics().writes; };
    } else {
        client =
            must(rafted::Client::open({cluster.addresses(), {}, options.spin, options.max_calls}),
                 "the client");
        for (unsigned i = 0; i < options.groups; ++i) {
            subject.groups.push_back(client->group<Map>(name_of(i)));
        }
    }
    const auto rows = measure(subject);
    options.json ? print_json(rows) : print_table(rows);
    return 0;
}
