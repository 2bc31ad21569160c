// A child process: started, watched line by line, stopped or killed. Not a shell: no parsing.
//   1. It never outlives its owner: the destructor kills and reaps it.
//   2. Its stdin stays open for as long as it may run; closing it asks the child to stop.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "rafted/result.hpp"

namespace rafted::app::demo {

class Process {
public:
    struct Options {
        std::vector<std::string> arguments;  ///< Of this very binary.
        std::string errors_to;               ///< File for its stderr; appended.
    };
    /// Starts another process of this binary. Fails with invalid if the system refuses.
    static Result<Process> start(const Options& options);

    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    /// The next line of its stdout. Fails with timeout, or stopped if it has ended.
    Result<std::string> line(std::chrono::milliseconds timeout);
    /// SIGKILL, and waits until it is gone.
    void kill();
    /// Closes its stdin and waits; SIGKILL after the deadline. Returns whether it ended by itself
    /// and with code 0.
    bool stop(std::chrono::milliseconds deadline);
    /// False once it has ended.
    bool runs();
    pid_t pid() const { return pid_; }

private:
    Process() = default;
    void close_pipes();
    bool reap(std::chrono::milliseconds deadline);

    pid_t pid_ = -1;
    int to_ = -1;
    int from_ = -1;
    std::string read_;
    std::optional<int> status_;
};

}  // namespace rafted::app::demo
