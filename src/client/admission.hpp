// One of the calls that a handle allows at once: from the moment it is asked for, on any thread,
// until it is answered. So a flood is refused where it is made, not behind what it has piled up.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "rafted/result.hpp"

namespace rafted::client {

/// Given back with the object.
class Admission {
public:
    Admission() = default;
    /// Any thread. Fails with busy if there are `most` already.
    static Result<Admission> enter(std::atomic<std::size_t>& calls, std::size_t most) {
        if (calls.fetch_add(1) < most) return Admission(calls);
        --calls;
        return fail(ErrorCode::busy, std::to_string(most) + " calls of this handle wait already");
    }

private:
    struct Leave {
        void operator()(std::atomic<std::size_t>* calls) const { --*calls; }
    };
    explicit Admission(std::atomic<std::size_t>& calls) : calls_(&calls) {}
    std::unique_ptr<std::atomic<std::size_t>, Leave> calls_;
};

}  // namespace rafted::client
