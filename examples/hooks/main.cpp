// How a replicated value acts on the world exactly once: a ledger on three durable nodes, each a
// process of its own, whose leader hook (audit.hpp) writes a file outside. The leader is killed
// under load, twice; at the end the file must hold every payment once and in order.
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <thread>

#include "audit.hpp"

using namespace std::chrono_literals;

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
    if (std::fscanf(said, "%99s", address) != 1) std::abort();  // it has said why
    std::fclose(said);
    process.address = address;
}

using Paid = std::map<std::uint64_t, std::uint64_t>;  // number -> cents

/// Every payment of the ledger is in the file, once and in order, with what was acknowledged.
bool is_complete(const std::string& audit, const rafted::Group<Ledger>& ledger, const Paid& paid) {
    const auto payments = ledger.query({});
    const int file = ::open(audit.c_str(), O_RDONLY);
    if (!payments || file < 0) return false;
    const auto lines = [file] { return ::lseek(file, 0, SEEK_END) / line_bytes; };
    const auto wanted = static_cast<off_t>(*payments);
    // Hooks run after the answers have left: the last ones may still be on their way.
    for (int i = 0; i < 500 && lines() < wanted; ++i) std::this_thread::sleep_for(20ms);
    bool good = lines() == wanted && !paid.empty() && paid.rbegin()->first <= *payments;
    for (off_t i = 0; good && i < wanted; ++i) {
        const Line line = line_at(file, i * line_bytes);
        const auto known = paid.find(line.number);
        good = line.number == static_cast<std::uint64_t>(i) + 1 &&
               (known == paid.end() || known->second == line.cents);
    }
    std::printf("%zu payments acknowledged, %ld in the audit file: %s\n", paid.size(),
                static_cast<long>(lines()), good ? "each once, in order" : "NOT as it should be");
    return good;
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
    if (!client) return 1;
    const auto ledger = client->group<Ledger>("ledger");

    Paid paid;  // what was acknowledged
    std::jthread payer([&](const std::stop_token& stop) {
        for (std::uint64_t cents = 1; !stop.stop_requested(); ++cents) {
            if (const auto number = ledger.command(Pay{cents}, {.timeout = 20s})) {
                paid[*number] = cents;
            }
        }
    });
    for (int kills = 0, tries = 0; kills < 2 && tries < 50; ++tries) {
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

    const bool good = is_complete(audit, ledger, paid);
    for (const auto& node : nodes) ::kill(node.pid, SIGKILL);
    for (const auto& node : nodes) ::waitpid(node.pid, nullptr, 0);
    std::filesystem::remove_all(dir);
    return good ? 0 : 1;
}
