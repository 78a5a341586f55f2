// Init containers whose work is not in a checkpoint: they set up the pod's network, and the copy's is a new one. Pure.
#pragma once
#include "ms2m/json.hpp"

namespace ms2m {

/// By its rights (privileged, or one of the capabilities NET_ADMIN, NET_RAW, ALL), or by the name of a known mesh's
/// container that only looks whether the network is right.
bool sets_up_network(const Json& init_container);

}  // namespace ms2m
