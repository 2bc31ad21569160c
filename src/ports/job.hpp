// What is to be done once, later or elsewhere. Moves only, so that what it holds need not be
// copyable, and small ones take no memory of their own.
#pragma once

#include <functional>

namespace rafted::ports {

using Job = std::move_only_function<void()>;

}  // namespace rafted::ports
