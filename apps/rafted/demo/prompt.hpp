// The demo's prompt: the user's own commands on the cluster that is up.
#pragma once

#include "demo/cluster.hpp"

namespace rafted::app::demo {

/// Reads lines from stdin until quit, the end of input or an interruption.
void prompt(DemoCluster& cluster, Interrupt& interrupt);

}  // namespace rafted::app::demo
