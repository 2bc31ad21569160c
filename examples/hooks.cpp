// How a replicated value acts on the world exactly once: a ledger on three durable nodes, each a
// process of its own, whose leader hook writes an audit file outside. The leader is killed under
// load, twice. The audit file is the hook's only memory: what is in it is not written again.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <thread>

#include "rafted/rafted.hpp"

using namespace std::chrono_literals;

struct Pay {
    std::uint64_t cents = 0;
};
struct Ledger {
    using Command = Pay;
    using Query = rafted::Unit;
    std::uint64_t payments = 0;
    std::uint64_t command(const Pay&) { return ++payments; }  // answers the payment's number
    std::uint64_t query(rafted::Unit) const { return payments; }
};

struct Line {
    std::uint64_t index = 0, number = 0, cents = 0;
};
constexpr int line_bytes = 63;  // three columns of 20, each followed by a blank or a line's end

Line line_at(int file, off_t offset) {
    char text[line_bytes + 1] = {};
    Line line;
    const bool whole = offset >= 0 && ::pread(file, text, line_bytes, offset) == line_bytes;
    if (whole) std::sscanf(text, "%lu %lu %lu", &line.index, &line.number, &line.cents);
    return line;
}

struct Audit : rafted::LeaderHooks<Ledger> {
    std::string path;
    explicit Audit(std::string file) : path(std::move(file)) {}

    void on_command_committed(const rafted::HookContext& context, const Pay& pay,
                              const std::uint64_t& number) {
        const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND, 0600);
        // A leader that does not know yet that it was replaced may be at it as well.
        if (file < 0 || ::flock(file, LOCK_EX) != 0) throw std::runtime_error("no audit file");
        const auto size = ::lseek(file, 0, SEEK_END) / line_bytes * line_bytes;  // a torn line goes
        const bool is_new = line_at(file, size - line_bytes).index < context.index.value;
        const bool done = !is_new || (::ftruncate(file, size) == 0 &&
                                      ::dprintf(file, "%020lu %020lu %020lu\n", context.index.value,
                                                number, pay.cents) == line_bytes);
        ::close(file);
        if (!done) throw std::runtime_error("the audit file cannot be written");
    }
};

int run_node(const std::string& dir, const std::string& audit, const std::string& known) {
    rafted::GroupConfig config;
    config.heartbeat_interval = 50ms;
    config.election_timeout = 300ms;
    auto node = rafted::Node::open({.listen = "127.0.0.1:0", .dir = dir});
    if (!node) return std::fputs(to_string(node.error()).c_str(), stderr), 1;
    auto hooks = std::make_shared<Audit>(audit);
    auto ledger = known.empty() ? node->create_group<Ledger>("ledger", config, hooks)
                                : node->join_group<Ledger>("ledger", {known}, {}, hooks);
    if (!ledger) return std::fputs(to_string(ledger.error()).c_str(), stderr), 1;
    std::printf("%s\n", node->address().c_str());
    std::fflush(stdout);
    for (;;) ::pause();
}

struct Process {
    std::string dir, address;
    pid_t pid = 0;
};
/// Returns when the node has said where it listens.
void start(Process& process, const std::string& audit, const std::string& known) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    process.pid = ::fork();
    if (process.pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(ends[1], STDOUT_FILENO);
        ::execl("/proc/self/exe", "hooks", process.dir.c_str(), audit.c_str(), known.c_str(),
                nullptr);
        ::_exit(1);
    }
    ::close(ends[1]);
    char address[100] = {};
    FILE* said = ::fdopen(ends[0], "r");
    if (std::fscanf(said, "%99s", address) != 1) std::exit(1);
    std::fclose(said);
    process.address = address;
}

int main(int count, char** words) {
    if (count == 4) return run_node(words[1], words[2], words[3]);
    char dir[] = "/tmp/rafted-hooks-XXXXXX";
    if (::mkdtemp(dir) == nullptr) return 1;
    const std::string audit = std::string(dir) + "/audit";
    std::vector<Process> nodes{{dir + std::string("/a"), {}},
                               {dir + std::string("/b"), {}},
                               {dir + std::string("/c"), {}}};
    for (auto& node : nodes) start(node, audit, nodes.front().address);
    auto client =
        rafted::Client::open({.addresses = {nodes[0].address, nodes[1].address, nodes[2].address}});
    auto ledger = client->group<Ledger>("ledger");

    std::map<std::uint64_t, std::uint64_t> paid;  // acknowledged: number -> cents
    std::jthread payer([&](const std::stop_token& stop) {
        for (std::uint64_t cents = 1; !stop.stop_requested(); ++cents) {
            if (const auto number = ledger.command(Pay{cents}, {.timeout = 20s})) {
                paid[*number] = cents;
            }
        }
    });
    for (int kills = 0; kills < 2;) {
        std::this_thread::sleep_for(600ms);
        const auto status = ledger.status();
        for (auto& node : nodes) {
            if (!status || !status->leader || node.address != status->leader->address) continue;
            ::kill(node.pid, SIGKILL);
            ::waitpid(node.pid, nullptr, 0);
            std::printf("killed the leader at %s\n", node.address.c_str());
            std::this_thread::sleep_for(600ms);
            start(node, audit, node.address);  // the same member, at a new address
            ++kills;
            break;
        }
    }
    payer.request_stop();
    payer.join();

    const auto payments = ledger.query({});
    const int file = ::open(audit.c_str(), O_RDONLY);
    // Hooks run after the answers have left: the last ones may still be on their way.
    for (int i = 0; payments && i < 500; ++i) {
        if (::lseek(file, 0, SEEK_END) / line_bytes >= static_cast<off_t>(*payments)) break;
        std::this_thread::sleep_for(20ms);
    }
    const auto lines = ::lseek(file, 0, SEEK_END) / line_bytes;
    bool good = payments && lines == static_cast<off_t>(*payments) && !paid.empty();
    for (off_t i = 0; good && i < lines; ++i) {
        const Line line = line_at(file, i * line_bytes);
        good = line.number == static_cast<std::uint64_t>(i) + 1 &&
               (!paid.contains(line.number) || paid[line.number] == line.cents);
    }
    std::printf("%zu payments acknowledged, %ld in the audit file: %s\n", paid.size(),
                static_cast<long>(lines), good ? "each once, in order" : "NOT as it should be");
    for (const auto& node : nodes) ::kill(node.pid, SIGKILL);
    for (const auto& node : nodes) ::waitpid(node.pid, nullptr, 0);
    std::filesystem::remove_all(dir);
    return good ? 0 : 1;
}
