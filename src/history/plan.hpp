// From a history and a model to partitions that can be searched one by one.
//   1. Partitions share no state: keys that one operation touches together stay together.
//   2. A set is only split by its elements if nobody reads it whole.
#pragma once

#include <memory>
#include <vector>

#include "history/objects.hpp"

namespace rafted::history {

struct Plan {
    std::vector<std::unique_ptr<ObjectSteps>> objects;  ///< What the partitions point to.
    std::vector<Partition> partitions;                  ///< Their calls are places in operations.
};

/// Values [key value] in all operations are keys of their own, as Jepsen's independent keys; then
/// they are split into key and value. Returns whether it was so.
bool split_independent_keys(std::vector<Operation>& operations);

/// Fails with invalid if the model does not have an operation of the history.
Result<Plan> plan(const std::vector<Operation>& operations, const ModelChoice& choice);

}  // namespace rafted::history
