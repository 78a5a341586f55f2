// Which pods leave a node that is emptied. Pure.
#pragma once
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

/// Why the pod stays, or goes by itself: "a DaemonSet's", "being deleted", ...; empty: it can be asked to move.
std::string why_it_stays(const Json& pod);
/// For a node: nothing new is scheduled to it.
Json cordon_patch();

}  // namespace ms2m
