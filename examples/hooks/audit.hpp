// A ledger, and the hook that keeps an audit of it outside: each payment exactly once, in order,
// whoever leads. The audit file is the hook's only memory: what is in it is not written again.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>

#include "rafted/rafted.hpp"

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

/// Zeros if there is no whole line.
inline Line line_at(int file, off_t offset) {
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
