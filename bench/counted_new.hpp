// Counts how often operator new is asked by this thread: for the one file of a program that
// includes this. Not what is asked of malloc past it, as C libraries do.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

namespace rafted::bench {

inline thread_local std::uint64_t allocations = 0;

inline void* counted(std::size_t size) {
    ++allocations;
    void* const memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace rafted::bench

void* operator new(std::size_t size) { return rafted::bench::counted(size); }
void* operator new[](std::size_t size) { return rafted::bench::counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
