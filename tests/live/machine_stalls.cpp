#include "live/machine_stalls.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "live/live_cluster.hpp"

namespace rafted::test {
namespace {

constexpr milliseconds nap{2};
/// A nap and a sync on an idle machine with an ordinary disk stay below.
constexpr double usual_ms = 12;

}  // namespace

MachineStalls::MachineStalls(const std::string& dir) {
    const std::string path = dir + "/stalls";
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) {
        ADD_FAILURE() << "cannot make " << path;
        return;
    }
    thread_ = std::jthread([this, file](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const auto start = LiveClock::now();
            pause_for(nap);
            if (::pwrite(file, "x", 1, 0) != 1 || ::fdatasync(file) != 0) break;
            lost_ = lost_ + std::max(0.0, ms_since(start) - usual_ms);
        }
        ::close(file);
    });
}

}  // namespace rafted::test
