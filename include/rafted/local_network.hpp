// A network inside one process: its nodes speak to each other without sockets, for tests of one's
// own and for programs that run several members themselves. Nobody else reaches them.
//
//   auto network = rafted::make_local_network();
//   rafted::NodeConfig config;
//   config.local_network = network;
//   config.listen = "a";  // any name; left alone, one is made up
#pragma once

#include <memory>

namespace rafted {

/// Where the nodes meet that were given it (NodeConfig::local_network). It lives as long as one of
/// them.
class LocalNetwork;

std::shared_ptr<LocalNetwork> make_local_network();

}  // namespace rafted
