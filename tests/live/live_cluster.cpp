#include "live/live_cluster.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace rafted::test {

void pause_for(std::chrono::microseconds time) { std::this_thread::sleep_for(time); }

double ms_since(LiveClock::time_point start) {
    return std::chrono::duration<double, std::milli>(LiveClock::now() - start).count();
}

LiveDir::LiveDir() {
    std::string name = (std::filesystem::temp_directory_path() / "rafted-live-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot make " << name;
    path_ = name;
}

LiveDir::~LiveDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environment_with(std::vector<std::string> more) {
    for (char** own = environ; *own != nullptr; ++own) more.emplace_back(*own);
    return more;
}

}  // namespace

LiveProcess::LiveProcess(LiveStart start) {
    int in[2];
    int out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
        ADD_FAILURE() << "cannot make pipes";
        return;
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    if (!start.errors_to.empty()) {
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, start.errors_to.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0644);
    }
    std::vector<std::string> words = start.through;
    words.emplace_back(RAFTED_BINARY);
    words.insert(words.end(), start.arguments.begin(), start.arguments.end());
    auto environment = environment_with(std::move(start.environment));
    const int code = posix_spawnp(&pid_, words.front().c_str(), &files, nullptr,
                                  pointers_to(words).data(), pointers_to(environment).data());
    if (code != 0) {
        pid_ = -1;
        ADD_FAILURE() << "cannot start " << words.front() << ": error " << code;
    }
    posix_spawn_file_actions_destroy(&files);
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
}

bool LiveProcess::fill(milliseconds timeout) {
    pollfd waits{from_, POLLIN, 0};
    if (from_ < 0 || poll(&waits, 1, static_cast<int>(timeout.count())) <= 0) return false;
    char buffer[4096];
    const auto got = ::read(from_, buffer, sizeof buffer);
    if (got <= 0) return false;
    read_.append(buffer, static_cast<std::size_t>(got));
    return true;
}

std::string LiveProcess::line(milliseconds timeout) {
    auto end = read_.find('\n');
    while (end == std::string::npos) {
        if (!fill(timeout)) return {};
        end = read_.find('\n');
    }
    const std::string line = read_.substr(0, end);
    read_.erase(0, end + 1);
    return line;
}

std::string LiveProcess::rest() {
    while (fill(std::chrono::minutes(3))) {
    }
    return std::exchange(read_, {});
}

void LiveProcess::send(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
}

void LiveProcess::kill() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    for (int* file : {&to_, &from_}) {
        if (*file >= 0) ::close(std::exchange(*file, -1));
    }
}

std::optional<int> LiveProcess::ended() {
    int status = 0;
    if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    return ended_;
}

std::optional<int> LiveProcess::stop(milliseconds deadline) {
    if (to_ >= 0) ::close(std::exchange(to_, -1));
    (void)eventually(deadline, [&] { return ended().has_value(); });
    kill();
    if (ended_ && *ended_ < 0) return std::nullopt;
    return ended_;
}

Finished run_rafted(LiveStart start) {
    const LiveDir dir;
    start.errors_to = dir / "err";
    LiveProcess process(std::move(start));
    Finished finished;
    finished.out = process.rest();
    finished.code = process.stop();
    std::ostringstream text;
    text << std::ifstream(dir / "err").rdbuf();
    finished.err = text.str();
    return finished;
}

LiveCluster::LiveCluster(Options options) : options_(std::move(options)) {
    for (std::size_t i = 0; i < options_.nodes; ++i) add();
}

std::string LiveCluster::dir(std::size_t number) const {
    const std::string& below = options_.below.empty() ? dir_.path() : options_.below;
    return below + "/node" + std::to_string(number);
}

std::string LiveCluster::log(std::size_t number) const {
    return dir_ / ("node" + std::to_string(number) + ".log");
}

std::vector<std::string> LiveCluster::addresses() const {
    std::vector<std::string> all;
    for (const LiveNode& node : nodes_) {
        if (node.process) all.push_back(node.address);
    }
    return all;
}

void LiveCluster::start(std::size_t number, std::vector<std::string> how) {
    LiveNode& node = nodes_[number];
    std::vector<std::string> arguments{"demo-node", "--listen", node.address};
    if (options_.durable) {
        arguments.emplace_back("--dir");
        arguments.push_back(dir(number));
    }
    arguments.insert(arguments.end(), how.begin(), how.end());
    LiveStart start{std::move(arguments), log(number)};
    if (options_.environment) start.environment = options_.environment(number, dir(number));
    node.process.emplace(std::move(start));
    const std::string open = node.process->line();
    ASSERT_TRUE(open.starts_with("node ")) << "node " << number << " said '" << open << "'";
    node.id = NodeId(std::stoull(open.substr(5, 16), nullptr, 16));
    node.address = open.substr(22);
    ASSERT_EQ(node.process->line(), "member") << "node " << number;
}

std::size_t LiveCluster::add() {
    std::string known;
    for (const std::string& address : addresses()) known += (known.empty() ? "" : ",") + address;
    const std::size_t number = nodes_.size();
    nodes_.emplace_back();
    if (known.empty()) {
        start(number, {"--create"});
    } else {
        start(number, {"--join", known});
    }
    return number;
}

void LiveCluster::restart(std::size_t number, bool elsewhere) {
    nodes_[number].process.reset();
    if (elsewhere) nodes_[number].address = "127.0.0.1:0";
    start(number, {});
}

std::optional<int> LiveCluster::stop(std::size_t number) {
    const auto code = nodes_[number].process->stop();
    nodes_[number].process.reset();
    return code;
}

Group<Queue> LiveCluster::group() const {
    auto client = Client::open({addresses(), std::nullopt});
    EXPECT_TRUE(client);
    return client->group<Queue>(app::demo::group_name);
}

Group<Queue> LiveCluster::group_at(std::size_t number) const {
    auto client = Client::open({{address(number)}, std::nullopt});
    EXPECT_TRUE(client);
    return client->group<Queue>(app::demo::group_name);
}

Result<Status> LiveCluster::status(std::size_t number) const {
    if (!observer_) {
        auto client = Client::open({{address(number)}, std::nullopt});
        if (!client) return std::unexpected(client.error());
        observer_.emplace(std::move(*client));
    }
    return observer_->status(address(number), app::demo::group_name, milliseconds(500));
}

std::optional<std::size_t> LiveCluster::leader(Term above, milliseconds timeout) const {
    std::optional<std::size_t> found;
    (void)eventually(timeout, [&] {
        for (std::size_t i = 0; i < nodes_.size() && !found; ++i) {
            if (!runs(i)) continue;
            const auto said = status(i);
            const bool leads = said && said->role == Role::leader && said->current_term > above;
            if (leads) found = i;
        }
        return found.has_value();
    });
    return found;
}

Term LiveCluster::term(std::size_t number) const {
    const auto said = status(number);
    return said ? said->current_term : Term();
}

bool LiveCluster::await_equal(milliseconds timeout) const {
    return eventually(timeout, [&] {
        std::optional<Index> applied;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!runs(i)) continue;
            const auto said = status(i);
            if (!said || said->applied != said->last) return false;
            if (applied && *applied != said->applied) return false;
            applied = said->applied;
        }
        return applied.has_value();
    });
}

}  // namespace rafted::test
