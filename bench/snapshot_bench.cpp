// A snapshot of a large value that streams, made and sent to a new member while commands go on: the
// leader, the newcomer and the clients are three processes on loopback. Prints the percentiles of
// the commands before, while it is made and while it is sent, and what memory it took beyond the
// value itself on both sides. Runs in the current directory, on whatever disk that is.
//
//   bench_snapshot_bench [--mib N] [--seconds S] [--clients C] [--per-second R] [--log] [--times F]
//
// With --log the value is small, and N MiB of log are what the newcomer has to catch up. Else the
// value is N MiB of blocks of 64 KiB, half of each random, shared with what freeze() returns. Each
// client sends at its share of the rate, timed from when it was due. F gets a line for each
// command: phase, when it was due (s of the steady clock), ms.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "rafted/rafted.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using rafted::Reader;
using rafted::Writer;

constexpr std::size_t block_bytes = 64 << 10;

struct Options {
    std::uint64_t mib = 32;
    double seconds = 1;
    unsigned clients = 16;
    unsigned per_second = 100;
    bool log = false;
    std::string times;
};

struct Grow {
    std::uint32_t blocks = 0;
};
struct Put {
    std::uint32_t block = 0;
    std::string bytes;
};

/// Leaves nothing but its entry in the log.
struct Note {
    std::string bytes;
};

using Block = std::shared_ptr<const std::string>;

void save_blocks(Writer& out, const std::vector<Block>& blocks) {
    out.number(static_cast<std::uint32_t>(blocks.size()));
    for (const Block& block : blocks) out.text(*block);
}

/// Blocks are never changed, only replaced: a frozen value is a list of pointers.
class Store {
public:
    using Command = std::variant<Grow, Put, Note>;
    using Query = rafted::Unit;
    struct Image {
        std::vector<Block> blocks;
        void save(Writer& out) const { save_blocks(out, blocks); }
    };

    void command(const rafted::Context& context, const Grow& grow) {
        std::uint64_t drawn = 0;
        for (std::uint32_t i = 0; i < grow.blocks; ++i) {
            std::string block(block_bytes, '\0');
            for (std::size_t at = 0; at < block_bytes; at += 16) {
                const std::uint64_t number = context.random(drawn++);
                std::memcpy(block.data() + at, &number, sizeof number);
            }
            blocks_.push_back(std::make_shared<const std::string>(std::move(block)));
        }
    }
    void command(const Put& put) {
        Block& block = blocks_[put.block % blocks_.size()];
        std::string changed = *block;
        changed.replace(0, put.bytes.size(), put.bytes);
        block = std::make_shared<const std::string>(std::move(changed));
    }
    void command(const Note&) {}
    std::uint64_t query(rafted::Unit) const { return blocks_.size(); }
    Image freeze() const { return {blocks_}; }
    void load(Reader& in) {
        const auto count = in.number<std::uint32_t>();
        for (std::uint32_t i = 0; i < count && !in.failed(); ++i) {
            blocks_.push_back(std::make_shared<const std::string>(in.text()));
        }
    }

private:
    std::vector<Block> blocks_;
};

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "bench_snapshot_bench: %s\n", what.c_str());
    std::_Exit(1);
}
template <class T>
T must(rafted::Result<T> result, const char* what) {
    if (!result) die(std::string(what) + ": " + to_string(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

rafted::GroupConfig quiet_config() {
    rafted::GroupConfig config;
    config.max_log_bytes = std::uint64_t{64} << 30;
    config.snapshot_floor_bytes = std::uint64_t{32} << 30;  // never due by itself
    config.log_bytes_kept = 0;                              // so that a newcomer needs it
    return config;
}

/// A process with a node, made before there are threads. Told whom to join, or nothing, it says its
/// own address once it serves, and goes on until its parent ends.
class Member {
public:
    explicit Member(const std::string& dir) {
        int in[2];
        int out[2];
        if (pipe(in) != 0 || pipe(out) != 0) die("no pipe");
        pid_ = fork();
        if (pid_ == 0) serve(dir, in[0], out[1]);
        close(in[0]);
        close(out[1]);
        in_ = in[1];
        out_ = out[0];
    }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    /// Waits until it serves; returns its address.
    std::string start(const std::string& known) const {
        say(in_, known);
        return hear(out_);
    }
    double mib_of(const std::string& field) const {
        std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with(field + ":")) {
                return std::strtod(line.c_str() + field.size() + 1, nullptr) / 1024;
            }
        }
        return 0;
    }
    /// The peak (VmHWM) counts from now on.
    void forget_peak() const {
        std::ofstream("/proc/" + std::to_string(pid_) + "/clear_refs") << 5 << std::flush;
    }

private:
    static void say(int to, const std::string& text) {
        const std::string line = text + "\n";
        if (write(to, line.data(), line.size()) < 0) die("the other process is gone");
    }
    static std::string hear(int from) {
        char text[256] = {};
        if (read(from, text, sizeof text - 1) <= 0) die("the other process is gone");
        return {text, std::strcspn(text, "\n")};
    }
    [[noreturn]] static void serve(const std::string& dir, int in, int out) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const std::string known = hear(in);
        rafted::NodeConfig config;
        config.dir = dir;
        auto node = must(rafted::Node::open(config), "opening a node");
        if (known.empty()) {
            must(node.create_group<Store>("bench", quiet_config()), "creating the group");
        } else {
            must(node.join_group<Store>("bench", {known}, {.learner = false, .timeout = 10min}),
                 "joining the group");
        }
        say(out, node.address());
        while (true) pause();
    }

    pid_t pid_ = 0;
    int in_ = -1;
    int out_ = -1;
};

