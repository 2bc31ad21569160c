#include "demo/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace rafted::app::demo {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::unexpected<Error> system_error(const std::string& what, int code) {
    return fail(ErrorCode::invalid, what + ": " + std::strerror(code));
}

/// The spawn functions' own resources, freed on every path.
struct SpawnPlan {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;

    SpawnPlan(int in, int out, const std::string& errors_to) {
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors_to.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0644);
        posix_spawnattr_init(&attributes);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes, &none);
        // A process group of its own: Ctrl-C on the terminal is the parent's business.
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
};

std::vector<char*> pointers_to(std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

Result<Process> Process::start(const Options& options) {
    int in[2];
    int out[2];
    if (pipe2(in, O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
    if (pipe2(out, O_CLOEXEC) != 0) {
        const int code = errno;
        ::close(in[0]);
        ::close(in[1]);
        return system_error("cannot make a pipe", code);
    }
    Process process;
    process.to_ = in[1];
    process.from_ = out[0];
    auto arguments = options.arguments;
    arguments.insert(arguments.begin(), "rafted");
    const SpawnPlan plan(in[0], out[1], options.errors_to);
    const int code = posix_spawn(&process.pid_, "/proc/self/exe", &plan.files, &plan.attributes,
                                 pointers_to(arguments).data(), environ);
    ::close(in[0]);
    ::close(out[1]);
    if (code == 0) return process;
    process.pid_ = -1;
    return system_error("cannot start another process of this binary", code);
}

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
    if (this == &other) return *this;
    kill();
    pid_ = std::exchange(other.pid_, -1);
    to_ = std::exchange(other.to_, -1);
    from_ = std::exchange(other.from_, -1);
    read_ = std::move(other.read_);
    status_ = std::exchange(other.status_, std::nullopt);
    return *this;
}

Process::~Process() { kill(); }

void Process::close_pipes() {
    if (to_ >= 0) ::close(std::exchange(to_, -1));
    if (from_ >= 0) ::close(std::exchange(from_, -1));
}

Result<std::string> Process::line(milliseconds timeout) {
    const auto end = Clock::now() + timeout;
    while (true) {
        if (const auto at = read_.find('\n'); at != std::string::npos) {
            std::string line = read_.substr(0, at);
            read_.erase(0, at + 1);
            return line;
        }
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        if (left <= milliseconds(0)) return fail(ErrorCode::timeout, "the process said nothing");
        pollfd waits{from_, POLLIN, 0};
        if (poll(&waits, 1, static_cast<int>(left.count())) <= 0) continue;
        char buffer[4096];
        const auto got = read(from_, buffer, sizeof buffer);
        if (got <= 0) return fail(ErrorCode::stopped, "the process has ended");
        read_.append(buffer, static_cast<std::size_t>(got));
    }
}

bool Process::reap(milliseconds deadline) {
    const auto end = Clock::now() + deadline;
    while (pid_ > 0 && !status_) {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) == pid_) {
            status_ = status;
        } else if (Clock::now() >= end) {
            return false;
        } else {
            std::this_thread::sleep_for(milliseconds(2));
        }
    }
    return true;
}

bool Process::runs() { return pid_ > 0 && !reap(milliseconds(0)); }

void Process::kill() {
    if (pid_ > 0 && !status_) {
        ::kill(pid_, SIGKILL);
        (void)reap(std::chrono::hours(1));
    }
    close_pipes();
}

bool Process::stop(milliseconds deadline) {
    if (to_ >= 0) ::close(std::exchange(to_, -1));
    const bool ended = reap(deadline);
    kill();
    return ended && status_ && WIFEXITED(*status_) && WEXITSTATUS(*status_) == 0;
}

}  // namespace rafted::app::demo
