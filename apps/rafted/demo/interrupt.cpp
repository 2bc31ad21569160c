#include "demo/interrupt.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace rafted::app::demo {

Interrupt::Interrupt() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_ = signalfd(-1, &signals, SFD_CLOEXEC);
}

Interrupt::~Interrupt() { ::close(signals_); }

bool Interrupt::sleep(std::chrono::milliseconds time) {
    if (come_) return true;
    pollfd waits{signals_, POLLIN, 0};
    come_ = poll(&waits, 1, static_cast<int>(time.count())) > 0;
    return come_;
}

bool Interrupt::wait_for_input(int file) {
    pollfd waits[2] = {{file, POLLIN, 0}, {signals_, POLLIN, 0}};
    if (!come_) (void)poll(waits, 2, -1);
    come_ = come_ || (waits[1].revents & POLLIN) != 0;
    return !come_;
}

}  // namespace rafted::app::demo
