// The calls that the layer takes in place of the system's, for a process that loads it first
// (LD_PRELOAD). All that is not on the disk of Orders::dir goes through as it came.
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <string>
#include <thread>

#include "disk.hpp"
#include "real.hpp"

namespace rafted::faults {
namespace {

sem_t power_switch;

void on_signal(int) { sem_post(&power_switch); }

/// The signal may come while a call is under way; the power goes when it is done.
void wait_for_the_signal() {
    sem_init(&power_switch, 0, 0);
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    std::thread([] {
        while (sem_wait(&power_switch) != 0) {
        }
        disk()->lose_power_now();
    }).detach();
}

/// Never destroyed: other threads may write to the end.
Disk* make() {
    const Orders orders = Orders::from_environment();
    return orders.dir.empty() ? nullptr : new Disk(orders);
}

__attribute__((constructor)) void begin() {
    if (disk() != nullptr && Orders::from_environment().on_signal) wait_for_the_signal();
}

__attribute__((destructor)) void end() {
    if (disk() != nullptr) std::fprintf(stderr, "faults: %s\n", disk()->figures().c_str());
}

Disk* disk_of(const char* path) {
    Disk* const ours = disk();
    return ours != nullptr && ours->has(path) ? ours : nullptr;
}

}  // namespace

Disk* disk() {
    static Disk* const ours = make();
    return ours;
}

}  // namespace rafted::faults

namespace real = rafted::faults::real;
using rafted::faults::disk;
using rafted::faults::disk_of;

extern "C" {

int open(const char* path, int flags, ...) {
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    auto* const ours = disk_of(path);
    return ours != nullptr ? ours->open(path, flags, mode) : real::open(path, flags, mode);
}

int close(int number) { return disk() != nullptr ? disk()->close(number) : real::close(number); }

ssize_t pread(int number, void* into, size_t bytes, off_t offset) {
    return disk() != nullptr ? disk()->pread(number, into, bytes, offset)
                             : real::pread(number, into, bytes, offset);
}

ssize_t pwritev(int number, const iovec* pieces, int count, off_t offset) {
    return disk() != nullptr ? disk()->pwritev(number, pieces, count, offset)
                             : real::pwritev(number, pieces, count, offset);
}

int fdatasync(int number) { return disk() != nullptr ? disk()->sync(number) : real::fsync(number); }

int fsync(int number) { return disk() != nullptr ? disk()->sync(number) : real::fsync(number); }

int rename(const char* from, const char* to) noexcept {
    auto* const ours = disk_of(from);
    return ours != nullptr ? ours->rename(from, to) : real::rename(from, to);
}

int unlink(const char* path) noexcept {
    auto* const ours = disk_of(path);
    return ours != nullptr ? ours->unlink(path) : real::unlink(path);
}

int mkdir(const char* path, mode_t mode) noexcept {
    auto* const ours = disk_of(path);
    return ours != nullptr ? ours->mkdir(path, mode) : real::mkdir(path, mode);
}
}
