#include "demo/cluster.hpp"

#include <filesystem>

namespace rafted::app::demo {
namespace {

constexpr auto start_patience = milliseconds(30'000);
constexpr auto status_timeout = milliseconds(500);
constexpr auto look_again = milliseconds(5);

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
    return text;
}

}  // namespace

Result<std::string> DemoCluster::say(DemoNode& node, milliseconds timeout) {
    const auto end = Clock::now() + timeout;
    const std::string name = "node " + std::to_string(node.number);
    while (Clock::now() < end) {
        auto line = node.process->line(milliseconds(100));
        if (interrupt_.has_come()) return fail(ErrorCode::cancelled, "interrupted");
        if (line && line->starts_with("failed ")) {
            return fail(ErrorCode::invalid, name + " says: " + line->substr(7));
        }
        if (line) return line;
        if (line.error().code == ErrorCode::timeout) continue;
        return fail(ErrorCode::stopped, name + " has ended; its log is " + node.dir + ".log");
    }
    return fail(ErrorCode::timeout, name + " did not get ready in time");
}

Result<void> DemoCluster::start(DemoNode& node, std::vector<std::string> how,
                                milliseconds timeout) {
    std::vector<std::string> arguments{"demo-node", "--dir", node.dir, "--listen",
                                       node.address.empty() ? "127.0.0.1:0" : node.address};
    arguments.insert(arguments.end(), how.begin(), how.end());
    auto process = Process::start({std::move(arguments), node.dir + ".log"});
    if (!process) return std::unexpected(process.error());
    node.process.emplace(std::move(*process));
    const auto open = say(node, timeout);
    if (!open) return std::unexpected(open.error());
    const auto space = open->find(' ', 5);
    if (!open->starts_with("node ") || space == std::string::npos) {
        return fail(ErrorCode::invalid, "a node said '" + *open + "' instead of who it is");
    }
    node.id = NodeId(std::stoull(open->substr(5, space - 5), nullptr, 16));
    node.address = open->substr(space + 1);
    return {};
}

Result<void> DemoCluster::launch(DemoNode& node, std::vector<std::string> how,
                                 milliseconds timeout) {
    auto started = start(node, how, timeout);
    if (!started && !node.address.empty() && started.error().code != ErrorCode::cancelled) {
        // The old port may have been taken meanwhile: any other will do.
        node.process.reset();
        node.address.clear();
        started = start(node, std::move(how), timeout);
    }
    if (!started) return started;
    const auto ready = say(node, timeout);
    if (!ready) return std::unexpected(ready.error());
    node.is_member = true;
    return {};
}

Result<int> DemoCluster::add(Start how) {
    std::vector<std::string> others;
    for (const int other : running()) others.push_back(node(other).address);
    std::vector<std::string> arguments;
    if (how == Start::create) {
        arguments = {"--create"};
    } else {
        arguments = {"--join", joined(others)};
    }
    if (how == Start::join_as_learner) arguments.emplace_back("--learner");
    const int number = nodes_.empty() ? 1 : nodes_.rbegin()->first + 1;
    DemoNode& added = nodes_[number];
    added.number = number;
    added.dir = (std::filesystem::path(dir_) / ("node" + std::to_string(number))).string();
    if (auto launched = launch(added, std::move(arguments), start_patience); !launched) {
        return std::unexpected(launched.error());
    }
    return number;
}

void DemoCluster::kill(int number) { node(number).process.reset(); }

Result<void> DemoCluster::restart(int number) {
    if (runs(number)) return fail(ErrorCode::already_member, "this node runs");
    node(number).process.reset();
    return launch(node(number), {}, start_patience);
}

Result<void> DemoCluster::stop(int number) {
    if (!node(number).process) return {};
    const bool ended = node(number).process->stop(std::chrono::seconds(10));
    node(number).process.reset();
    if (ended) return {};
    return fail(ErrorCode::timeout, "node " + std::to_string(number) +
                                        " did not end cleanly; its log is " + node(number).dir +
                                        ".log");
}

void DemoCluster::stop_all() {
    for (auto& [number, node] : nodes_) node.process.reset();
}

std::vector<int> DemoCluster::running() {
    std::vector<int> numbers;
    for (auto& [number, node] : nodes_) {
        if (node.is_member && runs(number)) numbers.push_back(number);
    }
    return numbers;
}

int DemoCluster::number_of(NodeId id) const {
    for (const auto& [number, node] : nodes_) {
        if (node.id == id) return number;
    }
    return 0;
}

Result<Client> DemoCluster::client(std::vector<std::string> addresses) {
    return Client::open({std::move(addresses), std::nullopt});
}

Result<Group<Queue>> DemoCluster::group() {
    std::vector<std::string> addresses;
    for (const int number : running()) addresses.push_back(node(number).address);
    auto opened = client(std::move(addresses));
    if (!opened) return std::unexpected(opened.error());
    return opened->group<Queue>(group_name);
}

Result<Group<Queue>> DemoCluster::group_at(int number) {
    auto opened = client({node(number).address});
    if (!opened) return std::unexpected(opened.error());
    return opened->group<Queue>(group_name);
}

Result<Status> DemoCluster::status(int number) {
    if (!observer_) {
        auto opened = client({node(number).address});
        if (!opened) return std::unexpected(opened.error());
        observer_.emplace(std::move(*opened));
    }
    return observer_->status(node(number).address, group_name, status_timeout);
}

Result<void> DemoCluster::wait_until(const std::string& what, milliseconds timeout,
                                     const std::function<bool()>& holds) {
    const auto end = Clock::now() + timeout;
    while (!holds()) {
        if (interrupt_.sleep(look_again)) return fail(ErrorCode::cancelled, "interrupted");
        if (Clock::now() < end) continue;
        return fail(ErrorCode::timeout,
                    "within " + std::to_string(timeout.count()) + " ms: " + what);
    }
    return {};
}

Result<void> DemoCluster::change(const std::function<Result<void>()>& ask) {
    Result<void> answer;
    auto waited = wait_until("another change was not committed", start_patience, [&] {
        answer = ask();
        return answer || answer.error().code != ErrorCode::change_in_progress;
    });
    return waited ? answer : waited;
}

Result<Leading> DemoCluster::await_leader(Term above, milliseconds timeout) {
    Leading found;
    auto waited = wait_until("no leader was elected", timeout, [&] {
        for (const int number : running()) {
            const auto said = status(number);
            if (!said || said->role != Role::leader || said->current_term <= above) continue;
            found = {number, said->current_term};
            return true;
        }
        return false;
    });
    if (!waited) return std::unexpected(waited.error());
    return found;
}

}  // namespace rafted::app::demo
