// The system's own calls, past the layer: what the layer itself uses, and hands on to.
#pragma once

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace rafted::faults::real {

template <class F>
F* next(const char* name) {
    return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

inline int open(const char* path, int flags, mode_t mode) {
    static const auto call = next<int(const char*, int, ...)>("open");
    return call(path, flags, mode);
}
inline int close(int number) {
    static const auto call = next<int(int)>("close");
    return call(number);
}
inline ssize_t pread(int number, void* into, size_t bytes, off_t offset) {
    static const auto call = next<ssize_t(int, void*, size_t, off_t)>("pread");
    return call(number, into, bytes, offset);
}
inline ssize_t pwrite(int number, const void* from, size_t bytes, off_t offset) {
    static const auto call = next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
    return call(number, from, bytes, offset);
}
inline ssize_t pwritev(int number, const iovec* pieces, int count, off_t offset) {
    static const auto call = next<ssize_t(int, const iovec*, int, off_t)>("pwritev");
    return call(number, pieces, count, offset);
}
inline ssize_t write(int number, const void* from, size_t bytes) {
    static const auto call = next<ssize_t(int, const void*, size_t)>("write");
    return call(number, from, bytes);
}
inline int fsync(int number) {
    static const auto call = next<int(int)>("fsync");
    return call(number);
}
inline int ftruncate(int number, off_t size) {
    static const auto call = next<int(int, off_t)>("ftruncate");
    return call(number, size);
}
inline int rename(const char* from, const char* to) {
    static const auto call = next<int(const char*, const char*)>("rename");
    return call(from, to);
}
inline int link(const char* from, const char* to) {
    static const auto call = next<int(const char*, const char*)>("link");
    return call(from, to);
}
inline int unlink(const char* path) {
    static const auto call = next<int(const char*)>("unlink");
    return call(path);
}
inline int rmdir(const char* path) {
    static const auto call = next<int(const char*)>("rmdir");
    return call(path);
}
inline int mkdir(const char* path, mode_t mode) {
    static const auto call = next<int(const char*, mode_t)>("mkdir");
    return call(path, mode);
}

}  // namespace rafted::faults::real