/// Clients that send at a steady rate, whatever comes back; a phase at a time is looked at.
class Load {
public:
    Load(const rafted::Group<Store>& group, const Options& options)
        : group_(group), options_(options) {
        if (!options.times.empty()) times_.open(options.times);
        for (unsigned i = 0; i < options.clients; ++i) threads_.emplace_back([this, i] { run(i); });
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() {
        stop_ = true;
        for (auto& thread : threads_) thread.join();
    }
    /// Prints the phase that ends, and returns its p99: nothing where it was over before a command
    /// fell into it.
    std::optional<double> end_phase(const char* name, Clock::time_point began) {
        const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
        std::vector<Taken> taken;
        {
            const std::lock_guard lock(mutex_);
            taken.swap(taken_);
        }
        std::vector<double> times;
        for (const auto& [due_s, ms] : taken) {
            times.push_back(ms);
            if (times_) times_ << name << '\t' << std::fixed << due_s << '\t' << ms << '\n';
        }
        if (times.empty()) {
            std::printf("  %-16s %8.2f %9d\n", name, seconds, 0);
            return std::nullopt;
        }
        std::ranges::sort(times);
        const auto at = [&](double share) {
            return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
        };
        std::printf("  %-16s %8.2f %9zu %9.2f %9.2f %9.2f %9.2f\n", name, seconds, times.size(),
                    at(0.5), at(0.99), at(0.999), times.back());
        std::fflush(stdout);
        return at(0.99);
    }

private:
    struct Taken {
        double due_s = 0;
        double ms = 0;
    };
    /// The clients take turns within the pause between two commands of one.
    void run(unsigned client) {
        const auto pause = std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(options_.clients / double(options_.per_second)));
        std::uint32_t turn = 0;
        const auto first = Clock::now() + pause * client / options_.clients;
        for (auto due = first; !stop_; due += pause) {
            std::this_thread::sleep_until(due);
            const auto done = group_.command(Put{turn += 7919, std::string(200, 'x')});
            if (!done) die("a command failed: " + to_string(done.error()));
            const std::lock_guard lock(mutex_);
            taken_.push_back(
                {std::chrono::duration<double>(due.time_since_epoch()).count(),
                 std::chrono::duration<double, std::milli>(Clock::now() - due).count()});
        }
    }

    const rafted::Group<Store>& group_;
    const Options& options_;
    std::atomic<bool> stop_ = false;
    std::mutex mutex_;
    std::vector<Taken> taken_;
    std::ofstream times_;
    std::vector<std::thread> threads_;
};

void fill(const rafted::Group<Store>& group, std::uint64_t mib) {
    const auto blocks = static_cast<std::uint32_t>(mib * 16);
    for (std::uint32_t made = 0; made < blocks; made += 64) {
        must(group.command(Grow{std::min<std::uint32_t>(64, blocks - made)}), "filling");
    }
}

