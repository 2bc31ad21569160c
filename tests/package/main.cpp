// A program outside the tree that uses nothing but the installed package.
#include <rafted/bytes.hpp>
#include <rafted/config.hpp>
#include <rafted/result.hpp>

#include <cstdio>

int main() {
    const rafted::Error error{rafted::ErrorCode::timeout, "nobody answered", std::nullopt};
    std::puts(rafted::to_string(error).c_str());
    return rafted::outcome_of(error) == rafted::Outcome::unknown ? 0 : 1;
}
