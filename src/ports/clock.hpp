// The port to time: a steady clock for the protocol and a wall clock for log time.
//   1. steady() never goes back; it may stand still.
//   2. wall() may jump; only log time and log lines use it.
#pragma once

#include "core/time.hpp"

namespace rafted::ports {

class Clock {
public:
    virtual ~Clock() = default;
    virtual core::Time steady() = 0;
    virtual core::LogTime wall() = 0;
};

}  // namespace rafted::ports
