#include "orders.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "real.hpp"

namespace rafted::faults {
namespace {

constexpr std::array<const char*, kinds> kind_names{"open",    "read",   "write",  "sync",
                                                    "syncdir", "rename", "unlink", "mkdir"};
constexpr std::array<const char*, 4> loss_names{"all", "sectors", "torn", "none"};
constexpr std::array<std::pair<const char*, int>, 6> reasons{{{"EIO", EIO},
                                                              {"ENOSPC", ENOSPC},
                                                              {"EDQUOT", EDQUOT},
                                                              {"EROFS", EROFS},
                                                              {"EACCES", EACCES},
                                                              {"EMFILE", EMFILE}}};

std::uint64_t number(const std::string& text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end) give_up("'" + text + "' is no number");
    return value;
}

template <std::size_t n>
std::size_t place_in(const std::array<const char*, n>& names, const std::string& name) {
    for (std::size_t i = 0; i < n; ++i) {
        if (name == names[i]) return i;
    }
    give_up("unknown name '" + name + "'");
}

Failure failure(const std::string& text) {
    std::istringstream in(text);
    std::string kind, at, reason;
    std::getline(in, kind, ':');
    std::getline(in, at, ':');
    std::getline(in, reason);
    Failure made;
    made.kind = static_cast<Kind>(place_in(kind_names, kind));
    made.and_all_after = at.ends_with('+');
    if (made.and_all_after) at.pop_back();
    made.at = number(at);
    for (const auto& [name, code] : reasons) {
        if (reason == name) made.reason = code;
    }
    if (made.reason == 0) give_up("unknown errno '" + reason + "'");
    return made;
}

void take(Orders& orders, const std::string& word) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "dir")
        orders.dir = value;
    else if (name == "crash-after")
        orders.crash_after = number(value);
    else if (name == "lying-syncs")
        orders.lying_syncs = true;
    else if (name == "on-signal")
        orders.on_signal = true;
    else if (name == "loss")
        orders.loss = static_cast<Loss>(place_in(loss_names, value));
    else if (name == "seed")
        orders.seed = number(value);
    else if (name == "fail")
        orders.failure = failure(value);
    else if (name == "sync-ms")
        orders.sync_ms = static_cast<unsigned>(number(value));
    else if (name == "space")
        orders.space = value;
    else if (name == "arm")
        orders.arm = value;
    else
        give_up("unknown word '" + word + "'");
}

}  // namespace

const char* name_of(Kind kind) { return kind_names[static_cast<std::size_t>(kind)]; }
const char* name_of(Loss loss) { return loss_names[static_cast<std::size_t>(loss)]; }

Orders Orders::from_environment() {
    Orders orders;
    const char* const text = std::getenv("RAFTED_FAULTS");
    std::istringstream in(text == nullptr ? "" : text);
    for (std::string word; in >> word;) take(orders, word);
    if (!orders.dir.empty() && orders.dir.front() != '/') give_up("dir= must be absolute");
    return orders;
}

void say(const std::string& what) {
    const std::string line = "faults: " + what + "\n";
    [[maybe_unused]] const auto written = real::write(STDERR_FILENO, line.data(), line.size());
}

void give_up(const std::string& why) {
    say(why);
    std::abort();
}

}  // namespace rafted::faults
