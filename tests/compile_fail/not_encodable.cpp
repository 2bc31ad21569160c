// expect: rafted: this type cannot be encoded
#include "rafted/group.hpp"
#include "rafted/typed.hpp"

struct Enqueue {
    int item = 0;
};
struct Dequeue {};
struct Length {};

void use(int* pointer) { static_cast<void>(rafted::encode(pointer)); }
