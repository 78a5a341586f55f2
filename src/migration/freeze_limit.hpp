// How long a source without the control protocol may stand still before its copy may start.
#pragma once
#include <algorithm>

#include "ms2m/request.hpp"

namespace ms2m {

/// ms2m gives up what it waits for while the source is frozen.
inline Millis frozen_work(const MigrationRequest& request) { return std::min(2 * request.dead_man, Millis{30000}); }
/// From then on the node itself thaws the source, whatever has become of ms2m: later, so that ms2m is done by then.
inline Millis freeze_limit(const MigrationRequest& request) {
  return std::min(request.dead_man * 8 / 3, Millis{40000});
}

}  // namespace ms2m
