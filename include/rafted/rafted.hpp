// Everything a program that replicates a value needs.
#pragma once

#include "rafted/client.hpp"
#include "rafted/config.hpp"
#include "rafted/data.hpp"
#include "rafted/group.hpp"
#include "rafted/hooks.hpp"
#include "rafted/ids.hpp"
#include "rafted/local_network.hpp"
#include "rafted/node.hpp"
#include "rafted/result.hpp"
#include "rafted/status.hpp"