void fill_log(const rafted::Group<Store>& group, std::uint64_t mib) {
    const Note note{std::string(256 << 10, 'n')};
    for (std::uint64_t made = 0; made < 4 * mib; ++made) must(group.command(note), "filling");
}

void wait_for_snapshot(const rafted::Group<Store>& group) {
    auto config = quiet_config();
    config.snapshot_floor_bytes = 0;  // the first one is due at once, the next one never
    config.log_file_expansion_factor = 1'000'000;
    must(group.set_config(config), "asking for a snapshot");
    while (must(group.status(), "status").snapshot == rafted::Index()) {
        std::this_thread::sleep_for(20ms);
    }
}

Options parse(int count, char** words) {
    Options options;
    for (int i = 1; i < count; i += 2) {
        const std::string word = words[i];
        const double number = i + 1 < count ? std::strtod(words[i + 1], nullptr) : 0;
        if (word == "--log") {
            options.log = true;
            --i;
        } else if (word == "--times" && i + 1 < count) {
            options.times = words[i + 1];
        } else if (word == "--mib" && number >= 1) {
            options.mib = static_cast<std::uint64_t>(number);
        } else if (word == "--seconds" && number > 0) {
            options.seconds = number;
        } else if (word == "--clients" && number >= 1) {
            options.clients = static_cast<unsigned>(number);
        } else if (word == "--per-second" && number >= 1) {
            options.per_second = static_cast<unsigned>(number);
        } else {
            std::fprintf(stderr,
                         "bench_snapshot_bench: bad argument '%s'\nusage: bench_snapshot_bench "
                         "[--mib N] [--seconds S] [--clients C] [--per-second R] [--log] "
                         "[--times FILE]\n",
                         words[i]);
            std::_Exit(2);
        }
    }
    return options;
}

void print_against(double before, const char* phase, std::optional<double> p99) {
    if (p99) std::printf("  p99 %s against without: %.2f\n", phase, *p99 / before);
}

void measure(const Options& options, const std::string& dir) {
    const Member leader(dir + "/leader");
    const Member newcomer(dir + "/newcomer");
    const std::string address = leader.start("");
    const auto client = must(rafted::Client::open({{address}, {}}), "the client");
    const auto group = client.group<Store>("bench");
    fill(group, options.log ? 1 : options.mib);
    if (options.log) fill_log(group, options.mib);
    std::printf("a %s of %llu MiB; %u commands per second by %u clients; times in ms\n",
                options.log ? "log" : "value", static_cast<unsigned long long>(options.mib),
                options.per_second, options.clients);
    std::printf("  %-16s %8s %9s %9s %9s %9s %9s\n", "phase", "seconds", "commands", "p50", "p99",
                "p99.9", "most");
    Load load(group, options);
    std::this_thread::sleep_for(300ms);
    auto began = Clock::now();
    std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
    load.end_phase("warming up", began);
    began = Clock::now();
    std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
    const auto before = load.end_phase("without", began);
    if (!before) die("no command was answered");
    if (options.log) {
        began = Clock::now();
        newcomer.start(address);
        print_against(*before, "while caught up", load.end_phase("while caught up", began));
        return;
    }
    const double value = leader.mib_of("VmRSS");
    leader.forget_peak();
    began = Clock::now();
    wait_for_snapshot(group);
    const auto making = load.end_phase("while made", began);
    const double made = leader.mib_of("VmHWM") - value;
    leader.forget_peak();
    began = Clock::now();
    newcomer.start(address);
    const auto sending = load.end_phase("while sent", began);
    const double sent = leader.mib_of("VmHWM") - value;
    const double received = newcomer.mib_of("VmHWM") - newcomer.mib_of("VmRSS");
    print_against(*before, "while made", making);
    print_against(*before, "while sent", sending);
    std::printf(
        "  memory beyond the value's %.0f MiB: %.1f MiB while made, %.1f MiB while sent, "
        "%.1f MiB at the newcomer\n",
        value, made, sent, received);
}

}  // namespace

int main(int count, char** words) {
    const Options options = parse(count, words);
    const std::string dir = "snapshot_bench_data";
    std::filesystem::remove_all(dir);
    measure(options, dir);
    std::filesystem::remove_all(dir);
    return 0;
}
