// Calls that would change the disk behind the layer's back. Whoever makes one has outgrown the
// layer: the process ends and names the call, instead of a test that proves nothing. Not all of
// them: mmap is not watched.
#include <fcntl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <string>

#include "disk.hpp"
#include "real.hpp"

namespace rafted::faults {
namespace {

void refuse(const char* call, int number) {
    if (disk() != nullptr && disk()->has(number)) {
        give_up(std::string("the layer does not know ") + call);
    }
}

void refuse(const char* call, const char* path) {
    if (disk() != nullptr && disk()->has(path)) {
        give_up(std::string("the layer does not know ") + call + " of " + path);
    }
}

}  // namespace
}  // namespace rafted::faults

using rafted::faults::refuse;
using rafted::faults::real::next;

extern "C" {

ssize_t write(int number, const void* from, size_t bytes) {
    refuse("write", number);
    return rafted::faults::real::write(number, from, bytes);
}

ssize_t writev(int number, const iovec* pieces, int count) {
    refuse("writev", number);
    static const auto call = next<ssize_t(int, const iovec*, int)>("writev");
    return call(number, pieces, count);
}

ssize_t pwrite(int number, const void* from, size_t bytes, off_t offset) {
    refuse("pwrite", number);
    return rafted::faults::real::pwrite(number, from, bytes, offset);
}

int ftruncate(int number, off_t size) noexcept {
    refuse("ftruncate", number);
    return rafted::faults::real::ftruncate(number, size);
}

int fallocate(int number, int mode, off_t offset, off_t bytes) {
    refuse("fallocate", number);
    static const auto call = next<int(int, int, off_t, off_t)>("fallocate");
    return call(number, mode, offset, bytes);
}

int posix_fallocate(int number, off_t offset, off_t bytes) {
    refuse("posix_fallocate", number);
    static const auto call = next<int(int, off_t, off_t)>("posix_fallocate");
    return call(number, offset, bytes);
}

int truncate(const char* path, off_t size) noexcept {
    refuse("truncate", path);
    static const auto call = next<int(const char*, off_t)>("truncate");
    return call(path, size);
}

int link(const char* from, const char* to) noexcept {
    refuse("link", from);
    return rafted::faults::real::link(from, to);
}

int rmdir(const char* path) noexcept {
    refuse("rmdir", path);
    return rafted::faults::real::rmdir(path);
}
}
